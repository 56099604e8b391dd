using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Kubelet;

/// <summary>The Node object as a kubelet registers it.</summary>
internal static class NodeStatusBuilder
{
    /// <summary>Annotation with what this node does not enforce, one sentence a line.</summary>
    public const string NotEnforced = "plumb.dev/not-enforced";

    private const long ReservedMemoryBytes = 100 << 20;

    private static readonly (string Type, string Reason, string Message, bool Value)[] Conditions =
    [
        ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", false),
        ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", false),
        ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", false),
        ("Ready", "KubeletReady", "kubelet is posting ready status", true),
    ];

    public static JsonObject Build(KubeletOptions options, NodeResources resources, NodeCapabilities capabilities, DateTimeOffset now)
    {
        var architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        var labels = new JsonObject
        {
            ["beta.kubernetes.io/arch"] = architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = architecture,
            ["kubernetes.io/hostname"] = options.NodeName,
            ["kubernetes.io/os"] = "linux",
        };
        foreach (var (name, value) in options.Labels)
        {
            labels[name] = value;
        }
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = options.NodeName,
                ["labels"] = labels,
                ["annotations"] = new JsonObject
                {
                    ["node.alpha.kubernetes.io/ttl"] = "0",
                    [NotEnforced] = string.Join('\n', capabilities.NotEnforced),
                    ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true",
                },
            },
            ["spec"] = new JsonObject { ["podCIDR"] = options.PodCidr, ["podCIDRs"] = new JsonArray(options.PodCidr) },
            ["status"] = Status(options, resources, architecture, now),
        };
    }

    /// <summary>New heartbeats; a condition's transition time moves only with its value.</summary>
    public static void Beat(JsonObject node, DateTimeOffset now)
    {
        var status = node.Object("status");
        var previous = status["conditions"] as JsonArray ?? [];
        status["conditions"] = ConditionsAt(now, previous);
    }

    private static JsonObject Status(KubeletOptions options, NodeResources resources, string architecture, DateTimeOffset now) => new()
    {
        ["capacity"] = Amounts(resources, resources.MemoryBytes, $"{Text(resources.StorageBytes / 1024)}Ki"),
        ["allocatable"] = Amounts(resources, resources.MemoryBytes - ReservedMemoryBytes, Text(resources.StorageBytes / 10 * 9)),
        ["conditions"] = ConditionsAt(now, []),
        ["addresses"] = new JsonArray(
            new JsonObject { ["type"] = "InternalIP", ["address"] = options.NodeAddress },
            new JsonObject { ["type"] = "Hostname", ["address"] = options.NodeName }),
        ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = 10250 } },
        ["nodeInfo"] = new JsonObject
        {
            ["machineID"] = Line("/etc/machine-id"),
            ["systemUUID"] = Line("/etc/machine-id"),
            ["bootID"] = Line("/proc/sys/kernel/random/boot_id"),
            ["kernelVersion"] = Line("/proc/sys/kernel/osrelease"),
            ["osImage"] = OsImage(),
            ["containerRuntimeVersion"] = "plumb://0.1.0",
            ["kubeletVersion"] = "v1.33.3",
            ["kubeProxyVersion"] = "",
            ["operatingSystem"] = "linux",
            ["architecture"] = architecture,
        },
        ["images"] = new JsonArray([.. options.Images.Select(image => new JsonObject { ["names"] = new JsonArray(image.Pattern), ["sizeBytes"] = 0 })]),
    };

    private static JsonObject Amounts(NodeResources resources, long memory, string storage) => new()
    {
        ["cpu"] = Text(resources.Cpus),
        ["ephemeral-storage"] = storage,
        ["hugepages-1Gi"] = "0",
        ["hugepages-2Mi"] = "0",
        ["memory"] = $"{Text(memory / 1024)}Ki",
        ["pods"] = Text(resources.Pods),
    };

    private static JsonArray ConditionsAt(DateTimeOffset now, JsonArray previous)
    {
        var own = Conditions.Select(JsonNode? (condition) =>
        {
            var value = condition.Value ? "True" : "False";
            var old = previous.OfType<JsonObject>().FirstOrDefault(item => item.Text("type") == condition.Type);
            return new JsonObject
            {
                ["type"] = condition.Type,
                ["status"] = value,
                ["lastHeartbeatTime"] = now.ToKubeTime(),
                ["lastTransitionTime"] = old?.Text("status") == value && old.Text("lastTransitionTime") is { } since ? since : now.ToKubeTime(),
                ["reason"] = condition.Reason,
                ["message"] = condition.Message,
            };
        });
        var others = previous.OfType<JsonObject>().Where(item => Conditions.All(condition => condition.Type != item.Text("type"))).Select(item => item.DeepClone());
        return new JsonArray([.. own, .. others]);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Line(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault() ?? "" : "";

    private static string OsImage()
    {
        var line = File.Exists("/etc/os-release") ? File.ReadLines("/etc/os-release").FirstOrDefault(text => text.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)) : null;
        return line is null ? "Linux" : line["PRETTY_NAME=".Length..].Trim('"');
    }
}
