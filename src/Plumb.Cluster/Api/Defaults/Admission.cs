using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Defaults;

/// <summary>
/// What the server adds to a new object from the state of the cluster: the service account and its token volume, the default storage
/// class, addresses and ports of Services, protection finalizers, the first status.
/// </summary>
internal sealed class Admission(Store.ObjectStore store)
{
    private const int FirstNodePort = 30000;
    private const int NodePorts = 2768;

    private int _nextNodePort;

    /// <summary>Where ClusterIPs come from; null in tests without a network, where Services get none.</summary>
    public ServiceAddresses? Addresses { get; set; }

    public ApiFailure? Admit(ResourceKind kind, JsonObject json)
    {
        var metadata = json.Object("metadata");
        switch (kind.Kind)
        {
            case "Pod":
                return Pod(json, metadata);
            case "Service":
                return Service(json, metadata);
            case "PersistentVolumeClaim":
                AddFinalizer(metadata, "kubernetes.io/pvc-protection");
                ChooseStorageClass(json.Object("spec"));
                json["status"] = new JsonObject { ["phase"] = "Pending" };
                break;
            case "PersistentVolume":
                AddFinalizer(metadata, "kubernetes.io/pv-protection");
                json["status"] = new JsonObject { ["phase"] = "Pending" };
                break;
            case "Namespace":
                json["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
                json["status"] = new JsonObject { ["phase"] = "Active" };
                break;
            case "Deployment" or "ReplicaSet" or "StatefulSet" or "PodDisruptionBudget":
                json["status"] = new ObjectReader().Read(Schemas.Of(kind), [])["status"]?.DeepClone();
                break;
        }
        return null;
    }

    private ApiFailure? Pod(JsonObject pod, JsonObject metadata)
    {
        var spec = pod.Object("spec");
        var ns = metadata.Text("namespace") ?? "default";
        spec.Default("serviceAccountName", "default");
        PodDefaults.MirrorServiceAccount(spec);
        var account = spec.Text("serviceAccountName")!;
        var stored = store.Get(Resources.ServiceAccounts, ns, account);
        if (stored is null && account != "default")
        {
            return ApiFailure.Forbidden(Resources.Pods, metadata.Text("name") ?? "", $"error looking up service account {ns}/{account}: serviceaccount \"{account}\" not found");
        }
        if (WantsToken(spec, stored))
        {
            MountToken(spec);
        }
        Tolerate(spec, "node.kubernetes.io/not-ready");
        Tolerate(spec, "node.kubernetes.io/unreachable");
        spec.Default("priority", 0);
        spec.Default("preemptionPolicy", "PreemptLowerPriority");
        pod["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOfService.Of(spec) };
        if (spec["schedulingGates"] is JsonArray { Count: > 0 })
        {
            pod.Object("status")["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "False",
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = null,
                ["reason"] = "SchedulingGated",
                ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
            });
        }
        return null;
    }

    private static bool WantsToken(JsonObject spec, KubeObject? account)
    {
        if (spec["automountServiceAccountToken"] is { } asked)
        {
            return asked.GetValueKind() == JsonValueKind.True;
        }
        return account is null || !account.Json.TryGetProperty("automountServiceAccountToken", out var mount) || mount.ValueKind != JsonValueKind.False;
    }

    private static void MountToken(JsonObject spec)
    {
        const string Path = "/var/run/secrets/kubernetes.io/serviceaccount";
        var name = "kube-api-access-" + NameSuffix.Next(5);
        var used = false;
        foreach (var container in PodDefaults.Containers(spec))
        {
            var mounts = container["volumeMounts"] as JsonArray ?? [];
            if (mounts.OfType<JsonObject>().Any(mount => mount.Text("mountPath") == Path))
            {
                continue;
            }
            used = true;
            mounts.Add((JsonNode)new JsonObject { ["name"] = name, ["readOnly"] = true, ["mountPath"] = Path });
            container["volumeMounts"] = mounts.Parent is null ? mounts : mounts.DeepClone();
        }
        if (!used)
        {
            return;
        }
        var volume = JsonNode.Parse("""
            {"name":"","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},
            {"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},
            {"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}
            """)!;
        volume["name"] = name;
        var volumes = spec["volumes"]?.DeepClone() as JsonArray ?? [];
        volumes.Add(volume);
        spec["volumes"] = volumes;
    }

    private static void Tolerate(JsonObject spec, string taint)
    {
        var tolerations = spec["tolerations"] as JsonArray;
        if (tolerations is null)
        {
            spec["tolerations"] = tolerations = [];
        }
        var covered = tolerations.OfType<JsonObject>().Any(item =>
            (item.Text("key") == taint || (item.Text("key") is null or "" && item.Text("operator") == "Exists")) && item.Text("effect") is null or "" or "NoExecute");
        if (!covered)
        {
            tolerations.Add((JsonNode)new JsonObject { ["key"] = taint, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = 300 });
        }
    }

    private void ChooseStorageClass(JsonObject spec)
    {
        if (spec["storageClassName"] is not null || spec.Text("volumeName") is { Length: > 0 })
        {
            return;
        }
        var standard = store.List(Resources.StorageClasses).Objects
            .Where(item => (item.ToMutable().Object("metadata")["annotations"] as JsonObject)?.Text("storageclass.kubernetes.io/is-default-class") == "true")
            .OrderByDescending(item => item.ResourceVersion).FirstOrDefault();
        if (standard is not null)
        {
            spec["storageClassName"] = standard.Name;
        }
    }

    private ApiFailure? Service(JsonObject json, JsonObject metadata)
    {
        var spec = json.Object("spec");
        json["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        if (spec.Text("type") == "ExternalName")
        {
            return null;
        }
        spec.Default("ipFamilies", new JsonArray("IPv4"));
        spec.Default("ipFamilyPolicy", "SingleStack");
        if (spec.Text("clusterIP") is not { Length: > 0 } && Addresses is not null)
        {
            var used = store.List(Resources.Services).Objects.Select(item => item.Json.GetProperty("spec"))
                .Select(item => item.TryGetProperty("clusterIP", out var address) ? address.GetString() ?? "" : "").ToHashSet();
            var next = Addresses.Next(used);
            if (next is null)
            {
                return new ApiFailure(500, "InternalError", $"failed to allocate a serviceIP: range is full for \"{metadata.Text("name")}\"");
            }
            spec["clusterIP"] = next;
        }
        if (spec.Text("clusterIP") is { Length: > 0 } chosen)
        {
            spec.Default("clusterIPs", new JsonArray(chosen));
        }
        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            ChooseNodePorts(spec);
        }
        return null;
    }

    private void ChooseNodePorts(JsonObject spec)
    {
        var used = store.List(Resources.Services).Objects
            .SelectMany(item => item.ToMutable().Object("spec")["ports"] as JsonArray ?? []).OfType<JsonObject>()
            .Select(port => port.Integer("nodePort") ?? 0).ToHashSet();
        foreach (var port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>().Where(port => (port.Integer("nodePort") ?? 0) == 0))
        {
            for (var tried = 0; tried < NodePorts; tried++)
            {
                var candidate = FirstNodePort + (_nextNodePort++ % NodePorts);
                if (used.Add(candidate))
                {
                    port["nodePort"] = candidate;
                    break;
                }
            }
        }
    }

    private static void AddFinalizer(JsonObject metadata, string name)
    {
        var finalizers = metadata["finalizers"]?.DeepClone() as JsonArray ?? [];
        if (!finalizers.Any(item => item?.GetValue<string>() == name))
        {
            finalizers.Add(name);
        }
        metadata["finalizers"] = finalizers;
    }
}

/// <summary>Guaranteed, Burstable or BestEffort, from the containers' requests and limits.</summary>
internal static class QualityOfService
{
    public static string Of(JsonObject podSpec)
    {
        var any = false;
        var guaranteed = true;
        foreach (var container in PodDefaults.Containers(podSpec))
        {
            var resources = container["resources"] as JsonObject ?? [];
            var (requests, limits) = (resources["requests"] as JsonObject ?? [], resources["limits"] as JsonObject ?? []);
            any |= Counted(requests) || Counted(limits);
            foreach (var name in (ReadOnlySpan<string>)["cpu", "memory"])
            {
                var limit = limits.Text(name);
                guaranteed &= limit is not null && (requests[name] is null || requests.Text(name) == limit);
            }
        }
        return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }

    private static bool Counted(JsonObject amounts) =>
        amounts.Any(pair => pair.Key is "cpu" or "memory" && Quantity.Parse(pair.Value?.GetValue<string>()) > 0);
}
