using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Defaults;

/// <summary>Defaults of pods and of the pod templates in workloads, which differ in a few fields.</summary>
internal static class PodDefaults
{
    private const int ReadableByAll = 420;

    public static void ApplyToPod(JsonObject spec)
    {
        spec.Default("enableServiceLinks", true);
        Apply(spec);
        foreach (var container in Containers(spec))
        {
            RequestWhatIsLimited(container);
        }
    }

    public static void ApplyToTemplate(JsonObject spec) => Apply(spec);

    private static void Apply(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("schedulerName", "default-scheduler");
        _ = spec.Object("securityContext");
        MirrorServiceAccount(spec);
        foreach (var container in Containers(spec))
        {
            Container(container, spec["hostNetwork"]?.GetValueKind() == System.Text.Json.JsonValueKind.True);
        }
        foreach (var volume in Items(spec, "volumes"))
        {
            Volume(volume);
        }
    }

    /// <summary>serviceAccount is the old name of serviceAccountName; both are always written.</summary>
    public static void MirrorServiceAccount(JsonObject spec)
    {
        var name = spec.Text("serviceAccountName") is { Length: > 0 } given ? given : spec.Text("serviceAccount");
        if (name is { Length: > 0 })
        {
            spec["serviceAccountName"] = name;
            spec["serviceAccount"] = name;
        }
    }

    public static IEnumerable<JsonObject> Containers(JsonObject spec) =>
        Items(spec, "initContainers").Concat(Items(spec, "containers")).Concat(Items(spec, "ephemeralContainers"));

    private static IEnumerable<JsonObject> Items(JsonObject owner, string name) => (owner[name] as JsonArray ?? []).OfType<JsonObject>();

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        container.Default("imagePullPolicy", IsLatest(container.Text("image") ?? "") ? "Always" : "IfNotPresent");
        foreach (var port in Items(container, "ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && port["hostPort"] is null)
            {
                port["hostPort"] = port["containerPort"]?.DeepClone();
            }
        }
        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container[name] is JsonObject probe)
            {
                Probe(probe);
            }
        }
        foreach (var name in (ReadOnlySpan<string>)["postStart", "preStop"])
        {
            if ((container["lifecycle"] as JsonObject)?[name] is JsonObject handler)
            {
                HttpGet(handler);
            }
        }
        foreach (var variable in Items(container, "env"))
        {
            FieldReference(variable["valueFrom"] as JsonObject);
            if ((variable["valueFrom"] as JsonObject)?["resourceFieldRef"] is JsonObject resource)
            {
                resource.Default("divisor", "0");
            }
        }
    }

    /// <summary>True when the image has no tag and no digest, or the tag latest.</summary>
    private static bool IsLatest(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return false;
        }
        var name = image[(image.LastIndexOf('/') + 1)..];
        return !name.Contains(':', StringComparison.Ordinal) || name.EndsWith(":latest", StringComparison.Ordinal);
    }

    private static void Probe(JsonObject probe)
    {
        HttpGet(probe);
        probe.DefaultNumber("timeoutSeconds", 1);
        probe.DefaultNumber("periodSeconds", 10);
        probe.DefaultNumber("successThreshold", 1);
        probe.DefaultNumber("failureThreshold", 3);
        if (probe["grpc"] is JsonObject grpc && grpc["service"] is null)
        {
            grpc["service"] = "";
        }
    }

    private static void DefaultNumber(this JsonObject json, string name, int value)
    {
        if ((json.Integer(name) ?? 0) == 0)
        {
            json[name] = value;
        }
    }

    private static void HttpGet(JsonObject owner)
    {
        if (owner["httpGet"] is JsonObject get)
        {
            get.Default("path", "/");
            get.Default("scheme", "HTTP");
        }
    }

    private static void FieldReference(JsonObject? owner)
    {
        if (owner?["fieldRef"] is JsonObject reference)
        {
            reference.Default("apiVersion", "v1");
        }
    }

    private static void Volume(JsonObject volume)
    {
        if (!volume.Any(pair => pair.Value is not null && pair.Key != "name"))
        {
            volume["emptyDir"] = new JsonObject();
        }
        foreach (var name in (ReadOnlySpan<string>)["secret", "configMap", "downwardAPI", "projected"])
        {
            if (volume[name] is JsonObject source)
            {
                source.Default("defaultMode", ReadableByAll);
                Downward(source);
            }
        }
        if (volume["hostPath"] is JsonObject path && path["type"] is null)
        {
            path["type"] = "";
        }
        foreach (var source in volume["projected"] is JsonObject projected ? Items(projected, "sources") : [])
        {
            if (source["serviceAccountToken"] is JsonObject token)
            {
                token.Default("expirationSeconds", 3600);
            }
            if (source["downwardAPI"] is JsonObject downward)
            {
                Downward(downward);
            }
        }
    }

    private static void Downward(JsonObject source)
    {
        foreach (var item in Items(source, "items"))
        {
            FieldReference(item);
            if (item["resourceFieldRef"] is JsonObject resource)
            {
                resource.Default("divisor", "0");
            }
        }
    }

    private static void RequestWhatIsLimited(JsonObject container)
    {
        if (container["resources"] is not JsonObject resources || resources["limits"] is not JsonObject limits)
        {
            return;
        }
        foreach (var (name, value) in limits)
        {
            var requests = resources.Object("requests");
            requests[name] ??= value?.DeepClone();
        }
    }
}
