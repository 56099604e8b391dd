using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Defaults;

/// <summary>The values that the API fills in for what a client leaves out, kind by kind, as Kubernetes 1.33 does.</summary>
internal static class KindDefaults
{
    public static void Apply(ResourceKind kind, JsonObject json)
    {
        switch (kind.Kind)
        {
            case "Pod":
                PodDefaults.ApplyToPod(json.Object("spec"));
                break;
            case "Deployment":
                Deployment(json.Object("spec"));
                break;
            case "ReplicaSet":
                json.Object("spec").Default("replicas", 1);
                Template(json.Object("spec"));
                break;
            case "StatefulSet":
                StatefulSet(json.Object("spec"));
                break;
            case "Service":
                Service(json.Object("spec"));
                break;
            case "Secret":
                Secret(json);
                break;
            case "Namespace":
                json.Object("metadata").Object("labels")["kubernetes.io/metadata.name"] = json.Object("metadata").Text("name");
                break;
            case "PersistentVolumeClaim":
                json.Object("spec").Default("volumeMode", "Filesystem");
                break;
            case "PersistentVolume":
                PersistentVolume(json);
                break;
            case "StorageClass":
                json.Default("reclaimPolicy", "Delete");
                json.Default("volumeBindingMode", "Immediate");
                break;
            case "Endpoints":
                EndpointPorts((json["subsets"] as JsonArray ?? []).OfType<JsonObject>());
                break;
            case "EndpointSlice":
                EndpointPorts([json]);
                break;
        }
    }

    /// <summary>Sets a field that is absent, null or an empty text.</summary>
    public static void Default(this JsonObject json, string name, JsonNode value)
    {
        if (json[name] is null || json.Text(name) is "")
        {
            json[name] = value;
        }
    }

    private static void Template(JsonObject spec)
    {
        if (spec["template"] is JsonObject template)
        {
            PodDefaults.ApplyToTemplate(template.Object("spec"));
        }
    }

    private static void Deployment(JsonObject spec)
    {
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Object("strategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Object("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }
        Template(spec);
    }

    private static void StatefulSet(JsonObject spec)
    {
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("podManagementPolicy", "OrderedReady");
        var strategy = spec.Object("updateStrategy");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Object("rollingUpdate").Default("partition", 0);
        }
        var retention = spec.Object("persistentVolumeClaimRetentionPolicy");
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
        Template(spec);
        foreach (var claim in (spec["volumeClaimTemplates"] as JsonArray ?? []).OfType<JsonObject>())
        {
            claim["kind"] = "PersistentVolumeClaim";
            claim["apiVersion"] = "v1";
            claim.Object("spec").Default("volumeMode", "Filesystem");
            claim.Object("status").Default("phase", "Pending");
        }
    }

    private static void Service(JsonObject spec)
    {
        spec.Default("sessionAffinity", "None");
        spec.Default("type", "ClusterIP");
        var type = spec.Text("type");
        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Object("sessionAffinityConfig").Object("clientIP").Default("timeoutSeconds", 10800);
        }
        foreach (var port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>())
        {
            port.Default("protocol", "TCP");
            if (port["targetPort"] is null || port.Text("targetPort") is "" || port.Integer("targetPort") == 0)
            {
                port["targetPort"] = port["port"]?.DeepClone();
            }
        }
        if (type is "NodePort" or "LoadBalancer")
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }
        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }
        if (type is "ClusterIP" or "NodePort" or "LoadBalancer")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
        }
    }

    /// <summary>stringData is only a way to write: it becomes data.</summary>
    private static void Secret(JsonObject json)
    {
        json.Default("type", "Opaque");
        if (json["stringData"] is JsonObject texts)
        {
            foreach (var (key, value) in texts)
            {
                json.Object("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value?.GetValue<string>() ?? ""));
            }
            json.Remove("stringData");
        }
    }

    private static void PersistentVolume(JsonObject json)
    {
        var spec = json.Object("spec");
        spec.Default("persistentVolumeReclaimPolicy", "Retain");
        spec.Default("volumeMode", "Filesystem");
        json.Object("status").Default("phase", "Pending");
        if (spec["hostPath"] is JsonObject path && path["type"] is null)
        {
            path["type"] = "";
        }
    }

    private static void EndpointPorts(IEnumerable<JsonObject> owners)
    {
        foreach (var port in owners.SelectMany(owner => (owner["ports"] as JsonArray ?? []).OfType<JsonObject>()))
        {
            port.Default("protocol", "TCP");
        }
    }
}
