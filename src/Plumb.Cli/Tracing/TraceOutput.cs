using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Diagnoses;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Saved;
using Plumb.Recorder.Statistics;

namespace Plumb.Cli.Tracing;

/// <summary>Writes calls: lines in columns, or a JSON document a line as they come, or one document when all are there.</summary>
/// <param name="origin">When CLOCK_MONOTONIC was zero.</param>
/// <param name="containers">Those whose names the columns have to hold; null where there is no pod.</param>
/// <param name="view">What is shown of them.</param>
/// <param name="hasEnd">The calls are those of a recording or of a ring: with <c>-o json</c> they are one document.</param>
internal sealed class TraceOutput(Terminal terminal, DateTimeOffset origin, OutputFormat format, IReadOnlyList<RecordedContainer>? containers, TraceView view, bool hasEnd)
{
    private const int ParameterColumns = 60;

    /// <summary>Calls that take longer say so in the text; faster ones only in JSON.</summary>
    private static readonly TimeSpan Noticeable = TimeSpan.FromMilliseconds(1);

    private readonly bool _isJson = format is OutputFormat.Json or OutputFormat.Ndjson;
    private readonly JsonObject? _document = hasEnd && format == OutputFormat.Json ? [] : null;
    private readonly CallStatistics? _statistics = view.Statistics ? new CallStatistics() : null;
    private ulong _all;
    private ulong _shown;

    public static TraceOutput Live(Terminal terminal, TimeProvider time, OutputFormat format, IReadOnlyList<RecordedContainer>? containers, TraceView view, bool hasEnd) =>
        new(terminal, time.GetUtcNow() - Stopwatch.GetElapsedTime(0), format, containers, view, hasEnd);

    /// <summary>12 of 440 calls shown; null when nothing chose.</summary>
    public string? Shown => view.Filter.IsAll ? null : string.Create(CultureInfo.InvariantCulture, $"{_shown:N0} of {Count(_all)} shown");

    public void Header()
    {
        if (_document is not null && _statistics is null)
        {
            _document["calls"] = new JsonArray();
        }
        if (!_isJson && _statistics is null)
        {
            var columns = $"{"CPU",-4}{"PID",-8}{"COMM",-16}{"SYSCALL",-17}{"PARAMETERS".PadRight(ParameterColumns)} RET";
            terminal.Line(terminal.Paint(Place(new RecordedContainer("NODE", "NAMESPACE", "POD", "CONTAINER", "")) + columns, Style.Strong));
        }
    }

    /// <param name="newest">Only so many calls, the last of those that are shown.</param>
    public void Write(IReadOnlyList<(DecodedCall? Call, ulong Missing, RecordedContainer? Container)> entries, int? newest = null)
    {
        _all += (ulong)entries.Count(entry => entry.Call is not null);
        entries = [.. entries.Where(entry => entry.Call is not { } call || view.Filter.Shows(call))];
        entries = newest is { } count ? Newest(entries, count) : entries;
        _shown += (ulong)entries.Count(entry => entry.Call is not null);
        foreach (var (call, _, container) in entries.Where(entry => entry.Call is not null && _statistics is not null))
        {
            _statistics!.Add(call!, container is null ? null : $"{container.Namespace}/{container.Pod}/{container.Name}");
        }
        if (entries.Count == 0 || _statistics is not null)
        {
            return;
        }
        if (_document?["calls"] is JsonArray calls)
        {
            foreach (var (call, missing, container) in entries)
            {
                calls.Add(Json(call, missing, container));
            }
            return;
        }
        var text = new StringBuilder();
        foreach (var (call, missing, container) in entries)
        {
            text.Append(text.Length == 0 ? "" : "\n").Append((call, _isJson) switch
            {
                (_, true) => Json(call, missing, container).ToJsonString(CoreJson.Compact.Options),
                (null, false) => terminal.Paint($"… {Count(missing)}{Of(container)} {(missing == 1 ? "was" : "were")} overwritten before {(missing == 1 ? "it" : "they")} could be read", Style.Warn),
                _ => Line(call, container),
            });
        }
        terminal.Line(text.ToString());
    }

    /// <summary>What is known only when all calls were given.</summary>
    public void Finish()
    {
        if (_statistics is not null && _isJson)
        {
            Add(StatisticsOutput.Json(_statistics));
        }
        else if (_statistics is not null)
        {
            StatisticsOutput.Write(terminal, _statistics);
        }
    }

    /// <summary>Ends it: what is one document is written now.</summary>
    public void Close()
    {
        if (_document is not null)
        {
            terminal.Json(_document, CoreJson.Compact.JsonObject);
        }
    }

    public void Explain(Explained explained)
    {
        if (_isJson)
        {
            Add(CallJson.Of(explained, origin));
            return;
        }
        terminal.Line();
        foreach (var suspect in explained.Suspects)
        {
            terminal.Line(terminal.Paint(suspect.Text, Style.Bad));
            Details(suspect.Evidence, suspect.BlindSpot);
        }
        if (explained.Suspects.Count == 0)
        {
            terminal.Line("No process of the recording ended badly after a failed call that matters.");
        }
        foreach (var one in explained.Observations)
        {
            terminal.Line(terminal.Paint($"also: {one.Text}", Style.Warn));
            Details(one.Evidence, one.BlindSpot);
        }
    }

    /// <summary>The last calls with the holes between them; one before them all is the rest of the recording.</summary>
    private static List<(DecodedCall? Call, ulong Missing, RecordedContainer? Container)> Newest(IReadOnlyList<(DecodedCall? Call, ulong Missing, RecordedContainer? Container)> entries, int count)
    {
        var older = entries.Count(entry => entry.Call is not null) - count;
        return [.. entries.SkipWhile(entry => entry.Call is null || older-- > 0)];
    }

    private static string Of(RecordedContainer? container) => container is null ? "" : $" of {container.Namespace}/{container.Pod}/{container.Name}";

    private JsonObject Json(DecodedCall? call, ulong missing, RecordedContainer? container) => call is null ? CallJson.Missing(missing, container) : CallJson.Of(call, origin, container);

    /// <summary>To the one document, or as a line of its own.</summary>
    private void Add(JsonObject part)
    {
        if (_document is null)
        {
            terminal.Json(part, CoreJson.Compact.JsonObject);
            return;
        }
        foreach (var (name, value) in part.ToList())
        {
            part.Remove(name);
            _document[name] = value;
        }
    }

    private void Details(IReadOnlyList<string> evidence, string? blindSpot)
    {
        foreach (var line in evidence)
        {
            terminal.Line($"    {line}");
        }
        if (blindSpot is not null)
        {
            terminal.Line(terminal.Paint($"    cannot see: {blindSpot}", Style.Faint));
        }
    }

    public static string Count(ulong calls) => calls == 1 ? "1 call" : string.Create(CultureInfo.InvariantCulture, $"{calls:N0} calls");

    private string Line(DecodedCall call, RecordedContainer? container)
    {
        var parameters = call.ParameterText;
        var slow = call.Call.Duration is { } duration && duration >= Noticeable ? $" <{Human.Duration(duration)}>" : "";
        var result = call.Call.Error != 0 ? terminal.Paint(call.Return, Style.Bad) : call.Return;
        return string.Create(CultureInfo.InvariantCulture,
            $"{Place(container)}{call.Call.Cpu?.ToString(CultureInfo.InvariantCulture) ?? "-",-4}{Process(call.Call),-8}{call.Command,-16}{call.Name,-17}{parameters.PadRight(ParameterColumns)} {result}{slow}");
    }

    /// <summary>A thread that is not the process's first has its own number behind it.</summary>
    private static string Process(RecordedCall call) =>
        call.ThreadId == call.ProcessId ? call.ProcessId.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{call.ProcessId}/{call.ThreadId} ");

    private string Place(RecordedContainer? container) => containers is null ? ""
        : Column(container?.Node, one => one.Node) + Column(container?.Namespace, one => one.Namespace) + Column(container?.Pod, one => one.Pod) + Column(container?.Name, one => one.Name);

    private string Column(string? text, Func<RecordedContainer, string> part) => (text ?? "").PadRight(Math.Max(9, containers!.Max(one => (int?)part(one).Length) ?? 0) + 2);
}
