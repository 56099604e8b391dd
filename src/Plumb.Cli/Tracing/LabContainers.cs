using Plumb.Core;
using Plumb.Platform.Storage;
using Plumb.Recorder.Always;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>Containers of the lab in the rings of its flight recorder, also of pods that are gone, as long as the ring is there.</summary>
internal static class LabContainers
{
    /// <summary>How often the names of new containers are looked up.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether the recorder knows a container of this pod.</summary>
    public static bool Has(PlumbHome home, string ns, string pod) => RecordingPlace.Of(home).ReadNames().Values.Any(one => one.Namespace == ns && one.Pod == pod);

    /// <param name="pod">Null: the whole namespace.</param>
    public static Result<TraceTarget> Of(PlumbHome home, string recorder, string ns, string? pod)
    {
        var place = RecordingPlace.Of(home);
        var known = place.ReadNames().Values.Where(IsWanted).ToList();
        LabRings? rings = null;
        return new TraceTarget(pod is null ? $"namespace {ns}" : $"pod {ns}/{pod}", _ => Open(), () => rings is { HasEnded: true } || (pod is not null && rings is { AllGone: true }), Containers: known);

        bool IsWanted(RecordedContainer one) => one.Namespace == ns && (pod is null || one.Pod == pod);

        Result<ICallSource> Open()
        {
            var view = FlightView.Open(recorder);
            return view.IsOk ? rings = new LabRings(view.Value, new Names(place, IsWanted).Of) : view.Problem;
        }
    }

    /// <summary>Names by container id, read again when one is not known yet.</summary>
    private sealed class Names(RecordingPlace place, Func<RecordedContainer, bool> isWanted)
    {
        private IReadOnlyDictionary<string, RecordedContainer> _names = place.ReadNames();
        private long _readAt = Environment.TickCount64;

        public RecordedContainer? Of(ContainerRing ring)
        {
            if (!_names.ContainsKey(ring.ContainerId) && Environment.TickCount64 - _readAt >= LookAgain.TotalMilliseconds)
            {
                (_names, _readAt) = (place.ReadNames(), Environment.TickCount64);
            }
            return _names.GetValueOrDefault(ring.ContainerId) is { } container && isWanted(container) ? container : null;
        }
    }
}
