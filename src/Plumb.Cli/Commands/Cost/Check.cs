using System.CommandLine;
using Plumb.Cli.Cost;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Cli.WebConsole;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Cost.Spending;

namespace Plumb.Cli.Commands.Cost;

internal sealed class Check : CliCommand
{
    private readonly CostSourceOptions _source = new();
    private readonly Option<int?> _recent = new("--recent-days") { Description = "tell only what stood within so many days before the newest one", HelpName = "N" };
    private readonly Option<string> _impact = new("--min-impact") { Description = "the least excess of an episode that is told, in the bill's currency (default 5USD)", HelpName = "AMOUNT", DefaultValueFactory = _ => "5USD" };
    private readonly Option<bool> _estimates = new("--judge-estimates") { Description = "judge days that the provider calls estimates too, all but the newest; AWS calls each day of an open month one" };
    private readonly ChangeOptions _changes = new();
    private readonly Option<decimal> _percent = new("--min-percent") { Description = "the same in percent of what was expected (default 10)", HelpName = "PERCENT", DefaultValueFactory = _ => 10 };

    public override string Name => "cost";

    public override string Summary => "check each service's daily spend against its own past";

    public override string Description =>
        "Learns from each service's own last eight weeks what a day of it costs (level, weekday, growth, what comes each month), and tells where the bill does something else: "
        + "spike, step, ramp, drop, a new service, one that stopped. An incident is told once, from its first day until it ends, with what it has cost, what it is made of, and what it does to "
        + "the month's bill. Reads a FOCUS or AWS CUR export as CSV (also gzipped), a CSV with date,service,cost, or AWS Cost Explorer. It changes nothing.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb cost --sample", "see it work, with no account and no file"),
        new("plumb cost --from focus.csv --recent-days 7", "this week in an export"),
        new("plumb cost --from aws -o json", "Cost Explorer (one cent a page), for a machine"),
        new("plumb cost --from focus.csv --context prod", "with the rollouts of a cluster in the hours before"),
        new("plumb cost --from cur.csv.gz --tag team --min-impact 50USD", "split by a tag; nothing below 50 dollars"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes =>
    [
        (0, "pass: every service costs what its own past lets expect"),
        (1, "fail: at least one does not, by more than --min-impact and --min-percent"),
        (2, "error: bad usage, or a bill that could not be read; a part of a bill is not judged"),
        (3, "inconclusive: no rows, less than two weeks of days, or nothing but estimates of late"),
    ];

    public override IReadOnlyList<Option> Options => [.. _source.All, _recent, _impact, _percent, _estimates, .. _changes.All];

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Report;

    public override IReadOnlyList<CommandNode> Members { get; } = [new Backtest(), new Score()];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var startedAt = call.Time.GetUtcNow();
        if (call.Get(_recent) is < 1)
        {
            return call.Fail(new Problem("--recent-days is a number from 1 on"));
        }
        if (call.Get(_percent) < 0)
        {
            return call.Fail(new Problem("--min-percent is not negative"));
        }
        using var source = new CostSource(call, _source.Read(call));
        var table = await source.ReadAsync(cancellation);
        if (!table.IsOk)
        {
            return call.Fail(table.Problem);
        }
        var impact = Impact(call.Get(_impact)!, table.Value);
        if (!impact.IsOk)
        {
            return call.Fail(impact.Problem);
        }
        using var changes = new ChangeSources(call, _changes.Read(call), source.Aws);
        if (changes.Open() is { } notThere)
        {
            return call.Fail(notThere);
        }
        var options = new CostOptions(call.Get(_recent), impact.Value, call.Get(_percent), call.Get(_estimates));
        var now = call.Time.GetUtcNow();
        var report = await changes.AddToAsync(CostJudge.Judge(table.Value, options, startedAt, now), cancellation);
        if (report.Findings.Count > 0 && CostEvidence.Of(table.Value, options, startedAt, now) is { } evidence && EvidenceFiles.Save(call.Home, evidence) is { IsOk: false } notKept)
        {
            call.Terminal.Problem(notKept.Problem!);
        }
        report = SpendMemory.Recall(call, report, source.Bill);
        call.Keep(report.Report);
        if (LastReports.Save(call.Home, LastReports.Cost, CostPage.Of(report)) is { } notShown)
        {
            call.Terminal.Problem(notShown);
        }
        return call.Answer(report.Report, () => new CostText(call.Terminal).Write(report), () => call.Terminal.Json(CostJson.Of(report), CoreJson.Indented.JsonObject));
    }

    private static Result<decimal> Impact(string text, SpendTable table)
    {
        var digits = text.TrimEnd().TakeWhile(letter => char.IsAsciiDigit(letter) || letter == '.').Count();
        var unit = text[digits..].Trim();
        if (digits == 0 || !decimal.TryParse(text[..digits], System.Globalization.CultureInfo.InvariantCulture, out var amount))
        {
            return new Problem($"--min-impact takes an amount like 5USD, not '{text}'");
        }
        // The default is not a demand for dollars.
        return unit.Length > 0 && text != "5USD" && table.Currency is { } currency && !unit.Equals(currency, StringComparison.OrdinalIgnoreCase)
            ? new Problem($"--min-impact is in {unit}, the bill in {currency}", $"Give it in {currency}")
            : amount;
    }
}
