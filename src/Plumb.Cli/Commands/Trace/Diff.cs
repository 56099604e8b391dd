using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Commands.Trace;

internal sealed class Diff : CliCommand
{
    private const int MostRows = 20;

    private readonly Argument<string> _first = new("first") { Description = "a recording's id, its first digits, or its file" };
    private readonly Argument<string> _second = new("second") { Description = "another one" };

    public override string Name => "diff";

    public override string Summary => "compare two saved recordings: what failed in one and not in the other";

    public override string Description =>
        "Compares two recordings of the same program, one that went well and one that did not: calls on paths and addresses that failed in one only, paths that only one touched, and how often each call was made. Order and time are not compared.";

    public override IReadOnlyList<Example> Examples => [new("plumb trace diff 6819 6e2e", "the crash and the one before"), new("plumb trace diff 6819 6e2e -o json", "everything, for a machine")];

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Calls;

    public override IReadOnlyList<Argument> Arguments => [_first, _second];

    public override Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var store = RecordingPlace.Of(call.Home).Store;
        var (first, second) = (store.Find(call.Get(_first)!), store.Find(call.Get(_second)!));
        if (!first.IsOk || !second.IsOk)
        {
            return Task.FromResult(call.Fail((first.IsOk ? second : first).Problem!));
        }
        var difference = RecordingDifference.Of(Calls(first.Value), Calls(second.Value));
        if (call.Format != OutputFormat.Text)
        {
            call.Terminal.Json(Json(first.Value.Info, second.Value.Info, difference), (call.Json ? CoreJson.Indented : CoreJson.Compact).JsonObject);
            return Task.FromResult(ExitCode.Pass);
        }
        var now = call.Time.GetUtcNow();
        call.Terminal.Line($"first   {RecordingText.Line(first.Value.Info, now)}");
        call.Terminal.Line($"second  {RecordingText.Line(second.Value.Info, now)}");
        Write(call.Terminal, "Failed in one, and not so in the other", difference.Failures);
        Write(call.Terminal, "Only in the first", difference.OnlyFirst);
        Write(call.Terminal, "Only in the second", difference.OnlySecond);
        WriteCounts(call.Terminal, difference.Counts);
        return Task.FromResult(ExitCode.Pass);
    }

    private static IReadOnlyList<DecodedCall> Calls(SavedRecording recording) => [.. RecordingText.Decode(recording).Select(entry => entry.Call).OfType<DecodedCall>()];

    private static void Write(Terminal terminal, string title, IReadOnlyList<DifferentCall> calls)
    {
        terminal.Line();
        terminal.Line(terminal.Paint($"{title}: {(calls.Count == 0 ? "nothing" : Count(calls.Count, "call"))}", Style.Strong));
        if (calls.Count == 0)
        {
            return;
        }
        var table = new Table("SYSCALL", "ON", "FIRST", "SECOND");
        foreach (var call in calls.Take(MostRows))
        {
            table.Row(call.Name, call.Subject, Results(call.First), Results(call.Second));
        }
        table.Write(terminal);
        More(terminal, calls.Count);
    }

    private static void WriteCounts(Terminal terminal, IReadOnlyList<DifferentCount> counts)
    {
        terminal.Line();
        terminal.Line(terminal.Paint($"How often: {(counts.Count == 0 ? "each call the same" : $"{Count(counts.Count, "call")} differ")}", Style.Strong));
        if (counts.Count == 0)
        {
            return;
        }
        var table = new Table("SYSCALL", "FIRST", "FAILED", "SECOND", "FAILED");
        foreach (var count in counts.Take(MostRows))
        {
            table.Row(count.Name, Number(count.First), Number(count.FirstFailed), Number(count.Second), Number(count.SecondFailed));
        }
        table.Write(terminal);
        More(terminal, counts.Count);
    }

    private static void More(Terminal terminal, int rows)
    {
        if (rows > MostRows)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"… and {rows - MostRows} more; -o json has all"));
        }
    }

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>ENOENT ×3, ok · not called</summary>
    private static string Results(IReadOnlyDictionary<string, int> results) =>
        results.Count == 0 ? "not called" : string.Join(", ", results.Select(result => result.Value == 1 ? result.Key : string.Create(CultureInfo.InvariantCulture, $"{result.Key} ×{result.Value}")));

    private static JsonObject Json(RecordingInfo first, RecordingInfo second, RecordingDifference difference) => new()
    {
        ["first"] = RecordingText.Json(first),
        ["second"] = RecordingText.Json(second),
        ["failures"] = Json(difference.Failures),
        ["onlyFirst"] = Json(difference.OnlyFirst),
        ["onlySecond"] = Json(difference.OnlySecond),
        ["counts"] = new JsonArray([.. difference.Counts.Select(count => (JsonNode)new JsonObject
        {
            ["syscall"] = count.Name, ["first"] = count.First, ["second"] = count.Second, ["firstFailed"] = count.FirstFailed, ["secondFailed"] = count.SecondFailed,
        })]),
    };

    private static JsonArray Json(IReadOnlyList<DifferentCall> calls) => [.. calls.Select(call => (JsonNode)new JsonObject
    {
        ["syscall"] = call.Name, ["subject"] = call.Subject, ["first"] = Json(call.First), ["second"] = Json(call.Second),
    })];

    private static JsonObject Json(IReadOnlyDictionary<string, int> results) => new(results.Select(result => KeyValuePair.Create(result.Key, (JsonNode?)result.Value)));
}
