using System.CommandLine;
using System.Text;
using Plumb.Cli.Framework;
using Plumb.Cli.Logs;
using Plumb.Core;
using Plumb.Logs.Correlating;

namespace Plumb.Cli.Commands.Logs;

internal sealed class Correlate : CliCommand
{
    private readonly Argument<string> _id = new("id") { Description = "a trace id in any spelling: hex, UUID, traceparent, or a word such as pay-abc123" };
    private readonly SourceOptions _sources = new();
    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "then show the request's lines as they are written, until Ctrl-C, also those of pods that come later; with -o json one object a line" };

    public override string Name => "correlate";

    public override string Summary => "show one request's whole path through all services";

    public override string Description =>
        "Finds every line of one request in the logs of all services, in the order of time, with the lines that lost its id. Services are discovered from the "
        + "lines and file names. An id that stands nowhere is inconclusive, never a pass.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb logs correlate pay-abc123 ./logs", "one request in all files of a directory"),
        new("plumb logs correlate 4bf92f3577b34da6a3ce929d0e0e4736 './logs/*.log' -o json", "the same for a machine"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => VerdictExitCodes;

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Report;

    public override IReadOnlyList<Argument> Arguments => [_id, _sources.Files];

    public override IReadOnlyList<Option> Options => [_follow, .. _sources.All];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var startedAt = call.Time.GetUtcNow();
        var id = IdForms.Of(call.Get(_id)!);
        if (!id.IsOk)
        {
            return call.Fail(id.Problem);
        }
        var opened = await _sources.OpenAsync(call, cancellation);
        if (!opened.IsOk)
        {
            return call.Fail(opened.Problem);
        }
        using var sources = opened.Value;
        if (call.Get(_follow))
        {
            if (!_sources.NamesCluster(call))
            {
                return await LogsFollow.RunAsync(call, sources, null, id.Value, cancellation);
            }
            var cluster = _sources.Cluster(call);
            if (!cluster.IsOk)
            {
                return call.Fail(cluster.Problem);
            }
            using var pods = cluster.Value;
            return await LogsFollow.RunAsync(call, sources, new PodStreams(pods.Client, pods.Request, call.Time), id.Value, cancellation);
        }
        var correlation = new Correlator(sources, id.Value, startedAt).Run(cancellation);
        var report = CorrelationJudge.Report(correlation, startedAt, call.Time.GetUtcNow());
        call.Keep(report);
        return call.Answer(report, () => new TimelineText(call.Terminal).Write(report, correlation), () => call.Terminal.Line(Encoding.UTF8.GetString(CorrelationDocument.Utf8(report, correlation, indented: true).Span)));
    }
}
