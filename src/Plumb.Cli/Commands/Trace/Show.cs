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

    public override string Name => "show";

    public override string Summary => "the calls of a saved recording, decoded";

    public override string Description => "Shows a saved recording as 'plumb trace' shows calls as they come. With -o json, one document a line.";

    public override IReadOnlyList<Example> Examples => [new("plumb trace show 6819", "the recording whose id begins so"), new("plumb trace show 6819 --last 20", "its last twenty calls")];

    public override IReadOnlyList<Argument> Arguments => [_id];

    public override IReadOnlyList<Option> Options => [_last];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var last = call.Get(_last);
        if (last is < 1 or > Recording.Capacity)
        {
            return Task.FromResult(call.Fail(new Problem($"--last is 1 to {Recording.Capacity}: a recording holds no more")));
        }
        var found = RecordingPlace.Of(call.Home).Store.Find(call.Get(_id)!);
        if (!found.IsOk)
        {
            return Task.FromResult(call.Fail(found.Problem));
        }
        var info = found.Value.Info;
        var output = new TraceOutput(call.Terminal, info.Origin, call.Json, [info.Container]);
        output.Header();
        var calls = RecordingText.Decode(found.Value);
        output.Write(last is { } count ? [.. calls.Where(entry => entry.Call is not null).TakeLast(count)] : calls);
        call.Terminal.Error.WriteLine(RecordingText.Line(info, call.Time.GetUtcNow()));
        return Task.FromResult(ExitCode.Pass);
    }
}
