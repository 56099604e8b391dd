namespace Plumb.Cluster.Api.Schema;

internal enum ValueKind
{
    Text,
    Boolean,
    Int32,
    Int64,
    Float,
    Bytes,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Raw,
    Fields,
    List,
    Map,
    Struct,
}

/// <summary>The type of a value, as the API's own (Go) types define it.</summary>
/// <param name="GoName">How the server names the type in error messages, for instance <c>int32</c> or <c>v1.RestartPolicy</c>.</param>
internal sealed record SchemaType(ValueKind Kind, string GoName, SchemaType? Element = null, StructType? Struct = null)
{
    public bool IsScalar => Kind is not (ValueKind.List or ValueKind.Map or ValueKind.Struct);
}

/// <summary>An object type: its fields in the order in which the API writes them.</summary>
internal sealed class StructType(string name, bool isAtomic)
{
    /// <summary>For instance <c>core.v1.PodSpec</c>.</summary>
    public string Name { get; } = name;

    /// <summary><c>PodSpec</c>: the name in Go's decoding errors.</summary>
    public string ShortName { get; } = name[(name.LastIndexOf('.') + 1)..];

    /// <summary>True when managers own the object as a whole.</summary>
    public bool IsAtomic { get; } = isAtomic;

    /// <summary>All fields, those of inlined types included.</summary>
    public List<SchemaField> Fields { get; } = [];

    /// <summary>Inlined types by protobuf number: on the wire they are messages of their own.</summary>
    public Dictionary<int, StructType> Inlined { get; } = [];

    /// <summary>Fields by protobuf number, without those of inlined types.</summary>
    public Dictionary<int, SchemaField> ByNumber { get; } = [];

    private Dictionary<string, SchemaField>? _byName;

    public SchemaField? Field(string name) => (_byName ??= Fields.ToDictionary(field => field.Name)).GetValueOrDefault(name);
}

/// <param name="OmitEmpty">An empty value is not written.</param>
/// <param name="IsPointer">Absent and empty differ: an empty value is kept.</param>
internal sealed record SchemaField(string Name, SchemaType Type, bool OmitEmpty, bool IsPointer)
{
    /// <summary>For lists merged by key: the keys of an item; null otherwise.</summary>
    public IReadOnlyList<string>? ListKeys { get; init; }
    /// <summary>A list whose values are its keys.</summary>
    public bool IsSet { get; init; }
    /// <summary>Managers own the list or map as a whole.</summary>
    public bool IsAtomic { get; init; }
    /// <summary>The key by which a strategic patch merges the list.</summary>
    public string? MergeKey { get; init; }
    public bool Merges { get; init; }
    public bool RetainsKeys { get; init; }
    public string? Default { get; init; }
}
