using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>What controllers ask about a pod.</summary>
internal static class PodFacts
{
    public static Pod AsPod(this KubeObject item) => item.As(KubeJson.Compact.Pod);

    /// <summary>True once no container of it will run again: Succeeded or Failed.</summary>
    public static bool IsTerminal(this Pod pod) => pod.Status.Phase is "Succeeded" or "Failed";

    /// <summary>Neither finished nor asked to go: it counts as a replica.</summary>
    public static bool IsActive(this KubeObject item) => !item.IsTerminating && !item.AsPod().IsTerminal();

    public static DateTimeOffset? ReadySince(this Pod pod) =>
        pod.Status.Conditions?.FirstOrDefault(condition => condition is { Type: "Ready", Status: "True" })?.LastTransitionTime;

    /// <summary>Ready for at least that many seconds.</summary>
    public static bool IsAvailable(this Pod pod, int minReadySeconds, DateTimeOffset now) =>
        pod.Status.IsReady && (minReadySeconds == 0 || (pod.ReadySince() is { } since && since.AddSeconds(minReadySeconds) < now));

    /// <summary>How long until some ready pod becomes available; null when none has to wait.</summary>
    public static TimeSpan? UntilAvailable(IEnumerable<KubeObject> pods, int minReadySeconds, DateTimeOffset now)
    {
        if (minReadySeconds == 0)
        {
            return null;
        }
        TimeSpan? soonest = null;
        foreach (var item in pods)
        {
            var pod = item.AsPod();
            if (!pod.Status.IsReady || pod.IsAvailable(minReadySeconds, now) || pod.ReadySince() is not { } since)
            {
                continue;
            }
            var left = since.AddSeconds(minReadySeconds) - now + TimeSpan.FromMilliseconds(1);
            soonest = soonest is { } known && known < left ? known : left;
        }
        return soonest;
    }
}
