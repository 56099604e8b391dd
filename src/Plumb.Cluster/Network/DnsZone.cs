using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Network;

/// <summary>
/// The names of the cluster, answered from the present Services and EndpointSlices (the Kubernetes DNS specification): a Service's
/// ClusterIP, a headless Service's ready pods, a pod's own name under its headless Service, SRV for named ports. Names outside
/// cluster.local are refused: there is no forwarding.
/// </summary>
internal sealed class DnsZone(ClusterApi api)
{
    private const string Zone = "cluster.local";
    private static readonly DnsAnswer NoSuchName = new(DnsCode.NameError, []);
    private static readonly DnsAnswer Empty = new(DnsCode.NoError, []);
    private static readonly DnsAnswer Refused = new(DnsCode.Refused, []);

    public DnsAnswer Answer(string name, DnsType type)
    {
        if (DnsMessage.AddressOf(name) is { } address)
        {
            return Reverse(name, address);
        }
        var labels = name.Split('.', StringSplitOptions.RemoveEmptyEntries);
        if (labels is not [.., "cluster", "local"])
        {
            // Some resolvers ignore the search list; the short forms with a namespace are unambiguous.
            return labels is ([_, _] or [_, _, "svc"]) && Find(labels[1], labels[0]) is { } named ? OfService(name, named, [], type) : Refused;
        }
        return labels[..^2] switch
        {
            [] or ["svc"] => Empty,
            [var ns, "svc"] => api.Get(Resources.Namespaces, null, ns) is null ? NoSuchName : Empty,
            [.. var front, var service, var ns, "svc"] => Find(ns, service) is { } found ? OfService(name, found, front, type) : NoSuchName,
            [var dashed, _, "pod"] when System.Net.IPAddress.TryParse(dashed.Replace('-', '.'), out var ip) =>
                type is DnsType.A or DnsType.Any ? new DnsAnswer(DnsCode.NoError, [new DnsRecord(name, DnsType.A, ip.ToString())]) : Empty,
            _ => NoSuchName,
        };
    }

    private KubeObject? Find(string ns, string service) => api.Get(Resources.Services, ns, service);

    private DnsAnswer OfService(string name, KubeObject service, string[] front, DnsType type)
    {
        var spec = service.As(KubeJson.Compact.Service).Spec;
        if (front is [['_', .. var portName], ['_', .. var protocol]])
        {
            return type is DnsType.Srv or DnsType.Any ? Srv(name, service, spec, portName, protocol) : Empty;
        }
        if (front.Length > 1)
        {
            return NoSuchName;
        }
        if (spec.Type == "ExternalName")
        {
            return front.Length == 0 && spec.ExternalName is { } external ? new DnsAnswer(DnsCode.NoError, [new DnsRecord(name, DnsType.Cname, external)]) : NoSuchName;
        }
        IReadOnlyList<string> addresses = spec.ClusterIP is not (null or "None") && front.Length == 0
            ? [spec.ClusterIP]
            : [.. Members(service).Where(member => front.Length == 0 || member.Host == front[0]).Select(member => member.Address).Distinct()];
        if (addresses.Count == 0)
        {
            return NoSuchName;
        }
        return type is DnsType.A or DnsType.Any ? new DnsAnswer(DnsCode.NoError, [.. addresses.Select(address => new DnsRecord(name, DnsType.A, address))]) : Empty;
    }

    private DnsAnswer Srv(string name, KubeObject service, ServiceSpec spec, string portName, string protocol)
    {
        var full = $"{service.Name}.{service.Namespace}.svc.{Zone}";
        if (spec.ClusterIP is not (null or "None"))
        {
            var port = spec.Ports?.FirstOrDefault(port => port.Name == portName && Same(port.Protocol, protocol));
            return port is null
                ? NoSuchName
                : new DnsAnswer(DnsCode.NoError, [new DnsRecord(name, DnsType.Srv, full, port.Port)], [new DnsRecord(full, DnsType.A, spec.ClusterIP)]);
        }
        var members = Members(service)
            .Select(member => (member.Host, member.Address, Port: member.Ports.FirstOrDefault(port => port.Name == portName && Same(port.Protocol, protocol))?.Port))
            .Where(member => member.Port is not null)
            .Select(member => (Target: $"{member.Host}.{full}", member.Address, Port: member.Port!.Value)).ToList();
        return members.Count == 0
            ? NoSuchName
            : new DnsAnswer(
                DnsCode.NoError,
                [.. members.Select(member => new DnsRecord(name, DnsType.Srv, member.Target, member.Port))],
                [.. members.Select(member => new DnsRecord(member.Target, DnsType.A, member.Address))]);
    }

    private static bool Same(string? present, string asked) => string.Equals(present ?? "TCP", asked, StringComparison.OrdinalIgnoreCase);

    /// <summary>The ready endpoints: by their host name, or the address with dashes when they have none.</summary>
    private IEnumerable<(string Host, string Address, IReadOnlyList<EndpointPort> Ports)> Members(KubeObject service) =>
        from item in api.List(Resources.EndpointSlices, service.Namespace)
        where item.Labels.GetValueOrDefault(EndpointSliceWriter.ServiceLabel) == service.Name
        let slice = item.As(KubeJson.Compact.EndpointSlice)
        from endpoint in slice.Endpoints ?? []
        where endpoint.Conditions.Ready ?? true
        from address in endpoint.Addresses
        where System.Net.IPAddress.TryParse(address, out _)
        select (endpoint.Hostname ?? address.Replace('.', '-'), address, slice.Ports ?? []);

    private DnsAnswer Reverse(string name, string address)
    {
        var service = api.List(Resources.Services).FirstOrDefault(item => item.As(KubeJson.Compact.Service).Spec.ClusterIP == address);
        return service is null
            ? NoSuchName
            : new DnsAnswer(DnsCode.NoError, [new DnsRecord(name, DnsType.Ptr, $"{service.Name}.{service.Namespace}.svc.{Zone}")]);
    }
}
