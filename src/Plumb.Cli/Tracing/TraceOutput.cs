using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Diagnoses;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Saved;
using Plumb.Recorder.Statistics;

namespace Plumb.Cli.Tracing;

/// <summary>Writes calls as they come: lines in columns, or a JSON document a line.</summary>
/// <param name="origin">When CLOCK_MONOTONIC was zero.</param>
/// <param name="containers">Those whose names the columns have to hold; null where there is no pod.</param>
/// <param name="view">What is shown of them.</param>
internal sealed class TraceOutput(Terminal terminal, DateTimeOffset origin, bool json, IReadOnlyList<RecordedContainer>? containers, TraceView view)
{
    private const int ParameterColumns = 60;

    /// <summary>Calls that take longer say so in the text; faster ones only in JSON.</summary>
    private static readonly TimeSpan Noticeable = TimeSpan.FromMilliseconds(1);

    private readonly CallStatistics? _statistics = view.Statistics ? new CallStatistics() : null;
    private ulong _all;
    private ulong _shown;

    public static TraceOutput Live(Terminal terminal, TimeProvider time, bool json, IReadOnlyList<RecordedContainer>? containers, TraceView view) =>
        new(terminal, time.GetUtcNow() - Stopwatch.GetElapsedTime(0), json, containers, view);

    /// <summary>12 of 440 calls shown; null when nothing chose.</summary>
    public string? Shown => view.Filter.IsAll ? null : string.Create(CultureInfo.InvariantCulture, $"{_shown:N0} of {Count(_all)} shown");

    public void Header()
    {
        if (!json && _statistics is null)
        {
            var columns = $"{"CPU",-4}{"PID",-8}{"COMM",-16}{"SYSCALL",-17}{"PARAMETERS".PadRight(ParameterColumns)} RET";
            terminal.Line(terminal.Paint(Place(new RecordedContainer("NODE", "NAMESPACE", "POD", "CONTAINER", "")) + columns, Style.Strong));
        }
    }

    /// <param name="newest">Only so many calls, the last of those that are shown.</param>
    public void Write(IReadOnlyList<(DecodedCall? Call, ulong Missing, RecordedContainer? Container)> entries, int? newest = null)
    {
        _all += (ulong)entries.Count(entry => entry.Call is not null);
        entries = [.. entries.Where(entry => entry.Call is { } call ? view.Filter.Shows(call) : newest is null)];
        entries = newest is { } count ? [.. entries.TakeLast(count)] : entries;
        _shown += (ulong)entries.Count(entry => entry.Call is not null);
        foreach (var (call, _, container) in entries.Where(entry => entry.Call is not null && _statistics is not null))
        {
            _statistics!.Add(call!, container is null ? null : $"{container.Namespace}/{container.Pod}/{container.Name}");
        }
        if (entries.Count == 0 || _statistics is not null)
        {
            return;
        }
        var text = new StringBuilder();
        foreach (var (call, missing, container) in entries)
        {
            text.Append(text.Length == 0 ? "" : "\n").Append((call, json) switch
            {
                (null, true) => CallJson.Missing(missing).ToJsonString(CoreJson.Compact.Options),
                (null, false) => terminal.Paint($"… {Count(missing)} were overwritten before they could be read", Style.Warn),
                (_, true) => CallJson.Of(call, origin, container).ToJsonString(CoreJson.Compact.Options),
                _ => Line(call, container),
            });
        }
        terminal.Line(text.ToString());
    }

    /// <summary>What is known only when all calls were given.</summary>
    public void Finish()
    {
        if (_statistics is not null)
        {
            StatisticsOutput.Write(terminal, _statistics, json);
        }
    }

    public void Explain(Explained explained)
    {
        if (json)
        {
            terminal.Line(CallJson.Of(explained, origin).ToJsonString(CoreJson.Compact.Options));
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
