using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Lists the pods behind each Service, as Endpoints (ready and not ready addresses; terminating pods leave at once) and as EndpointSlices
/// (ready, serving and terminating conditions; a terminating pod stays until it has ended).
/// </summary>
internal sealed class EndpointsController(ClusterApi api) : IController
{
    private const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
    private const string Managed = "endpoints.kubernetes.io/managed-by";
    private readonly Dictionary<string, Dictionary<string, DateTimeOffset?>> _seen = [];
    private readonly EndpointSliceWriter _slices = new(api, TriggerTime);

    public string Name => "endpoints";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.Services, Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.Services)
        {
            enqueue(change.Object.Key);
            return;
        }
        foreach (var service in api.List(Resources.Services, change.Object.Namespace))
        {
            var spec = service.As(KubeJson.Compact.Service).Spec;
            if (ServicePods.Selects(spec, change.Object.Labels) || (change.Previous is { } before && ServicePods.Selects(spec, before.Labels)))
            {
                enqueue(service.Key);
            }
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.Services).Select(service => service.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.Services, key.Namespace, key.Name) is not { } service)
        {
            Forget(key);
            return null;
        }
        var spec = service.As(KubeJson.Compact.Service).Spec;
        if (spec.Selector is not { Count: > 0 } || spec.Type == "ExternalName")
        {
            return null;
        }
        var pods = ServicePods.Of(api, service, spec);
        var trigger = Trigger(service, pods);
        WriteEndpoints(service, spec, pods, trigger);
        _slices.Write(service, spec, pods, trigger);
        return null;
    }

    private void Forget(ObjectKey key)
    {
        if (api.Get(Resources.Endpoints, key.Namespace, key.Name) is { } endpoints && endpoints.Labels.ContainsKey(Managed))
        {
            api.Delete(Resources.Endpoints, key.Namespace, key.Name);
        }
        _slices.DeleteAll(key);
        _seen.Remove(key.ToString());
    }

    /// <summary>When the oldest change that this write tells of happened; null when no pod says (a deletion leaves no time).</summary>
    private DateTimeOffset? Trigger(KubeObject service, IReadOnlyList<ServicePod> pods)
    {
        var known = _seen.GetValueOrDefault(service.Key.ToString());
        var now = pods.ToDictionary(pod => pod.Object.Uid, pod => ReadyTime(pod.Pod));
        _seen[service.Key.ToString()] = now;
        var times = now.Where(pair => known is null || !known.TryGetValue(pair.Key, out var before) || before != pair.Value).Select(pair => pair.Value);
        return known is null ? times.Append(service.Meta().CreationTimestamp).Min() : times.Min();
    }

    private static DateTimeOffset? ReadyTime(Pod pod) => pod.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready")?.LastTransitionTime;

    private void WriteEndpoints(KubeObject service, ServiceSpec spec, IReadOnlyList<ServicePod> pods, DateTimeOffset? trigger)
    {
        var tolerant = spec.PublishNotReadyAddresses == true;
        var subsets = new JsonArray();
        var present = pods.Where(pod => tolerant || !pod.IsTerminating).Where(pod => pod.Ports.Count > 0 || spec.Ports is not { Count: > 0 }).ToList();
        foreach (var group in present.GroupBy(pod => string.Join(',', pod.Ports)).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            subsets.Add(Subset([.. group], tolerant));
        }
        void Fill(JsonObject json)
        {
            var labels = service.Labels.ToDictionary(pair => pair.Key, pair => pair.Value);
            labels[Managed] = "endpoint-controller";
            if (spec.ClusterIP == "None")
            {
                labels["service.kubernetes.io/headless"] = "";
            }
            json.Object("metadata")["labels"] = new JsonObject(labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
            json.Remove("subsets");
            if (subsets.Count > 0)
            {
                json["subsets"] = subsets.DeepClone();
            }
        }
        if (api.Get(Resources.Endpoints, service.Namespace, service.Name) is null)
        {
            var made = new JsonObject { ["metadata"] = new JsonObject { ["name"] = service.Name } };
            Fill(made);
            SetTrigger(made, trigger);
            api.Create(Resources.Endpoints, service.Namespace, made);
            return;
        }
        api.Update(Resources.Endpoints, service.Namespace, service.Name, json =>
        {
            var before = json.DeepClone();
            Fill(json);
            if (!JsonNode.DeepEquals(before, json))
            {
                SetTrigger(json, trigger);
            }
        });
    }

    private static JsonObject Subset(List<ServicePod> pods, bool tolerant)
    {
        var subset = new JsonObject();
        Put("addresses", pods.Where(pod => tolerant || pod.IsReady));
        Put("notReadyAddresses", pods.Where(pod => !tolerant && !pod.IsReady));
        if (pods[0].Ports.Count > 0)
        {
            subset["ports"] = new JsonArray([.. pods[0].Ports.Select(PortOf)]);
        }
        return subset;

        void Put(string name, IEnumerable<ServicePod> listed)
        {
            JsonNode[] addresses = [.. listed.OrderBy(pod => pod.Address, StringComparer.Ordinal).Select(AddressOf)];
            if (addresses.Length > 0)
            {
                subset[name] = new JsonArray(addresses);
            }
        }
    }

    private static JsonObject PortOf(ResolvedPort port)
    {
        var json = new JsonObject();
        if (port.Name.Length > 0)
        {
            json["name"] = port.Name;
        }
        json["port"] = port.Port;
        json["protocol"] = port.Protocol;
        return json;
    }

    private static JsonObject AddressOf(ServicePod pod)
    {
        var json = new JsonObject { ["ip"] = pod.Address };
        if (pod.Hostname is not null)
        {
            json["hostname"] = pod.Hostname;
        }
        if (pod.Pod.Spec.NodeName is { Length: > 0 } node)
        {
            json["nodeName"] = node;
        }
        json["targetRef"] = pod.TargetRef();
        return json;
    }

    internal static void SetTrigger(JsonObject json, DateTimeOffset? trigger)
    {
        var metadata = json.Object("metadata");
        if (trigger is { } time)
        {
            metadata.Object("annotations")[TriggerTime] = time.ToKubeTime();
        }
        else if (metadata["annotations"] is JsonObject annotations)
        {
            annotations.Remove(TriggerTime);
            if (annotations.Count == 0)
            {
                metadata.Remove("annotations");
            }
        }
    }
}
