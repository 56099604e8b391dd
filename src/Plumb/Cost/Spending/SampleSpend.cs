namespace Plumb.Cost.Spending;

/// <summary>
/// A small account of ten weeks that ends yesterday: steady services, weekend dips, and a node group that
/// somebody forgot three days ago, which its autoscaler lets grow. Made up, always the same.
/// </summary>
public static class SampleSpend
{
    private const int Days = 70;
    private const int Seed = 20;

    public static SpendTable Of(DateOnly today)
    {
        var first = today.AddDays(-Days);
        var random = new Random(Seed);
        var dates = Enumerable.Range(0, Days).Select(first.AddDays).ToArray();
        decimal[] daily(double level, double noise, double weekend) =>
        [
            .. dates.Select(date => decimal.Round((decimal)(level * (date.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? weekend : 1) * (1 + (noise * ((2 * random.NextDouble()) - 1)))), 2)),
        ];
        var forgotten = new decimal[Days];
        (forgotten[^3], forgotten[^2], forgotten[^1]) = (21.60m, 64.80m, 129.60m);
        SpendSeries[] series =
        [
            new(new("Amazon EC2", "111122223333", "eu-west-1", "BoxUsage:m6i.large"), daily(41, 0.05, 0.65)),
            new(new("Amazon EC2", "111122223333", "eu-west-1", "EBS:VolumeUsage.gp3"), daily(6.4, 0.02, 1)),
            new(new("Amazon EC2", "444455556666", "us-east-1", "BoxUsage:m6i.xlarge"), forgotten),
            new(new("Amazon RDS", "111122223333", "eu-west-1", "InstanceUsage:db.m6g.large"), daily(18.2, 0.03, 1)),
            new(new("Amazon S3", "111122223333", "eu-west-1", "TimedStorage-ByteHrs"), daily(2.1, 0.1, 1)),
            new(new("AmazonCloudWatch", "111122223333", "eu-west-1", "MetricMonitorUsage"), daily(3.3, 0.04, 1)),
        ];
        return new SpendTable("the built-in sample", "sample", "USD", first, Days, series, new HashSet<DateOnly>(), Days * series.Length);
    }
}
