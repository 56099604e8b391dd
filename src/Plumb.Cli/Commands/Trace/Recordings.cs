using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Cli.Tracing;
using Plumb.Core;

namespace Plumb.Cli.Commands.Trace;

internal sealed class Recordings : CliCommand
{
    public override string Name => "recordings";

    public override string Summary => "list the saved recordings, the newest first";

    public override string Description =>
        "Lists what the lab's flight recorder has saved by itself: the last system calls of each container that ended with another code than 0, was OOM-killed or turned unready. At most 200 recordings and 256 MiB are kept, and 5 of "
        + "one container; the oldest go first. They are readable by their owner only.";

    public override IReadOnlyList<Example> Examples => [new("plumb trace recordings", "what there is"), new("plumb trace recordings -o json", "for a machine")];

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Calls;

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var place = RecordingPlace.Of(call.Home);
        var (recordings, problems) = place.Store.List();
        foreach (var problem in problems)
        {
            call.Terminal.Problem(problem);
        }
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["recordings"] = new JsonArray([.. recordings.Select(one => (JsonNode)RecordingText.Json(one.Info, one.Bytes))]) }, CoreJson.Indented.JsonObject);
        }
        else if (call.Format == OutputFormat.Ndjson)
        {
            foreach (var (info, bytes) in recordings)
            {
                call.Terminal.Json(RecordingText.Json(info, bytes), CoreJson.Compact.JsonObject);
            }
        }
        else if (recordings.Count == 0)
        {
            call.Terminal.Line($"No recordings in {place.Store.Directory} yet. One is saved when a container of the lab ends badly or turns unready, if 'plumb up' runs as root.");
        }
        else
        {
            var table = new Table("ID", "SAVED", "NAMESPACE", "POD", "CONTAINER", "WHY", "CALLS", "SIZE");
            foreach (var (info, bytes) in recordings)
            {
                table.Row(info.Id, $"{Human.Duration(call.Time.GetUtcNow() - info.At)} ago", info.Container.Namespace, info.Container.Pod, info.Container.Name, info.Why,
                    $"{info.Calls}{(info.IsWhole ? "" : info.Counters.Overwritten == 0 ? " (late)" : $" of {info.Counters.Recorded}")}", Human.Bytes(bytes));
            }
            table.Write(call.Terminal);
        }
        return Task.FromResult(problems.Count == 0 ? ExitCode.Pass : ExitCode.Error);
    }
}
