using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Plumb.Lab.Aws.Cost;

/// <summary>One amount of one day.</summary>
/// <param name="Amount">USD.</param>
internal sealed record BillLine(DateOnly Day, string Service, string Region, string UsageType, string Account, decimal Amount);

/// <summary>
/// What the account costs. The healthy history is a function of the date, so it always reaches up to today; what a scene adds are FOCUS files in
/// a folder, so a scene is undone by taking its file away, and any other cost tool can read the file.
/// </summary>
internal sealed class Bill(string directory)
{
    /// <summary>Cost Explorer shows about 14 months.</summary>
    public const int Days = 427;

    private const int MostFiles = 100;

    /// <summary>The columns of FOCUS 1.0 that a file here has; the last is an own one, as FOCUS wants them named.</summary>
    public const string Header = "BillingAccountId,SubAccountId,ChargePeriodStart,ChargePeriodEnd,ServiceName,RegionId,BilledCost,EffectiveCost,BillingCurrency,x_UsageType";

    private static readonly Usage[] Usages =
    [
        new("Amazon Elastic Compute Cloud - Compute", "BoxUsage:m6i.large", 23.04, 0.92, 0.02),
        new("Amazon Elastic Compute Cloud - Compute", "BoxUsage:t3.medium", 6.99, 0.85, 0.03),
        new("Amazon Elastic Compute Cloud - Compute", "DataTransfer-Out-Bytes", 2.31, 0.75, 0.05),
        new("EC2 - Other", "EBS:VolumeUsage.gp3", 5.26, 1, 0.004),
        new("EC2 - Other", "NatGateway-Hours", 2.16, 1, 0),
        new("EC2 - Other", "EBS:SnapshotUsage", 0.81, 1, 0.01),
        new("Amazon Relational Database Service", "InstanceUsage:db.m6g.large", 15.26, 1, 0.003),
        new("Amazon Relational Database Service", "RDS:GP3-Storage", 1.53, 1, 0.004),
        new("Amazon Simple Storage Service", "TimedStorage-ByteHrs", 1.18, 1, 0.01),
        new("Amazon Simple Storage Service", "Requests-Tier1", 0.21, 0.7, 0.06),
        new("AWS Lambda", "Lambda-GB-Second", 3.12, 0.62, 0.05),
        new("AmazonCloudWatch", "MetricMonitorUsage", 2.4, 1, 0.01),
        new("Amazon Virtual Private Cloud", "VpcEndpoint-Hours", 1.44, 1, 0),
        new("AWS Key Management Service", "KMS-Requests", 0.31, 0.8, 0.05),
        new("AWS Secrets Manager", "AWSSecretsManager-Secrets", 0.05, 1, 0),
    ];

    /// <param name="Weekend">The share that Saturday and Sunday cost of a working day.</param>
    /// <param name="Noise">One standard deviation, as a share.</param>
    private sealed record Usage(string Service, string Type, double PerDay, double Weekend, double Noise);

    /// <summary>The lines of the days from <paramref name="from"/> until before <paramref name="to"/>, as they are known at <paramref name="now"/>.</summary>
    /// <exception cref="InvalidDataException">A file of the folder is no bill.</exception>
    public IEnumerable<BillLine> Lines(DateOnly from, DateOnly to, DateTimeOffset now)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        var elapsed = (decimal)now.UtcDateTime.TimeOfDay.TotalDays;
        var first = today.AddDays(-Days);
        for (var day = from > first ? from : first; day < to && day <= today; day = day.AddDays(1))
        {
            var share = day == today ? elapsed : 1;
            foreach (var usage in Usages)
            {
                yield return new BillLine(day, usage.Service, StandIn.Region, usage.Type, User.Account, Math.Round(Amount(usage, day) * share, 10));
            }
        }
        foreach (var line in Files().Where(line => line.Day >= from && line.Day < to))
        {
            yield return line;
        }
    }

    /// <summary>The lines as a file of the folder.</summary>
    public static string Write(IEnumerable<BillLine> lines)
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (var line in lines)
        {
            text.AppendJoin(',', line.Account, line.Account, Iso(line.Day), Iso(line.Day.AddDays(1)), line.Service, line.Region, Number(line.Amount), Number(line.Amount), "USD", line.UsageType).Append('\n');
        }
        return text.ToString();
    }

    private static decimal Amount(Usage usage, DateOnly day)
    {
        var weekend = day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? usage.Weekend : 1;
        return (decimal)(usage.PerDay * weekend * (1 + (usage.Noise * Normal($"{usage.Type}/{day.DayNumber}"))));
    }

    /// <summary>A number of a nearly normal distribution (Irwin-Hall of 12) that depends on the text only: every run has the same history.</summary>
    private static double Normal(string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        var sum = 0.0;
        for (var i = 0; i < 12; i++)
        {
            sum += BitConverter.ToUInt16(hash, i * 2) / (double)ushort.MaxValue;
        }
        return sum - 6;
    }

    private IEnumerable<BillLine> Files()
    {
        if (!Directory.Exists(directory))
        {
            yield break;
        }
        foreach (var file in Directory.EnumerateFiles(directory, "*.csv").Order(StringComparer.Ordinal).Take(MostFiles))
        {
            var lines = File.ReadAllLines(file);
            if (lines.Length == 0 || lines[0] != Header)
            {
                throw new InvalidDataException($"{file}:1: the header is not that of the lab's bills");
            }
            for (var i = 1; i < lines.Length; i++)
            {
                yield return Read(lines[i]) ?? throw new InvalidDataException($"{file}:{i + 1}: no line of a bill");
            }
        }
    }

    private static BillLine? Read(string line) => line.Split(',') is [_, var account, var start, _, var service, var region, var amount, _, "USD", var usage]
        && start.Length >= 10 && DateOnly.TryParseExact(start[..10], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
        && decimal.TryParse(amount, NumberStyles.Number, CultureInfo.InvariantCulture, out var cost)
            ? new BillLine(day, service, region, usage, account, cost) : null;

    private static string Iso(DateOnly day) => day.ToString("yyyy-MM-dd'T00:00:00Z'", CultureInfo.InvariantCulture);

    private static string Number(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);
}
