using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Api.Http;

/// <summary>Which container of a pod a request is about.</summary>
internal static class PodContainer
{
    /// <returns>The one that the request names, or the only one; otherwise why it is not clear.</returns>
    public static (string? Name, ApiFailure? Failure) Asked(ApiRequest request, Pod pod)
    {
        var name = request.Name!;
        var (containers, inits) = (pod.Spec.Containers.Select(item => item.Name).ToList(), (pod.Spec.InitContainers ?? []).Select(item => item.Name).ToList());
        if (request.Query("container") is { Length: > 0 } asked)
        {
            return containers.Concat(inits).Contains(asked) ? (asked, null) : (null, ApiFailure.BadRequest($"container {asked} is not valid for pod {name}"));
        }
        if (containers.Count == 1 && inits.Count == 0)
        {
            return (containers[0], null);
        }
        var more = inits.Count > 0 ? $" or one of the init containers: [{string.Join(' ', inits)}]" : "";
        return (null, ApiFailure.BadRequest($"a container name must be specified for pod {name}, choose one of: [{string.Join(' ', containers)}]{more}"));
    }
}
