using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Writes a Service's EndpointSlices: one for each set of ports, in pieces of a hundred. An endpoint keeps its place, a new one is
/// added at the end, so that a watcher sees small changes.
/// </summary>
internal sealed class EndpointSliceWriter(ClusterApi api, string triggerAnnotation)
{
    public const string ServiceLabel = "kubernetes.io/service-name";
    private const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    private const string Manager = "endpointslice-controller.k8s.io";

    /// <summary>Endpoints in one slice, the field's default.</summary>
    private const int SliceLimit = 100;

    public void Write(KubeObject service, ServiceSpec spec, IReadOnlyList<ServicePod> pods, DateTimeOffset? trigger)
    {
        var free = Mine(service.Key).ToList();
        var tolerant = spec.PublishNotReadyAddresses == true;
        var groups = pods.Where(pod => pod.Ports.Count > 0 || spec.Ports is not { Count: > 0 }).GroupBy(pod => string.Join(',', pod.Ports)).ToList();
        foreach (var group in groups)
        {
            var ports = new JsonArray([.. group.First().Ports.Select(port => new JsonObject { ["name"] = port.Name, ["protocol"] = port.Protocol, ["port"] = port.Port })]);
            foreach (var piece in InPlace([.. group], free).Chunk(SliceLimit))
            {
                // The slice that already holds one of these pods, else any that is left over.
                var uids = piece.Select(pod => pod.Object.Uid).ToHashSet();
                var slice = free.FirstOrDefault(item => Uids(item).Any(uids.Contains)) ?? (free.Count > 0 ? free[0] : null);
                if (slice is not null)
                {
                    free.Remove(slice);
                }
                Save(service, spec, slice, new JsonArray([.. piece.Select(pod => ToJson(pod, tolerant))]), (JsonArray)ports.DeepClone(), trigger);
            }
        }
        if (groups.Count == 0)
        {
            var slice = free.Count > 0 ? free[0] : null;
            if (slice is not null)
            {
                free.Remove(slice);
            }
            Save(service, spec, slice, null, null, trigger);
        }
        foreach (var leftOver in free)
        {
            api.Delete(Resources.EndpointSlices, leftOver.Namespace, leftOver.Name);
        }
    }

    public void DeleteAll(ObjectKey service)
    {
        foreach (var slice in Mine(service).ToList())
        {
            api.Delete(Resources.EndpointSlices, slice.Namespace, slice.Name);
        }
    }

    private IEnumerable<KubeObject> Mine(ObjectKey service) =>
        api.List(Resources.EndpointSlices, service.Namespace).Where(slice =>
            slice.Labels.GetValueOrDefault(ServiceLabel) == service.Name && slice.Labels.GetValueOrDefault(ManagedBy) == Manager);

    private static IEnumerable<string> Uids(KubeObject slice) =>
        (slice.As(KubeJson.Compact.EndpointSlice).Endpoints ?? []).Select(endpoint => endpoint.TargetRef?.Uid ?? "");

    /// <summary>The pods in the order of the present slices, then the new ones in the order in which they came.</summary>
    private static IEnumerable<ServicePod> InPlace(List<ServicePod> pods, List<KubeObject> slices)
    {
        var known = slices.SelectMany(Uids).Select((uid, place) => (uid, place)).DistinctBy(entry => entry.uid).ToDictionary(entry => entry.uid, entry => entry.place);
        return pods.OrderBy(pod => known.GetValueOrDefault(pod.Object.Uid, int.MaxValue)).ThenBy(pod => pod.Object.ResourceVersion);
    }

    private void Save(KubeObject service, ServiceSpec spec, KubeObject? slice, JsonArray? endpoints, JsonArray? ports, DateTimeOffset? trigger)
    {
        void Fill(JsonObject json)
        {
            json.Object("metadata")["labels"] = Labels(service, spec);
            json["addressType"] = "IPv4";
            json["endpoints"] = endpoints?.DeepClone();
            json["ports"] = ports?.DeepClone();
        }
        if (slice is null)
        {
            var made = new JsonObject
            {
                ["metadata"] = new JsonObject { ["generateName"] = service.Name + "-", ["ownerReferences"] = new JsonArray(Ownership.ReferenceTo(service)) },
            };
            Fill(made);
            EndpointsController.SetTrigger(made, trigger);
            api.Create(Resources.EndpointSlices, service.Namespace, made);
            return;
        }
        api.Update(Resources.EndpointSlices, slice.Namespace, slice.Name, json =>
        {
            var before = json.DeepClone();
            Fill(json);
            if (JsonNode.DeepEquals(before, json))
            {
                return;
            }
            if (trigger is null)
            {
                json.Object("metadata").Object("annotations").Remove(triggerAnnotation);
            }
            EndpointsController.SetTrigger(json, trigger);
        });
    }

    private static JsonObject Labels(KubeObject service, ServiceSpec spec)
    {
        var labels = service.Labels.ToDictionary(pair => pair.Key, pair => pair.Value);
        labels[ManagedBy] = Manager;
        labels[ServiceLabel] = service.Name;
        if (spec.ClusterIP == "None")
        {
            labels["service.kubernetes.io/headless"] = "";
        }
        return new JsonObject(labels.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
    }

    private static JsonObject ToJson(ServicePod pod, bool tolerant)
    {
        var json = new JsonObject
        {
            ["addresses"] = new JsonArray(pod.Address),
            ["conditions"] = new JsonObject
            {
                ["ready"] = tolerant || (pod.IsReady && !pod.IsTerminating),
                ["serving"] = pod.IsReady,
                ["terminating"] = pod.IsTerminating,
            },
        };
        if (pod.Hostname is not null)
        {
            json["hostname"] = pod.Hostname;
        }
        json["targetRef"] = pod.TargetRef();
        if (pod.Pod.Spec.NodeName is { Length: > 0 } node)
        {
            json["nodeName"] = node;
        }
        return json;
    }
}
