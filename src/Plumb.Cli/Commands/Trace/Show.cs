using System.CommandLine;
using Plumb.Cli.Framework;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Recorder;

namespace Plumb.Cli.Commands.Trace;

internal sealed class Show : CliCommand
{
    private readonly Argument<string> _id = new("recording") { Description = "its id, the first digits of it, or the path of a recording's file" };
    private readonly Option<int?> _last = new("--last") { Description = $"only the last N calls (1 to {Recording.Capacity})", HelpName = "N" };

    private readonly ViewOptions _view = new();

    public override string Name => "show";

    public override string Summary => "the calls of a saved recording, decoded";

    public override string Description => "Shows a saved recording as 'plumb trace' shows calls as they come. -o json is one document, -o ndjson one call a line; both also with --stats.";

    public override IReadOnlyList<Example> Examples => [new("plumb trace show 6819", "the recording whose id begins so"), new("plumb trace show 6819 --last 20", "its last twenty calls"), new("plumb trace show 6819 -o ndjson", "a call a line, for jq and the like")];

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Calls;

    public override IReadOnlyList<Argument> Arguments => [_id];

    public override IReadOnlyList<Option> Options => [_last, .. _view.All];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var last = call.Get(_last);
        if (last is < 1 or > Recording.Capacity)
        {
            return Task.FromResult(call.Fail(new Problem($"--last is 1 to {Recording.Capacity}: a recording holds no more")));
        }
        // What was read and written is in no saved recording.
        var view = _view.Read(call, buffers: false);
        if (!view.IsOk)
        {
            return Task.FromResult(call.Fail(view.Problem));
        }
        var found = RecordingPlace.Of(call.Home).Store.Find(call.Get(_id)!);
        if (!found.IsOk)
        {
            return Task.FromResult(call.Fail(found.Problem));
        }
        var info = found.Value.Info;
        var output = new TraceOutput(call.Terminal, info.Origin, call.Format, [info.Container], view.Value, hasEnd: true);
        output.Header();
        output.Write(RecordingText.Decode(found.Value, view.Value.Privacy), last);
        output.Finish();
        output.Close();
        call.Terminal.Error.WriteLine(RecordingText.Line(info, call.Time.GetUtcNow()) + (output.Shown is { } shown ? $", {shown}" : ""));
        return Task.FromResult(ExitCode.Pass);
    }
}
