using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>One pod behind a Service: its address, what may be said of it, and the ports that it has for the Service's.</summary>
internal sealed record ServicePod(KubeObject Object, Pod Pod, string Address, bool IsReady, bool IsTerminating, string? Hostname, IReadOnlyList<ResolvedPort> Ports)
{
    public JsonObject TargetRef() => new() { ["kind"] = "Pod", ["namespace"] = Object.Namespace, ["name"] = Object.Name, ["uid"] = Object.Uid };
}

internal sealed record ResolvedPort(string Name, string Protocol, int Port);

/// <summary>The pods that a Service selects and that have an address.</summary>
internal static class ServicePods
{
    public static bool Selects(ServiceSpec service, IReadOnlyDictionary<string, string> labels) =>
        service.Selector is { Count: > 0 } selector && selector.All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value);

    public static IReadOnlyList<ServicePod> Of(ClusterApi api, KubeObject service, ServiceSpec spec) =>
        [.. api.List(Resources.Pods, service.Namespace).Where(item => Selects(spec, item.Labels)).Select(item => Read(item, service, spec)).OfType<ServicePod>()];

    private static ServicePod? Read(KubeObject item, KubeObject service, ServiceSpec spec)
    {
        var pod = item.AsPod();
        if (pod.IsTerminal() || pod.Status.PodIP is not { Length: > 0 } address)
        {
            return null;
        }
        var hostname = pod.Spec.Subdomain == service.Name && pod.Spec.Hostname is { Length: > 0 } named ? named : null;
        var ports = (spec.Ports ?? []).Select(port => Resolve(port, pod)).OfType<ResolvedPort>().ToList();
        return new ServicePod(item, pod, address, pod.Status.IsReady, item.IsTerminating, hostname, ports);
    }

    /// <summary>A named target port is looked up in the pod's containers; a pod without that name has no such port.</summary>
    private static ResolvedPort? Resolve(ServicePort port, Pod pod)
    {
        var protocol = port.Protocol ?? "TCP";
        int? number = port.TargetPort switch
        {
            { ValueKind: JsonValueKind.Number } value => value.GetInt32(),
            { ValueKind: JsonValueKind.String } value when value.GetString() is { Length: > 0 } name => pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
                .SelectMany(container => container.Ports ?? [])
                .FirstOrDefault(candidate => candidate.Name == name && (candidate.Protocol ?? "TCP") == protocol)?.Port,
            _ => port.Port,
        };
        return number is { } found ? new ResolvedPort(port.Name ?? "", protocol, found == 0 ? port.Port : found) : null;
    }
}
