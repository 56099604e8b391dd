using Plumb.Core;
using Plumb.Cost.Detecting;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;
using Xunit;

namespace Plumb.Tests.Cost;

public sealed class CostJudgeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 31, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateOnly Today = new(2026, 3, 31);

    private static SpendTable Table(int days, params (SpendKey Key, Func<int, decimal> Amount)[] series) => new("t.csv", "test", "USD", Today.AddDays(-days), days,
        [.. series.Select(one => new SpendSeries(one.Key, [.. Enumerable.Range(0, days).Select(one.Amount)]))], new HashSet<DateOnly>(), days * series.Length);

    private static CostReport Judge(SpendTable table, CostOptions? options = null) => CostJudge.Judge(table, options ?? new CostOptions(), Now, Now);

    [Fact]
    public void The_sample_has_one_incident_that_goes_on_and_what_it_is_made_of()
    {
        var report = Judge(SampleSpend.Of(Today));
        var finding = Assert.Single(report.Findings);
        Assert.Equal((Outcome.Fail, "Amazon EC2", (DateOnly?)null, Today.AddDays(-3)), (report.Report.Outcome, finding.Service, finding.End, finding.Start));
        Assert.Equal(("444455556666", 216.00m), (finding.Shares[0].Key!.Account, finding.Shares[0].Excess));
        Assert.True(report.Forecast!.With > report.Forecast.Without);
    }

    [Fact]
    public void The_explanation_adds_up_to_the_cent()
    {
        var random = new Random(3);
        for (var run = 0; run < 50; run++)
        {
            var parts = Enumerable.Range(0, random.Next(1, 12)).Select(part => (new SpendKey("EC2", Region: $"r{part}"),
                (Func<int, decimal>)(day => decimal.Round((decimal)random.NextDouble() * (day >= 68 ? 90 : 3), 11)))).ToArray();
            foreach (var finding in Judge(Table(70, parts)).Findings)
            {
                Assert.Equal(decimal.Round(finding.Excess, 2), finding.Shares.Sum(share => share.Excess));
            }
        }
    }

    [Fact]
    public void What_is_unusual_but_cheap_is_not_told_and_not_hidden()
    {
        var table = Table(70, (new SpendKey("S3"), day => day == 69 ? 1.9m : 0.1m));
        var report = Judge(table);
        Assert.Equal((Outcome.Pass, 1), (report.Report.Outcome, report.BelowImpact));
        Assert.Contains(report.Report.BlindSpots, spot => spot.Contains("--min-impact", StringComparison.Ordinal));
        Assert.Equal(EpisodeKind.Spike, Assert.Single(Judge(table, new CostOptions(MinImpact: 1)).Findings).Kind);
    }

    [Fact]
    public void Nothing_and_too_little_are_inconclusive()
    {
        Assert.Equal(Outcome.Inconclusive, Judge(Table(0)).Report.Outcome);
        Assert.Equal(Outcome.Inconclusive, Judge(Table(0) with { FirstDay = default }).Report.Outcome);
        Assert.Equal(Outcome.Inconclusive, Judge(Table(10, (new SpendKey("EC2"), _ => 5))).Report.Outcome);
        Assert.Equal(Outcome.Pass, Judge(Table(30, (new SpendKey("EC2"), _ => 5))).Report.Outcome);
    }

    [Fact]
    public void A_day_that_is_not_complete_is_said_and_not_judged()
    {
        var table = Table(70, (new SpendKey("EC2"), day => day == 69 ? 1 : 20)) with { Estimated = new HashSet<DateOnly> { Today.AddDays(-1) } };
        var report = Judge(table);
        Assert.Equal(Outcome.Pass, report.Report.Outcome);
        Assert.Equal([Today.AddDays(-1)], report.NotJudged);
        Assert.Contains(report.Report.BlindSpots, spot => spot.Contains("2026-03-30", StringComparison.Ordinal));
        Assert.Equal(Outcome.Fail, Judge(table with { Estimated = new HashSet<DateOnly>() }).Report.Outcome);
    }

    [Fact]
    public void Every_estimated_day_is_said_and_none_of_them_is_judged()
    {
        var estimated = Enumerable.Range(1, 3).Select(daysAgo => Today.AddDays(-daysAgo)).ToHashSet();
        var table = Table(70, (new SpendKey("EC2"), day => day >= 67 ? 90 : 20)) with { Estimated = estimated };
        var report = Judge(table);
        Assert.Equal((Outcome.Pass, 67), (report.Report.Outcome, report.JudgedDays));
        Assert.Equal(estimated.Order(), report.NotJudged);
        Assert.Contains(report.Report.BlindSpots, spot => spot.Contains("2026-03-28 to 2026-03-30", StringComparison.Ordinal));
        var asked = Judge(table, new CostOptions(JudgeEstimates: true));
        Assert.Equal((Outcome.Fail, 69), (asked.Report.Outcome, asked.JudgedDays));
        Assert.Contains(asked.Report.BlindSpots, spot => spot.Contains("2 judged days are estimates", StringComparison.Ordinal));
    }

    [Fact]
    public void A_month_of_nothing_but_estimates_is_no_pass()
    {
        var table = Table(90, (new SpendKey("EC2"), day => day >= 70 ? 90 : 20)) with { Estimated = Enumerable.Range(1, 30).Select(daysAgo => Today.AddDays(-daysAgo)).ToHashSet() };
        var report = Judge(table);
        Assert.Equal(Outcome.Inconclusive, report.Report.Outcome);
        Assert.Contains("--judge-estimates", report.Report.Decision, StringComparison.Ordinal);
        Assert.Equal((new DateOnly(2026, 3, 1), (10 * 20m) + (19 * 90)), (report.Forecast!.Month, report.Forecast.SoFar));
        Assert.Equal(EpisodeKind.Step, Assert.Single(Judge(table, new CostOptions(JudgeEstimates: true)).Findings).Kind);
    }

    [Fact]
    public void An_estimated_day_between_final_ones_neither_alarms_nor_teaches()
    {
        var table = Table(70, (new SpendKey("EC2"), day => day is 40 or 41 or 42 ? 500 : 20)) with { Estimated = new[] { 40, 41, 42 }.Select(day => Today.AddDays(day - 70)).ToHashSet() };
        var report = Judge(table);
        Assert.Equal((Outcome.Pass, 3), (report.Report.Outcome, report.NotJudged.Count));
        Assert.All(report.Services[0].Expected.Skip(43), expected => Assert.Equal(20, expected!.Amount, 0.01));
        Assert.Equal(Outcome.Fail, Judge(table with { Estimated = new HashSet<DateOnly>() }).Report.Outcome);
    }

    [Fact]
    public void A_restated_day_is_judged_anew()
    {
        decimal[] amounts = [.. Enumerable.Repeat(20m, 70)];
        amounts[60] = 90;
        Assert.Single(Judge(Table(70, (new SpendKey("EC2"), day => amounts[day]))).Findings);
        amounts[60] = 20;
        Assert.Empty(Judge(Table(70, (new SpendKey("EC2"), day => amounts[day]))).Findings);
    }

    [Fact]
    public void The_same_incident_is_the_same_finding_on_the_next_day_and_another_is_another()
    {
        static decimal amount(int day) => day is 50 or >= 68 ? 90 : 20;
        var today = Judge(Table(70, (new SpendKey("EC2"), amount)));
        var tomorrow = CostJudge.Judge(Table(70, (new SpendKey("EC2"), amount)) with { Days = 69, Series = [new(new SpendKey("EC2"), [.. Enumerable.Range(0, 69).Select(amount)])] }, new CostOptions(), Now, Now);
        Assert.Equal(2, today.Findings.Select(finding => finding.Finding.Id).Distinct().Count());
        Assert.Equal(today.Findings.Select(finding => finding.Finding.Id).Order(), tomorrow.Findings.Select(finding => finding.Finding.Id).Order());
    }

    [Fact]
    public void Recent_days_leave_out_what_ended_before()
    {
        var table = Table(70, (new SpendKey("EC2"), day => day == 50 ? 90 : 20));
        Assert.Single(Judge(table, new CostOptions(RecentDays: 20)).Findings);
        Assert.Empty(Judge(table, new CostOptions(RecentDays: 19)).Findings);
    }
}
