using System.Threading.Channels;
using Plumb.Core;
using Plumb.Lab;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;
using Plumb.Recorder.Always;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>
/// The flight recorder of the lab that this process runs: on from before the first container until after the last. It watches the pods through the API, as any client
/// could, and saves the ring of a container that ended badly or turned unready.
/// </summary>
internal sealed class LabRecorder : ILabRecorder
{
    private const int MostWaiting = 256;

    /// <summary>How long a container's name may come after its first call.</summary>
    private static readonly TimeSpan LookForLab = TimeSpan.FromMilliseconds(50);

    private readonly Channel<SaveRequest> _requests = Channel.CreateBounded<SaveRequest>(new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly CancellationTokenSource _end = new();
    private readonly FlightRecorder? _recorder;
    private readonly PlumbHome _home;
    private readonly TimeProvider _time;
    private readonly RingSaver? _saver;
    private readonly Action<Problem> _tell;
    private readonly Task _work = Task.CompletedTask;

    private LabRecorder(string name, FlightRecorder recorder, PlumbHome home, TimeProvider time, Action<CheckReport> keep, Action<Problem> tell)
    {
        (Name, _recorder, _home, _time, _tell) = (name, recorder, home, time, tell);
        _saver = new RingSaver(recorder, RecordingPlace.Of(home), time, keep);
        _work = Task.WhenAll(Task.Run(TendAsync), Task.Run(WatchAsync));
    }

    private LabRecorder(string off, PlumbHome home, TimeProvider time) => (Off, _home, _time, _tell) = (off, home, time, static _ => { });

    public string? Name { get; }

    public string? Off { get; }

    /// <param name="cgroup">The directory that holds the lab's containers.</param>
    /// <param name="keep">Takes the report of each recording that was saved.</param>
    /// <param name="tell">Takes what goes wrong later.</param>
    public static LabRecorder Start(string cgroup, PlumbHome home, TimeProvider time, Action<CheckReport> keep, Action<Problem> tell)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new LabRecorder("it needs root", home, time);
        }
        var started = FlightRecorder.Start(cgroup, $"/{cgroup}/");
        return started.IsOk ? new LabRecorder(cgroup, started.Value, home, time, keep, tell) : new LabRecorder(started.Problem.What, home, time);
    }

    public static LabRecorder NotWanted(PlumbHome home, TimeProvider time) => new("--no-recorder", home, time);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _work;
        _recorder?.Dispose();
        _end.Dispose();
    }

    private async Task TendAsync()
    {
        if (_recorder!.PickedUp)
        {
            _saver!.SaveFound();
        }
        Problem? told = null;
        while (!_end.IsCancellationRequested)
        {
            if (_recorder.Tend() is { } problem && problem != told)
            {
                _tell(told = problem);
            }
            while (_requests.Reader.TryRead(out var request))
            {
                if (_saver!.Save(request) is { } notSaved)
                {
                    _tell(notSaved);
                }
            }
            await Task.Delay(FlightRecorder.Pause, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The lab tells where its API is as soon as it has one.</summary>
    private async Task WatchAsync()
    {
        LabState? lab = null;
        while (lab is null && !_end.IsCancellationRequested)
        {
            lab = LabState.Read(_home) is { IsOk: true, Value: { } state } && state.Pid == Environment.ProcessId ? state : null;
            await Task.Delay(LookForLab, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        if (lab is null)
        {
            return;
        }
        var target = Kubeconfig.Load([lab.Kubeconfig]).Then(config => config.Target(_time));
        if (!target.IsSuccess)
        {
            _tell(new Problem($"no recording is saved by itself: {target.Error.Message.TrimEnd('.')}"));
            return;
        }
        using var client = new KubeClient(target.Value);
        var triggers = new PodTriggers();
        try
        {
            await foreach (var change in client.WatchAsync(KubeResource.Pods, null, null, null, _end.Token))
            {
                if (change is KubeWatchEvent.Changed { Object: var pod } changed)
                {
                    _saver!.Learn(pod);
                    foreach (var request in changed.Type == KubeChangeType.Deleted ? [] : triggers.Of(pod, changed.Previous))
                    {
                        _requests.Writer.TryWrite(request);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The lab ends.
        }
    }
}
