using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Cost.Detecting;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Judging;

/// <summary>Judges a table of daily spend. Pure: the same table, options and moment give the same report.</summary>
public static class CostJudge
{
    public const string Check = "cost";

    /// <summary>Below this there are not two weeks to learn from and a day to judge.</summary>
    public const int FewestDays = Baseline.FewestDays + 1;

    private const decimal CriticalPercent = 100;

    private static readonly string[] BlindSpots =
    [
        "The provider decides which service a charge is billed under: an EC2 line may be snapshots, traffic or an autoscaler, not a machine that you can find.",
        "A level that has been high for all the weeks that were read is this bill's normal; only changes are seen.",
        "Spend reaches the bill about a day late, and may be restated for days: run it again, it judges every day anew.",
        "Money that is wasted evenly, and prices that nobody compares, look like any other steady spend.",
    ];

    public static CostReport Judge(SpendTable table, CostOptions options, DateTimeOffset startedAt, DateTimeOffset now)
    {
        var days = JudgedDays.Of(table, DateOnly.FromDateTime(now.UtcDateTime), options.JudgeEstimates);
        var judged = days.Count;
        var services = table.Services();
        var detections = services.Select(service => EpisodeDetector.Find(Array.ConvertAll(service.Amounts[..judged], amount => (double)amount), table.FirstDay.DayNumber, days.IsSkipped)).ToArray();
        var since = options.RecentDays is { } recent ? judged - recent : 0;
        var ever = services.Zip(detections).SelectMany(one => one.Second.Episodes.Select(episode => (Service: one.First, Detection: one.Second, Episode: episode)))
            .Select(one => (one.Episode, Finding: Finding(table, one.Service, one.Detection, one.Episode, now))).ToArray();
        var all = ever.Where(one => one.Episode.Last >= since).Select(one => one.Finding).ToArray();
        var told = all.Where(finding => IsMaterial(finding, options)).OrderBy(finding => finding.End is null ? 0 : 1).ThenByDescending(finding => Math.Abs(finding.Excess)).ToArray();
        var young = services.Zip(detections).Where(one => Array.FindIndex(one.First.Amounts, amount => amount != 0) is var first && (first < 0 || judged - first < FewestDays)
            && one.Second.Expected.All(expected => expected is null)).Select(one => one.First.Name).ToArray();
        var forecast = judged > 0 ? Forecast(table, services, detections, told, days) : null;
        var isTooLittle = judged < FewestDays || young.Length == services.Count || days.Behind > JudgedDays.MostBehind;
        var outcome = told.Length > 0 ? Outcome.Fail : isTooLittle ? Outcome.Inconclusive : Outcome.Pass;
        var report = new CheckReport(Check, outcome, Summary(outcome, table, services.Count, told, days), startedAt, now, [.. told.Select(finding => finding.Finding)],
            [.. BlindSpots, .. Said(days, young, all.Length - told.Length, options, table)], Decision(outcome, told, days));
        return new CostReport(report, table, told, all.Length - told.Length, forecast, days.Not, young,
            [.. services.Zip(detections).Select(one => new ServiceDays(one.First.Name, one.First.Amounts, one.Second.Expected))])
        {
            JudgedDays = judged,
            // Not what --min-impact leaves out of this one report: a finding is not over because somebody asks for large ones only.
            Standing = ever.Where(one => IsMaterial(one.Finding, options) || IsMaterial(one.Finding, new CostOptions())).Select(one => one.Finding.Finding.Id).ToHashSet(),
        };
    }

    private static bool IsMaterial(CostFinding finding, CostOptions options) =>
        Math.Abs(finding.Excess) >= options.MinImpact && (finding.Percent is not { } percent || Math.Abs(percent) >= options.MinPercent);

    private static CostFinding Finding(SpendTable table, ServiceSpend service, Detection detection, Episode episode, DateTimeOffset now)
    {
        DateOnly day(int index) => table.FirstDay.AddDays(index);
        var days = Enumerable.Range(episode.First, episode.Last - episode.First + 1).ToArray();
        var expected = decimal.Round(episode.Expected.Sum(amount => (decimal)amount), 2);
        var actual = service.Amounts[episode.First..(episode.Last + 1)].Sum();
        var peak = days.MaxBy(index => Math.Abs((double)service.Amounts[index] - episode.Expected[index - episode.First]));
        var (peakExpected, band) = ((decimal)episode.Expected[peak - episode.First], detection.Expected[peak]);
        var plusMinus = band is null ? 0 : (decimal)((band.High - band.Low) / 2);
        var excess = actual - expected;
        decimal? percent = expected < 0.01m ? null : decimal.Round(100 * excess / expected, 1);
        var severity = episode.Kind is EpisodeKind.Drop or EpisodeKind.Stopped ? Severity.Info
            : episode.IsOpen && (percent is null || percent >= CriticalPercent) ? Severity.Critical : Severity.Warning;
        var subject = new Subject("Service", service.Name);
        var until = episode.IsOpen ? "and goes on" : episode.First == episode.Last ? "" : string.Create(CultureInfo.InvariantCulture, $"until {day(episode.Last):yyyy-MM-dd}");
        var summary = string.Create(CultureInfo.InvariantCulture,
            $"{Word(episode.Kind)} {(episode.First == episode.Last && !episode.IsOpen ? "on" : "since")} {day(episode.First):yyyy-MM-dd} {until}").TrimEnd()
            + $": {Money(actual, table)} instead of {Money(expected, table)}{(percent is { } share ? string.Create(CultureInfo.InvariantCulture, $" ({share:+0;-0}%)") : "")}";
        // The start belongs to the fingerprint: another incident of the same service is another finding, and a spike that turns out to be a step is the same.
        var id = Core.Finding.Fingerprint(Check, string.Create(CultureInfo.InvariantCulture, $"episode {day(episode.First):yyyy-MM-dd}"), subject);
        var window = new TimeWindow(At(day(episode.First)), At(day(episode.Last).AddDays(1)));
        var finding = new Finding(id, Word(episode.Kind), severity, subject, summary,
        [
            new Evidence("spend", JsonValue.Create(decimal.Round(actual, 2)), table.Source, now, table.Currency, window),
            new Evidence("expected", JsonValue.Create(expected), $"its own past: {episode.Because}", now, table.Currency, window),
        ]);
        return new CostFinding(finding, service.Name, episode.Kind, day(episode.First), episode.IsOpen ? null : day(episode.Last), day(episode.Last), day(peak), service.Amounts[peak],
            decimal.Round(peakExpected, 2), decimal.Round(plusMinus, 2), expected, actual, excess, percent, episode.Score, episode.Because, Attribution.Of(service, episode, excess), []);
    }

    private static MonthForecast Forecast(SpendTable table, IReadOnlyList<ServiceSpend> services, Detection[] detections, CostFinding[] told, JudgedDays days)
    {
        var (judged, known) = (days.Count, days.Known);
        var last = table.FirstDay.AddDays(known - 1);
        var month = new DateOnly(last.Year, last.Month, 1);
        var (first, left) = (Math.Max(0, month.DayNumber - table.FirstDay.DayNumber), DateTime.DaysInMonth(last.Year, last.Month) - last.Day);
        var (soFar, rest, restWithout, isWhole) = (0m, 0m, 0m, true);
        foreach (var (service, detection) in services.Zip(detections))
        {
            soFar += service.Amounts[first..known].Sum();
            var usual = detection.Ahead.Skip(known - judged).Take(left).Sum(amount => (decimal)amount);
            if (detection.Ahead.Count == 0)
            {
                isWhole = isWhole && left == 0;
                usual = left * service.Amounts[Math.Max(0, known - 7)..known].DefaultIfEmpty().Average();
            }
            var open = told.FirstOrDefault(finding => finding.Service == service.Name && finding.End is null);
            // While it goes on, the days that are left cost as much more than usual as the last days did.
            rest += open is null ? usual : open.Expected < 0.01m ? left * service.Amounts[(judged - 1)..judged].Sum() : usual * LastDays(service, detection, judged);
            restWithout += usual;
        }
        var excess = told.Sum(finding => finding.Start >= month ? finding.Excess : ExcessSince(finding, month, services, detections, table));
        return new MonthForecast(month, decimal.Round(soFar, 2), decimal.Round(soFar + rest, 2), decimal.Round(soFar + restWithout - excess, 2), isWhole && table.FirstDay <= month);
    }

    private static decimal LastDays(ServiceSpend service, Detection detection, int judged)
    {
        var episode = detection.Episodes[^1];
        var days = Math.Min(3, judged - episode.First);
        var expected = episode.Expected.TakeLast(days).Sum(amount => (decimal)amount);
        return expected < 0.01m ? 1 : service.Amounts[(episode.Last + 1 - Math.Min(days, episode.Expected.Count))..(episode.Last + 1)].Sum() / expected;
    }

    /// <summary>The part of an episode's excess that belongs to the month, when it began before it.</summary>
    private static decimal ExcessSince(CostFinding finding, DateOnly month, IReadOnlyList<ServiceSpend> services, Detection[] detections, SpendTable table)
    {
        var at = services.Select((service, index) => (service, index)).First(one => one.service.Name == finding.Service).index;
        var episode = detections[at].Episodes.First(one => table.FirstDay.AddDays(one.First) == finding.Start);
        return Enumerable.Range(episode.First, episode.Last - episode.First + 1).Where(day => table.FirstDay.AddDays(day) >= month)
            .Sum(day => services[at].Amounts[day] - (decimal)episode.Expected[day - episode.First]);
    }

    private static string Summary(Outcome outcome, SpendTable table, int services, CostFinding[] told, JudgedDays days) => outcome switch
    {
        _ when table.Rows == 0 => $"{table.Source} has no row of spend: nothing to judge by",
        Outcome.Inconclusive when days.Count >= FewestDays && days.Behind > JudgedDays.MostBehind => string.Create(CultureInfo.InvariantCulture,
            $"{days.Behind} days that are over are not judged, because {table.Source} calls them estimates; up to {table.FirstDay.AddDays(days.Count - 1):yyyy-MM-dd} {services} services cost what their own past lets expect"),
        Outcome.Inconclusive => $"{days.Count} complete days are too few: the past of a service begins to tell something after {FewestDays - 1}",
        Outcome.Fail => $"{told.Select(finding => finding.Service).Distinct().Count()} of {services} services cost{(told.Length == 1 ? "s" : "")} something else than "
            + $"{(told.Length == 1 ? "its" : "their")} own past lets expect: {Money(told.Sum(finding => finding.Excess), table, sign: true)}",
        _ => $"{services} services cost what their own past lets expect",
    };

    private static IEnumerable<string> Said(JudgedDays days, string[] young, int small, CostOptions options, SpendTable table)
    {
        if (days.Not.Length > 0)
        {
            yield return $"Not judged, because not over or estimates of the provider: {days.NotInWords()}{(options.JudgeEstimates || table.Estimated.Count == 0 ? "" : " (--judge-estimates judges all but the newest)")}.";
        }
        if (days.Estimates > 0)
        {
            yield return $"{days.Estimates} judged days are estimates of the provider; they may be restated.";
        }
        if (young.Length > 0)
        {
            yield return $"Not judged, because younger than {FewestDays} days: {string.Join(", ", young)}.";
        }
        if (small > 0)
        {
            yield return $"{small} unusual episode{(small == 1 ? " is" : "s are")} left out: less than {Money(options.MinImpact, table)} or {options.MinPercent.ToString(CultureInfo.InvariantCulture)}% (--min-impact, --min-percent).";
        }
    }

    private static string Decision(Outcome outcome, CostFinding[] told, JudgedDays days) => outcome switch
    {
        Outcome.Fail => $"Ask what was changed on or before {told.Min(finding => finding.Start):yyyy-MM-dd} (a deployment, an environment, an autoscaler), before looking for "
            + $"{told[0].Service} in the provider's console; then decide whether it is wanted.",
        Outcome.Pass => "Whether the level that counts as normal here is one that you want to pay.",
        _ when days.Count >= FewestDays && days.Behind > JudgedDays.MostBehind => "Whether to judge estimates too (--judge-estimates): a provider may call every day of an open month one, though only cents still move.",
        _ => "Whether to wait for more days, or to give a longer export.",
    };

    internal static string Word(EpisodeKind kind) => kind switch
    {
        EpisodeKind.Spike => "spike",
        EpisodeKind.Step => "step",
        EpisodeKind.Ramp => "ramp",
        EpisodeKind.Drop => "drop",
        EpisodeKind.New => "new",
        _ => "stopped",
    };

    /// <summary>1,234.50 USD</summary>
    public static string Money(decimal amount, SpendTable table, bool sign = false) =>
        (amount.ToString(sign ? "+#,0.00;-#,0.00" : "#,0.00", CultureInfo.InvariantCulture) + " " + table.Currency).TrimEnd();

    private static DateTimeOffset At(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
}
