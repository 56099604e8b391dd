using System.Diagnostics;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Recorder;
using Plumb.Recorder.Always;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>From a ring to a file, and to the finding that the file belongs to.</summary>
/// <remarks>For the recorder's thread only.</remarks>
internal sealed class RingSaver(FlightRecorder recorder, RecordingPlace place, TimeProvider time, Action<CheckReport> keep)
{
    /// <summary>Names of containers that are remembered when their pod is gone.</summary>
    private const int MostNames = 4096;

    private readonly Dictionary<string, RecordedContainer> _names = new(place.ReadNames());
    private readonly DateTimeOffset _began = time.GetUtcNow();
    private bool _hasNewNames;

    /// <summary>Remembers whose container is whose: the kernel knows ids only.</summary>
    public void Learn(KubeObject pod)
    {
        var node = pod.Json.Field("spec").Text("nodeName") ?? "-";
        foreach (var status in PodTriggers.Statuses(pod))
        {
            if (PodTriggers.Id(status.Text("containerID")) is { } id)
            {
                _hasNewNames |= _names.TryAdd(id, new RecordedContainer(node, pod.Namespace, pod.Name, status.Text("name") ?? "-", id));
            }
        }
    }

    /// <summary>Writes down what was learnt: readers in other processes, and a successor after kill -9, need it.</summary>
    public void KeepNames()
    {
        if (!_hasNewNames)
        {
            return;
        }
        if (_names.Count > MostNames)
        {
            var present = recorder.Containers().Select(ring => ring.ContainerId).ToHashSet();
            foreach (var gone in _names.Keys.Where(id => !present.Contains(id)).ToList())
            {
                _names.Remove(gone);
            }
        }
        place.WriteNames(_names);
        _hasNewNames = false;
    }

    /// <returns>Null when it is saved, or ended before there was a recorder: then there is nothing to miss.</returns>
    public Problem? Save(SaveRequest request)
    {
        var named = _names.GetValueOrDefault(request.ContainerId);
        if (recorder.Containers().FirstOrDefault(ring => ring.ContainerId == request.ContainerId) is not { } ring || recorder.Read(ring) is not { } snapshot)
        {
            // Nodes cut off the part of a second.
            return request.EndedAt?.AddSeconds(1) <= _began ? null : NoRing(request.ContainerId, named);
        }
        return Save(snapshot, request.Reason, request.ExitCode);
    }

    private static Problem NoRing(string id, RecordedContainer? named) => new(
        $"no system calls of {named?.Pod ?? id} are saved: the recorder has no ring for it any more; it keeps those of the last {FlightRecorder.MostEnded} containers that ended",
        named is null ? null : $"'plumb trace pod/{named.Pod} -n {named.Namespace}' follows its next run");

    /// <summary>What a killed predecessor recorded of the containers that it had.</summary>
    /// <param name="tell">Takes what could not be saved.</param>
    public void SaveFound(Action<Problem> tell)
    {
        foreach (var ring in recorder.Containers())
        {
            if (recorder.Read(ring) is { Entries.Count: > 0 } snapshot && Save(snapshot, SaveReason.Found, null) is { } problem)
            {
                tell(problem);
            }
        }
    }

    private Problem? Save(RingSnapshot snapshot, SaveReason reason, int? exitCode)
    {
        var now = time.GetUtcNow();
        var id = snapshot.Ring.ContainerId;
        var container = _names.GetValueOrDefault(id) ?? new RecordedContainer("-", "-", snapshot.Ring.PodUid ?? "-", "-", id);
        var calls = snapshot.Entries.Count(entry => entry.Call is not null);
        var isWhole = snapshot.Entries is [{ Call.Position: 1 }, ..] && snapshot.Entries[0].Call!.IsExec;
        var info = new RecordingInfo(RecordingStore.NewId(container, reason, now), now, reason, exitCode, RecordingInfo.ThisMachine, container,
            now - Stopwatch.GetElapsedTime(0), isWhole, calls, snapshot.Counters);
        // What a person may not see by default does not reach the disk.
        var recording = new SavedRecording(info, [.. snapshot.Entries.Select(entry => entry with { Call = entry.Call?.Scrubbed() })]);
        if (place.Store.Save(recording) is { } problem)
        {
            return problem;
        }
        if (reason != SaveReason.Found)
        {
            keep(CrashReport.Of(recording, now));
        }
        return null;
    }
}
