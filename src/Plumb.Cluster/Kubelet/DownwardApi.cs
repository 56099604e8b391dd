using System.Globalization;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>What a pod may learn about itself: fieldRef and resourceFieldRef, in environment variables and in files.</summary>
/// <param name="NodeCpus">What a container without a CPU limit is told that it has.</param>
internal sealed record DownwardApi(Pod Pod, string NodeName, string NodeAddress, string PodAddress, int NodeCpus, long NodeMemoryBytes)
{
    /// <summary>Null: this field cannot be referred to.</summary>
    public string? Field(string path) => path switch
    {
        "metadata.name" => Pod.Metadata.Name,
        "metadata.namespace" => Pod.Metadata.Namespace,
        "metadata.uid" => Pod.Metadata.Uid,
        "metadata.labels" => Map(Pod.Metadata.Labels),
        "metadata.annotations" => Map(Pod.Metadata.Annotations),
        "spec.nodeName" => NodeName,
        "spec.serviceAccountName" => Pod.Spec.ServiceAccountName ?? "default",
        "status.podIP" or "status.podIPs" => PodAddress,
        "status.hostIP" or "status.hostIPs" => NodeAddress,
        _ when Key(path, "metadata.labels") is { } label => Pod.Metadata.Labels?.GetValueOrDefault(label) ?? "",
        _ when Key(path, "metadata.annotations") is { } annotation => Pod.Metadata.Annotations?.GetValueOrDefault(annotation) ?? "",
        _ => null,
    };

    public string? Resource(ResourceFieldSelector selector, Container container)
    {
        var about = selector.ContainerName is { } name ? Pod.Spec.Containers.Concat(Pod.Spec.InitContainers ?? []).FirstOrDefault(item => item.Name == name) : container;
        var dot = selector.Resource.IndexOf('.', StringComparison.Ordinal);
        if (about is null || dot < 0)
        {
            return null;
        }
        var (group, resource) = (selector.Resource[..dot], selector.Resource[(dot + 1)..]);
        var quantities = group switch { "limits" => about.Resources?.Limits, "requests" => about.Resources?.Requests ?? about.Resources?.Limits, _ => null };
        var value = Quantity.Parse(quantities?.GetValueOrDefault(resource)) ?? (group, resource) switch
        {
            ("limits", "cpu") => NodeCpus,
            ("limits", "memory") => NodeMemoryBytes,
            _ => 0m,
        };
        var divisor = Quantity.Parse(selector.Divisor) is { } asked and > 0 ? asked : 1m;
        return Math.Ceiling(value / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    private static string? Key(string path, string map) =>
        path.StartsWith($"{map}['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) ? path[(map.Length + 2)..^2] : null;

    private static string Map(IReadOnlyDictionary<string, string>? values) =>
        values is null ? "" : string.Join('\n', values.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}=\"{Escaped(pair.Value)}\""));

    private static string Escaped(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
