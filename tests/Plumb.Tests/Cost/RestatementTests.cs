using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Cost;

public sealed class RestatementTests
{
    private const int Days = 70;
    private static readonly DateTimeOffset Now = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateOnly Today = new(2026, 3, 31);

    private static SpendTable Bill(params (int Day, decimal Amount)[] unusual)
    {
        decimal[] amounts = [.. Enumerable.Repeat(20m, Days)];
        foreach (var (day, amount) in unusual)
        {
            amounts[day] = amount;
        }
        return new SpendTable("bill.csv", "test", "USD", Today.AddDays(-Days), Days, [new SpendSeries(new SpendKey("EC2"), amounts)], new HashSet<DateOnly>(), Days);
    }

    private static CostReport Judge(SpendTable table) => CostJudge.Judge(table, new CostOptions(), Now, Now);

    private static Restatement Between(SpendTable before, SpendTable after) =>
        Restatement.Of(Now.AddDays(-1), [.. Restatement.Seen(before, Judge(before), Days)], Judge(before).Report.Findings, after, Judge(after));

    [Fact]
    public void A_day_that_was_restated_is_said_with_both_amounts_and_its_finding_is_closed()
    {
        var restatement = Between(Bill((60, 90)), Bill((60, 21.5m)));
        Assert.Equal(new RestatedDay(Today.AddDays(60 - Days), "EC2", 90, 21.5m), Assert.Single(restatement.Days));
        Assert.Equal("restated: 2026-03-21 is 21.50 USD now and was 90.00 USD", Assert.Single(restatement.Closed).Because);
    }

    [Fact]
    public void A_restated_day_that_is_unusual_still_keeps_its_finding()
    {
        var restatement = Between(Bill((60, 90)), Bill((60, 80)));
        Assert.Single(restatement.Days);
        Assert.Empty(restatement.Closed);
    }

    [Fact]
    public void A_finding_is_not_closed_because_its_days_are_not_judged_this_time_or_only_large_ones_are_asked_for()
    {
        var (before, after) = (Bill((66, 90)), Bill((66, 89)));
        var seen = Restatement.Seen(before, Judge(before), Days).ToArray();
        var findings = Judge(before).Report.Findings;
        var estimated = after with { Estimated = new[] { 66, 67, 68, 69 }.Select(day => Today.AddDays(day - Days)).ToHashSet() };
        Assert.Empty(Restatement.Of(Now, seen, findings, estimated, Judge(estimated)).Closed);
        var large = CostJudge.Judge(after, new CostOptions(MinImpact: 500), Now, Now);
        Assert.Empty(large.Findings);
        Assert.Empty(Restatement.Of(Now, seen, findings, after, large).Closed);
    }

    [Fact]
    public void A_service_that_was_taken_off_a_day_is_restated_to_nothing()
    {
        var before = Bill();
        var after = before with { Series = [] };
        Assert.All(Between(before, after).Days, day => Assert.Equal((20m, 0m), (day.Before, day.Now)));
    }

    [Fact]
    public void Nothing_is_restated_when_the_bill_only_grew_longer()
    {
        var (before, after) = (Bill((60, 90)), Bill((60, 90)));
        before = before with { Days = Days - 1, Series = [new(before.Series[0].Key, before.Series[0].Amounts[..^1])] };
        var restatement = Between(before, after);
        Assert.Empty(restatement.Days);
        Assert.Empty(restatement.Closed);
    }

    [Fact]
    public void What_was_seen_comes_back_from_the_store_to_the_last_decimal_and_a_closed_finding_opens_when_it_is_seen_again()
    {
        using var directory = new TemporaryDirectory();
        using var store = StateStore.Open(new PlumbHome(directory.Path)).Value!;
        SeenAmount[] seen = [new(Today, "EC2", 0.10000000001m), new(Today, "S3", -3m)];
        store.SeenSpend.Save("one", Now, [new SeenAmount(Today, "EC2", 1)]);
        store.SeenSpend.Save("one", Now, seen);
        Assert.Equal(seen, store.SeenSpend.Last("one")!.Value.Amounts);
        Assert.Null(store.SeenSpend.Last("two"));

        var report = Judge(Bill((60, 90))).Report;
        store.Findings.Save(report);
        store.Findings.Close(report.Findings[0].Id, "restated");
        Assert.Empty(store.Findings.Open("cost", 10));
        Assert.Equal("restated", store.Findings.Newest(1)[0].ClosedBecause);
        store.Findings.Save(report);
        Assert.Null(Assert.Single(store.Findings.Open("cost", 10)).ClosedBecause);
    }

    [Fact]
    public void Bills_that_nobody_looks_at_are_forgotten()
    {
        using var directory = new TemporaryDirectory();
        using var store = StateStore.Open(new PlumbHome(directory.Path)).Value!;
        for (var bill = 0; bill <= SeenSpend.MaxSources; bill++)
        {
            store.SeenSpend.Save($"{bill}", Now.AddMinutes(bill), [new SeenAmount(Today, "EC2", 1)]);
        }
        Assert.Null(store.SeenSpend.Last("0"));
        Assert.Equal(SeenSpend.MaxSources, Enumerable.Range(0, SeenSpend.MaxSources + 1).Count(bill => store.SeenSpend.Last($"{bill}") is not null));
    }
}
