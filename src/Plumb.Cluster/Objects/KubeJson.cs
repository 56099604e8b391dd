using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Objects;

/// <summary>The one place that says how objects become JSON. Source-generated: reflection would cost start-up time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(JsonNode))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(PodStatus))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(LabelSelector))]
[JsonSerializable(typeof(ObjectMeta))]
[JsonSerializable(typeof(OwnerReference))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(StatefulSet))]
[JsonSerializable(typeof(ControllerRevision))]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(PersistentVolumeClaim))]
[JsonSerializable(typeof(PersistentVolume))]
[JsonSerializable(typeof(StorageClass))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(PlainObject))]
[JsonSerializable(typeof(Affinity))]
[JsonSerializable(typeof(IReadOnlyList<TopologySpreadConstraint>))]
internal sealed partial class KubeJson : JsonSerializerContext
{
    /// <summary>Compact output with only the escapes that JSON itself needs, as Kubernetes writes it.</summary>
    public static KubeJson Compact { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new KubeTimeConverter() },
    });
}
