using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Filters;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Commands.Trace;

internal sealed class Explain : CliCommand
{
    private readonly Argument<string> _id = new("recording") { Description = "its id, the first digits of it, or the path of a recording's file" };

    public override string Name => "explain";

    public override string Summary => "say which failed call came before the end of a recorded container";

    public override string Description =>
        "Reads a saved recording backwards from each bad end: which file was missing or refused, which address refused or timed out, how long before the end, and how often. It says what came before, not that it was the cause.";

    public override IReadOnlyList<Example> Examples => [new("plumb trace explain 6819", "the recording whose id begins so"), new("plumb trace explain 6819 -o json", "with the calls, for a machine")];

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Calls;

    public override IReadOnlyList<Argument> Arguments => [_id];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var found = RecordingPlace.Of(call.Home).Store.Find(call.Get(_id)!);
        if (!found.IsOk)
        {
            return Task.FromResult(call.Fail(found.Problem));
        }
        var isText = call.Format == OutputFormat.Text;
        if (isText)
        {
            call.Terminal.Line(RecordingText.Line(found.Value.Info, call.Time.GetUtcNow()));
        }
        var calls = RecordingText.Decode(found.Value).Select(entry => entry.Call).OfType<DecodedCall>().ToList();
        var info = found.Value.Info;
        var explained = Explanation.Read(calls, ProcessEnd.Of(info) is { } end ? [end] : [], info.Origin);
        new TraceOutput(call.Terminal, info.Origin, call.Format, [info.Container], new TraceView(CallFilter.All, Privacy.Default, Statistics: false), hasEnd: false).Explain(explained);
        if (isText && explained.Suspects.Count == 0 && info.Reason == SaveReason.Exit)
        {
            call.Terminal.Line($"The reason is not in the calls; what the program itself said may have it: kubectl logs {info.Container.Pod} -n {info.Container.Namespace} -c {info.Container.Name} (--previous after a restart)");
        }
        return Task.FromResult(ExitCode.Pass);
    }
}
