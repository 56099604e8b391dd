using System.Text.Json;
using Plumb.Platform.Kubernetes;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>A recording that is to be saved.</summary>
/// <param name="ContainerId">The runtime's.</param>
/// <param name="EndedAt">When the container ended, as its node says; null when it runs.</param>
internal sealed record SaveRequest(string ContainerId, SaveReason Reason, int? ExitCode, DateTimeOffset? EndedAt);

/// <summary>Which changes of a pod are worth a recording. Each container's end counts once.</summary>
internal sealed class PodTriggers
{
    /// <summary>Containers whose end was told already; the oldest are forgotten.</summary>
    private const int MostRemembered = 4096;

    /// <summary>What a pod that is deleted ends with: 128 + SIGKILL, 128 + SIGTERM.</summary>
    private static readonly int[] EndsOfDeletion = [137, 143];

    private readonly HashSet<string> _told = [];
    private readonly Queue<string> _order = [];

    public IReadOnlyList<SaveRequest> Of(KubeObject pod, KubeObject? previous)
    {
        var requests = new List<SaveRequest>();
        foreach (var status in Statuses(pod))
        {
            foreach (var ended in (JsonElement[])[status.Field("lastState").Field("terminated"), status.Field("state").Field("terminated")])
            {
                if (OfEnd(pod, ended) is { } request && Remember(request.ContainerId))
                {
                    requests.Add(request);
                }
            }
        }
        if (IsReady(previous) && !IsReady(pod) && !pod.IsTerminating && requests.Count == 0)
        {
            // Only those that run and are not ready: the others have an end, or nothing to say.
            requests.AddRange(Statuses(pod).Where(status => status.Field("state").Field("running").ValueKind == JsonValueKind.Object && status.Field("ready").ValueKind == JsonValueKind.False)
                .Select(status => Id(status.Text("containerID"))).OfType<string>().Select(id => new SaveRequest(id, SaveReason.Unready, null, null)));
        }
        return requests;
    }

    private static SaveRequest? OfEnd(KubeObject pod, JsonElement ended)
    {
        if (ended.Number("exitCode") is not { } code || Id(ended.Text("containerID")) is not { } id)
        {
            return null;
        }
        var isOutOfMemory = ended.Text("reason") == "OOMKilled";
        var isDeletion = pod.IsTerminating && Array.IndexOf(EndsOfDeletion, (int)code) >= 0;
        return isOutOfMemory || (code != 0 && !isDeletion)
            ? new SaveRequest(id, isOutOfMemory ? SaveReason.OutOfMemory : SaveReason.Exit, (int)code, ended.Time("finishedAt"))
            : null;
    }

    public static IEnumerable<JsonElement> Statuses(KubeObject pod) =>
        pod.Json.Field("status").Items("initContainerStatuses").Concat(pod.Json.Field("status").Items("containerStatuses"));

    /// <summary>containerd://4f2c… without its runtime.</summary>
    public static string? Id(string? containerId) => containerId is { Length: > 0 } id ? id.Split("://")[^1] : null;

    private bool Remember(string id)
    {
        if (!_told.Add(id))
        {
            return false;
        }
        _order.Enqueue(id);
        if (_order.Count > MostRemembered)
        {
            _told.Remove(_order.Dequeue());
        }
        return true;
    }

    private static bool IsReady(KubeObject? pod) =>
        pod?.Json.Field("status").Items("conditions").Any(condition => condition.Text("type") == "Ready" && condition.Text("status") == "True") == true;
}
