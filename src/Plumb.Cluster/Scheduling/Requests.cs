using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Scheduling;

/// <summary>Amounts of resources by name: cpu in thousandths of a core, everything else in whole bytes or pieces.</summary>
internal static class Requests
{
    private const long DefaultMilliCores = 100;
    private const long DefaultBytes = 200L * 1024 * 1024;

    public static long Amount(string resource, string? text) => (resource == "cpu" ? Quantity.MilliCores(text) : Quantity.Whole(text)) ?? 0;

    /// <summary>
    /// What a pod asks for: the sum of its containers, or the largest init container when that is more (they run one after the other).
    /// Init containers that go on running (restartPolicy Always) count with the containers.
    /// </summary>
    public static Dictionary<string, long> Of(Pod pod)
    {
        var sum = new Dictionary<string, long>();
        foreach (var container in pod.Spec.Containers)
        {
            Add(sum, container);
        }
        var sidecars = new Dictionary<string, long>();
        var largest = new Dictionary<string, long>();
        foreach (var container in pod.Spec.InitContainers ?? [])
        {
            if (container.RestartPolicy == "Always")
            {
                Add(sum, container);
                Add(sidecars, container);
                continue;
            }
            var alone = new Dictionary<string, long>(sidecars);
            Add(alone, container);
            Raise(largest, alone);
        }
        Raise(sum, largest);
        return sum;
    }

    /// <summary>For scores only: a pod that asks for nothing still uses something.</summary>
    public static long ForScore(Dictionary<string, long> requests, string resource) =>
        requests.GetValueOrDefault(resource) is > 0 and var asked ? asked : resource == "cpu" ? DefaultMilliCores : DefaultBytes;

    private static void Add(Dictionary<string, long> sum, Container container)
    {
        // A limit without a request is also the request.
        var asked = new Dictionary<string, string>(container.Resources?.Limits ?? new Dictionary<string, string>());
        foreach (var (name, text) in container.Resources?.Requests ?? new Dictionary<string, string>())
        {
            asked[name] = text;
        }
        foreach (var (name, text) in asked)
        {
            sum[name] = sum.GetValueOrDefault(name) + Amount(name, text);
        }
    }

    private static void Raise(Dictionary<string, long> sum, Dictionary<string, long> floor)
    {
        foreach (var (name, amount) in floor)
        {
            sum[name] = Math.Max(sum.GetValueOrDefault(name), amount);
        }
    }
}
