using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace Plumb.Cluster.Objects;

/// <summary>
/// One stored version of one object. Immutable: the JSON bytes are what every client gets, so a watch with a thousand
/// readers serialises once. A change makes a new one (<see cref="ToMutable"/>, then the API).
/// </summary>
internal sealed class KubeObject
{
    private readonly Lazy<JsonElement> _json;
    private object? _model;
    private object? _plain;

    private KubeObject(ResourceKind kind, byte[] utf8, JsonObject metadata)
    {
        Kind = kind;
        Utf8 = utf8;
        Name = metadata.Text("name") ?? "";
        Namespace = metadata.Text("namespace");
        Uid = metadata.Text("uid") ?? "";
        ResourceVersion = long.TryParse(metadata.Text("resourceVersion"), CultureInfo.InvariantCulture, out var version) ? version : 0;
        Labels = metadata["labels"] is JsonObject labels ? labels.ToTexts() : NoLabels;
        IsTerminating = metadata.Text("deletionTimestamp") is not null;
        _json = new Lazy<JsonElement>(() => JsonDocument.Parse(Utf8).RootElement);
    }

    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();

    public ResourceKind Kind { get; }
    public string? Namespace { get; }
    public string Name { get; }
    public string Uid { get; }
    public long ResourceVersion { get; }
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>True once deletion was asked for: metadata.deletionTimestamp is set.</summary>
    public bool IsTerminating { get; }

    /// <summary>The object as compact JSON in UTF-8.</summary>
    public byte[] Utf8 { get; }

    public JsonElement Json => _json.Value;

    public ObjectKey Key => new(Namespace, Name);

    public static KubeObject From(ResourceKind kind, JsonObject json) =>
        new(kind, JsonSerializer.SerializeToUtf8Bytes(json, KubeJson.Compact.JsonObject), json.Object("metadata"));

    /// <summary>A private copy that the caller may change.</summary>
    public JsonObject ToMutable() => JsonNode.Parse(Utf8)!.AsObject();

    /// <summary>The object as one of the records in Models, which hold the fields that the cluster itself reads. Read once and kept: both are immutable.</summary>
    public T As<T>(JsonTypeInfo<T> type)
        where T : class
    {
        // Two places, so that asking for the metadata alone does not push the kind's own record out.
        ref var place = ref typeof(T) == typeof(Models.PlainObject) ? ref _plain : ref _model;
        if (place is T known)
        {
            return known;
        }
        var model = JsonSerializer.Deserialize(Utf8, type)!;
        place = model;
        return model;
    }

    public override string ToString() => Namespace is null ? $"{Kind.Plural}/{Name}" : $"{Kind.Plural}/{Namespace}/{Name}";
}

/// <summary>Namespace (null for cluster-wide kinds) and name.</summary>
internal readonly record struct ObjectKey(string? Namespace, string Name) : IComparable<ObjectKey>
{
    public int CompareTo(ObjectKey other) =>
        string.CompareOrdinal(Namespace, other.Namespace) is var first and not 0 ? first : string.CompareOrdinal(Name, other.Name);

    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
