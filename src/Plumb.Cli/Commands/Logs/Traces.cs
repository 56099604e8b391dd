using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Logs;
using Plumb.Core;
using Plumb.Logs;

namespace Plumb.Cli.Commands.Logs;

internal sealed class Traces : CliCommand
{
    private readonly SourceOptions _sources = new();
    private readonly Option<int> _limit = new("--limit") { Description = "requests that are listed one by one, three of each kind (default 20, at most 1000)", DefaultValueFactory = _ => 20, HelpName = "N" };

    private readonly Option<string?> _adopted = new("--adopted") { Description = "write every line that was given to a request, with its confidence, to a file: one JSON object a line", HelpName = "FILE" };

    public override string Name => "traces";

    public override string Summary => "list the requests that lack an event, failed, or lost their id on the way";

    public override string Description =>
        "Reads every line of all services once, learns which path requests usually take, and names the event that a request lacks. Lines that lost their id are given to "
        + "their request where the evidence allows it, with a confidence. Every line and byte is accounted for.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb logs traces ./logs", "all requests in a directory"),
        new("plumb logs traces --from lab", "those of the running lab"),
        new("plumb logs traces ./logs -o sarif", "for a pipeline that reads SARIF"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => VerdictExitCodes;

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Report;

    public override IReadOnlyList<Argument> Arguments => [_sources.Files];

    public override IReadOnlyList<Option> Options => [_limit, _adopted, .. _sources.All];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        if (call.Get(_limit) is < 0 or > TraceSurvey.MostTraces)
        {
            return call.Fail(new Problem($"--limit is a number from 0 to {TraceSurvey.MostTraces}"));
        }
        var startedAt = call.Time.GetUtcNow();
        var opened = await _sources.OpenAsync(call, cancellation);
        if (!opened.IsOk)
        {
            return call.Fail(opened.Problem);
        }
        using var sources = opened.Value;
        var evidence = new TraceSurvey(sources, startedAt).Run(cancellation);
        if (call.Get(_adopted) is { } file && AdoptedFile.Write(file, evidence.Adopted) is { } problem)
        {
            return call.Fail(problem);
        }
        var report = TraceJudge.Report(evidence, startedAt, call.Time.GetUtcNow());
        call.Keep(report);
        return call.Answer(report, () => new TraceText(call.Terminal).Write(report, evidence, call.Get(_limit)), () => call.Terminal.Json(LogsDocument.Of(report, evidence), CoreJson.Indented.JsonObject));
    }
}
