using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>A saved recording as a finding: what ended, the failed call before it, and where the calls are.</summary>
internal static class CrashReport
{
    public const string Check = "recorder";

    public static CheckReport Of(SavedRecording recording, DateTimeOffset now)
    {
        var info = recording.Info;
        var calls = RecordingText.Decode(recording).Select(entry => entry.Call).OfType<DecodedCall>().ToList();
        var suspects = Explanation.Of(calls, ProcessEnd.Of(info) is { } end ? [end] : [], info.Origin);
        var suspect = suspects.Count == 0 ? null : suspects[^1];
        var container = info.Container;
        var what = info.Reason switch
        {
            SaveReason.Exit => $"container {container.Name} ended with {info.Why}",
            SaveReason.OutOfMemory => $"container {container.Name} was killed for lack of memory",
            SaveReason.Unready => $"container {container.Name} turned unready",
            _ => $"container {container.Name} was recorded",
        };
        var summary = suspect is null ? what : $"{what}; {suspect.Text}";
        var by = $"the flight recorder on {container.Node}";
        var evidence = new List<Evidence> { new("recording", JsonValue.Create(info.Id), by, info.At) };
        evidence.AddRange((suspect?.Evidence ?? []).Select(line => new Evidence("the calls say", JsonValue.Create(line), by, At(info, suspect!.Failure.Call.EnterNs))));
        if (info.Counters.Overwritten > 0)
        {
            evidence.Add(new Evidence("older calls that the ring did not hold", JsonValue.Create(info.Counters.Overwritten), by, info.At));
        }
        var severity = info.Reason == SaveReason.Unready ? Severity.Warning : Severity.Critical;
        var finding = Finding.Of(Check, Kind(info), severity, Subject(info), summary, evidence);
        return new CheckReport(Check, Outcome.Fail, $"{container.Namespace}/{container.Pod}: {what}", info.At, now, [finding],
            [
                "What came before the end is not always its cause; a program can fail without a failed call",
                $"Only the last {Plumb.Recorder.Recording.Capacity.ToString("N0", CultureInfo.InvariantCulture)} calls are kept; io_uring, time calls that the vDSO answers and 32-bit calls are not among them",
            ],
            $"See the calls with 'plumb trace show {info.Id}' and decide whether the program, its configuration or its surroundings are to change");
    }

    /// <summary>Of the finding that a recording belongs to: each end of the same container for the same reason is the same finding.</summary>
    public static string FindingId(RecordingInfo info) => Finding.Fingerprint(Check, Kind(info), Subject(info));

    private static string Kind(RecordingInfo info) => info.Reason.ToString().ToLowerInvariant();

    private static Subject Subject(RecordingInfo info) => new("Pod", $"{info.Container.Pod}/{info.Container.Name}", info.Container.Namespace);

    public static DateTimeOffset At(RecordingInfo info, ulong monotonicNs) => info.Origin + TimeSpan.FromTicks((long)(monotonicNs / 100));
}
