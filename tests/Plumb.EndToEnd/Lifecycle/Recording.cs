using System.Text.Json.Nodes;

namespace Plumb.EndToEnd.Lifecycle;

/// <summary>One state of an object as a watch showed it, in the recordings' compact form.</summary>
/// <param name="Type">ADDED, MODIFIED or DELETED.</param>
/// <param name="Fields">In a recorded MODIFIED only those that changed; null means that a field went away.</param>
internal sealed record ObjectChange(string Kind, string Name, long Version, string Type, JsonObject Fields);

/// <summary>A command of a recording.</summary>
/// <param name="Patience">How long after its end the recording went on before the next command.</param>
internal sealed record RecordedStep(string Command, string? Input, int ExitCode, TimeSpan Patience);

/// <summary>What was done to a real Kubernetes, and what its watches showed.</summary>
internal sealed record Recording(string Name, string Namespace, IReadOnlyList<RecordedStep> Steps, IReadOnlyList<ObjectChange> Changes)
{
    public static Recording Read(string name)
    {
        var path = Path.Combine(BuiltProgram.Root, "tests/golden/lifecycle", name + ".jsonl");
        // The recording's registry does not exist; the images that it held are busybox.
        var lines = File.ReadLines(path).Select(line => JsonNode.Parse(line.Replace("registry.example/", "", StringComparison.Ordinal))!.AsObject()).ToList();
        var timeline = lines.Skip(1).ToList();
        var done = timeline.Where(line => line.ContainsKey("done")).ToList();
        var ends = done.Skip(1).Select(line => Number(line, "tMs") - Number(line, "tookMs")).Append(Number(timeline[^1], "tMs") + 1000);
        var steps = done.Zip(ends, (line, next) => new RecordedStep(Text(line, "done"), line["stdin"] is JsonArray input ? string.Join('\n', input) : null, (int)Number(line, "rc"),
            TimeSpan.FromMilliseconds(Math.Max(0, next - Number(line, "tMs")))));
        var changes = timeline.Where(line => line.ContainsKey("ev")).Select(line => new ObjectChange(Text(line, "kind"), Text(line, "name"), long.Parse(Text(line, "rv"), null), Text(line, "ev"), line));
        return new Recording(name, Text(lines[0], "namespace"), [.. steps], [.. changes.OrderBy(change => change.Version)]);
    }

    private static string Text(JsonObject line, string field) => line[field]!.GetValue<string>();

    private static double Number(JsonObject line, string field) => line[field]!.GetValue<double>();
}
