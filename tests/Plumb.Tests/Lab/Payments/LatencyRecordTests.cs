using FsCheck;
using FsCheck.Fluent;
using Plumb.Lab.Payments.Services;
using Xunit;

namespace Plumb.Tests.Lab.Payments;

public sealed class LatencyRecordTests
{
    [Fact]
    public void Without_values_there_is_no_quantile()
    {
        Assert.Null(new LatencyRecord().Quantile(0.99));
    }

    [Fact]
    public void A_quantile_is_within_two_per_cent_above_the_exact_one()
    {
        var latencies = Gen.Choose(1, 60_000_000).Select(micro => micro / 1000.0).NonEmptyListOf();
        Prop.ForAll(Arb.From(latencies), Arb.From(Gen.Choose(1, 100)), (values, percent) =>
        {
            var record = new LatencyRecord();
            foreach (var ms in values)
            {
                record.Add(TimeSpan.FromMilliseconds(ms));
            }

            var sorted = values.Order().ToList();
            var exact = sorted[(int)Math.Max(1, Math.Ceiling(percent / 100.0 * sorted.Count)) - 1];
            var found = record.Quantile(percent / 100.0)!.Value;
            return found >= Math.Min(exact, 0.01) - 0.001 && found >= exact - 0.001 && found <= (Math.Max(exact, 0.01) * 1.021) + 0.001;
        }).QuickCheckThrowOnFailure();
    }
}
