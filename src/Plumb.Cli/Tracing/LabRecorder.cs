using Plumb.Core;
using Plumb.Lab;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;
using Plumb.Recorder.Always;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>The flight recorder of the lab that this process runs: on from before the first container until after the last.</summary>
internal sealed class LabRecorder : ILabRecorder
{
    private static readonly TimeSpan LookForLab = TimeSpan.FromMilliseconds(50);

    private readonly RecorderService? _service;

    private LabRecorder(string? name, string? off, RecorderService? service) => (Name, Off, _service) = (name, off, service);

    public string? Name { get; }

    public string? Off { get; }

    /// <param name="cgroup">The directory that holds the lab's containers.</param>
    /// <param name="limits">How many recordings are kept.</param>
    /// <param name="keep">Takes the report of each recording that was saved.</param>
    /// <param name="tell">Takes what goes wrong later.</param>
    public static LabRecorder Start(string cgroup, PlumbHome home, RecordingLimits limits, TimeProvider time, Action<CheckReport> keep, Action<Problem> tell)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new LabRecorder(null, "it needs root", null);
        }
        var started = FlightRecorder.Start(cgroup, $"/{cgroup}/");
        return started.IsOk
            ? new LabRecorder(cgroup, null, new RecorderService(started.Value, RecordingPlace.Of(home, limits), cancellation => ApiAsync(home, time, tell, cancellation), null, time, keep, tell))
            : new LabRecorder(null, started.Problem.What, null);
    }

    /// <param name="why">What the user said: an option or a setting.</param>
    public static LabRecorder NotWanted(string why) => new(null, why, null);

    /// <summary>Saves what the recorder of a killed lab holds, and takes it out of the kernel, where it would record for ever.</summary>
    /// <param name="tell">Takes what could not be saved.</param>
    public static void TakeOut(PlumbHome home, TimeProvider time, Action<CheckReport> keep, Action<Problem> tell)
    {
        var cgroup = LabHost.CgroupOf(home);
        if (!Environment.IsPrivilegedProcess || !FlightView.IsThere(cgroup))
        {
            return;
        }
        var started = FlightRecorder.Start(cgroup, $"/{cgroup}/");
        if (!started.IsOk)
        {
            // A living lab's, or one that cannot be opened: then there is nothing to save.
            return;
        }
        using var recorder = started.Value;
        if (recorder.Discarded is { } discarded)
        {
            tell(discarded);
        }
        if (recorder.PickedUp)
        {
            // Where the limits are set is not known here; the next recorder makes room.
            new RingSaver(recorder, RecordingPlace.Of(home), time, keep).SaveFound(tell);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }
    }

    /// <summary>The lab tells where its API is as soon as it has one.</summary>
    private static async Task<KubeTarget?> ApiAsync(PlumbHome home, TimeProvider time, Action<Problem> tell, CancellationToken cancellation)
    {
        LabState? lab = null;
        while (lab is null)
        {
            lab = LabState.Read(home) is { IsOk: true, Value: { } state } && state.Pid == Environment.ProcessId ? state : null;
            await Task.Delay(LookForLab, time, cancellation);
        }
        var target = Kubeconfig.Load([lab.Kubeconfig]).Then(config => config.Target(time));
        if (target.IsSuccess)
        {
            return target.Value;
        }
        tell(new Problem($"no recording is saved by itself: {target.Error.Message.TrimEnd('.')}"));
        return null;
    }
}
