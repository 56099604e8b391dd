using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Logs;
using Plumb.Core;
using Plumb.Logs;

namespace Plumb.Cli.Commands.Logs;

internal sealed class Coverage : CliCommand
{
    private readonly SourceOptions _sources = new();
    private readonly Option<double> _least = new("--min") { Description = "the share of error lines in percent that must carry an id in each service (default 100)", DefaultValueFactory = _ => 100, HelpName = "PERCENT" };

    public override string Name => "coverage";

    public override string Summary => "say which services' error lines carry an id, and which statements lose it";

    public override string Description =>
        "Counts for each service the error lines that a search by a request's id would find, and names the statements that write errors without one. Without any error line "
        + "there is nothing to judge by, which is inconclusive.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb logs coverage ./logs", "every service in a directory"),
        new("plumb logs coverage --from lab --min 95", "allow one error line in twenty without an id"),
        new("plumb logs coverage ./logs -o junit", "for a pipeline that reads JUnit XML"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => VerdictExitCodes;

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Report;

    public override IReadOnlyList<Argument> Arguments => [_sources.Files];

    public override IReadOnlyList<Option> Options => [_least, .. _sources.All];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        if (call.Get(_least) is not (>= 0 and <= 100))
        {
            return call.Fail(new Problem("--min is a percentage from 0 to 100"));
        }
        var startedAt = call.Time.GetUtcNow();
        var opened = await _sources.OpenAsync(call, cancellation);
        if (!opened.IsOk)
        {
            return call.Fail(opened.Problem);
        }
        using var sources = opened.Value;
        var evidence = new CoverageSurvey(sources, startedAt).Collect(cancellation);
        var report = CoverageSurvey.Judge(evidence, call.Get(_least) / 100, startedAt, call.Time.GetUtcNow());
        call.Keep(report);
        return call.Answer(report, () => CoverageText.Write(call.Terminal, report, evidence), () => call.Terminal.Json(LogsDocument.Of(report, evidence), CoreJson.Indented.JsonObject));
    }
}
