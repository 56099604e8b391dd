using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Network;

/// <summary>
/// What kube-proxy is to Kubernetes: for every port of every Service a listener on its ClusterIP that follows the EndpointSlices. Without
/// endpoints the listener is closed, so clients are refused at once, as kube-proxy's REJECT rule does. UDP, node ports and session affinity
/// are not supported; a Service that asks for them gets a Warning event.
/// </summary>
internal sealed class ServiceNetwork(ClusterApi api) : IController, IDisposable
{
    private static readonly TimeSpan RetryBind = TimeSpan.FromSeconds(5);
    private readonly EventRecorder _events = new(api, "service-network");
    private readonly Dictionary<ObjectKey, Dictionary<IPEndPoint, ServiceListener>> _listeners = [];
    private readonly Dictionary<ObjectKey, string> _warned = [];

    public string Name => "service-network";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.Services, Resources.EndpointSlices];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.Services)
        {
            enqueue(change.Object.Key);
        }
        else if (change.Object.Labels.TryGetValue(EndpointSliceWriter.ServiceLabel, out var service))
        {
            enqueue(new ObjectKey(change.Object.Namespace, service));
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.Services).Select(service => service.Key).Union(_listeners.Keys).ToList();

    public TimeSpan? Reconcile(ObjectKey key)
    {
        var present = _listeners.GetValueOrDefault(key) ?? [];
        var service = api.Get(Resources.Services, key.Namespace, key.Name);
        var wanted = service is null ? [] : Wanted(service);
        foreach (var address in present.Keys.Where(address => !wanted.ContainsKey(address)).ToList())
        {
            present[address].Dispose();
            present.Remove(address);
        }
        var problems = new List<string>();
        foreach (var (address, backends) in wanted)
        {
            if (present.TryGetValue(address, out var listener))
            {
                listener.Backends = backends;
            }
            else if (Open(address, backends, problems) is { } opened)
            {
                present[address] = opened;
            }
        }
        if (present.Count == 0)
        {
            _listeners.Remove(key);
        }
        else
        {
            _listeners[key] = present;
        }
        if (service is not null)
        {
            Tell(service, problems);
        }
        else
        {
            _warned.Remove(key);
        }
        return problems.Count > 0 ? RetryBind : null;
    }

    public void Dispose()
    {
        foreach (var listener in _listeners.Values.SelectMany(listeners => listeners.Values))
        {
            listener.Dispose();
        }
        _listeners.Clear();
    }

    /// <summary>
    /// The endpoints that new connections may go to: the ready ones; when there is none, those that terminate but still serve, as kube-proxy
    /// does since 1.28.
    /// </summary>
    public static IReadOnlyList<Endpoint> Usable(IEnumerable<Endpoint> endpoints)
    {
        var all = endpoints.ToList();
        var ready = all.Where(endpoint => endpoint.Conditions.Ready ?? true).ToList();
        return ready.Count > 0 ? ready : [.. all.Where(endpoint => endpoint.Conditions is { Serving: true, Terminating: true })];
    }

    private Dictionary<IPEndPoint, IPEndPoint[]> Wanted(KubeObject service)
    {
        var wanted = new Dictionary<IPEndPoint, IPEndPoint[]>();
        var spec = service.As(KubeJson.Compact.Service).Spec;
        if (!IPAddress.TryParse(spec.ClusterIP, out var clusterIp))
        {
            return wanted;
        }
        var slices = api.List(Resources.EndpointSlices, service.Namespace)
            .Where(slice => slice.Labels.GetValueOrDefault(EndpointSliceWriter.ServiceLabel) == service.Name)
            .Select(slice => slice.As(KubeJson.Compact.EndpointSlice)).ToList();
        foreach (var port in (spec.Ports ?? []).Where(port => (port.Protocol ?? "TCP") == "TCP"))
        {
            var endpoints = slices.SelectMany(slice => (slice.Endpoints ?? []).Select(endpoint => (Endpoint: endpoint, Port: PortOf(slice, port)))).Where(entry => entry.Port is not null).ToList();
            var usable = Usable(endpoints.Select(entry => entry.Endpoint)).ToHashSet(ReferenceEqualityComparer.Instance);
            IPEndPoint[] backends = [.. endpoints.Where(entry => usable.Contains(entry.Endpoint))
                .SelectMany(entry => entry.Endpoint.Addresses.Select(address => new IPEndPoint(IPAddress.Parse(address), entry.Port!.Value)))];
            if (backends.Length > 0)
            {
                wanted[new IPEndPoint(clusterIp, port.Port)] = backends;
            }
        }
        return wanted;
    }

    private static int? PortOf(EndpointSlice slice, ServicePort port) =>
        slice.Ports?.FirstOrDefault(candidate => (candidate.Name ?? "") == (port.Name ?? "") && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))?.Port;

    private static ServiceListener? Open(IPEndPoint address, IPEndPoint[] backends, List<string> problems)
    {
        try
        {
            return new ServiceListener(address, backends);
        }
        catch (SocketException failed)
        {
            problems.Add(failed.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"{address} is in use by another process, so the Service cannot be reached there; end that process (ss -ltnp finds it). Trying again every 5 s.",
                SocketError.AccessDenied => $"binding {address} needs root, because the port is below 1024; run the lab as root or give the Service a higher port.",
                _ => $"binding {address} failed ({failed.SocketErrorCode}), so the Service cannot be reached there. Trying again every 5 s.",
            });
            return null;
        }
    }

    /// <summary>Warning events, once for each new text, and a condition that says whether the Service can be reached.</summary>
    private void Tell(KubeObject service, List<string> problems)
    {
        var spec = service.As(KubeJson.Compact.Service).Spec;
        var unsupported = new List<string>();
        if ((spec.Ports ?? []).Any(port => (port.Protocol ?? "TCP") != "TCP"))
        {
            unsupported.Add("only TCP ports are served; connections to the others are refused");
        }
        if (spec.Type is "NodePort" or "LoadBalancer")
        {
            unsupported.Add($"type {spec.Type} gets its ClusterIP only: node ports and load balancers are not supported");
        }
        if (service.Json.TryGetProperty("spec", out var json) && json.TryGetProperty("sessionAffinity", out var affinity) && affinity.GetString() is "ClientIP")
        {
            unsupported.Add("sessionAffinity ClientIP is not supported: each connection goes to the next endpoint");
        }
        var text = string.Join('\n', problems.Concat(unsupported));
        if (text == _warned.GetValueOrDefault(service.Key, ""))
        {
            return;
        }
        _warned[service.Key] = text;
        foreach (var problem in problems)
        {
            _events.Record(service, "Warning", "FailedToListen", problem);
        }
        foreach (var note in unsupported)
        {
            _events.Record(service, "Warning", "NotSupported", note);
        }
        api.Update(Resources.Services, service.Namespace, service.Name, whole => SetCondition(whole, problems));
    }

    private void SetCondition(JsonObject service, List<string> problems)
    {
        var status = service.Object("status");
        var others = (status["conditions"] as JsonArray ?? []).Where(item => item?["type"]?.GetValue<string>() != "Listening").Select(item => item!.DeepClone()).ToList();
        if (problems.Count > 0)
        {
            others.Add(new JsonObject
            {
                ["type"] = "Listening",
                ["status"] = "False",
                ["lastTransitionTime"] = api.Time.GetUtcNow().ToKubeTime(),
                ["reason"] = "FailedToListen",
                ["message"] = string.Join(' ', problems),
            });
        }
        if (others.Count > 0)
        {
            status["conditions"] = new JsonArray([.. others]);
        }
        else
        {
            status.Remove("conditions");
        }
    }
}
