using System.Globalization;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Schema;

/// <summary>The embedded schema of every kind served, read once, when the first object needs it.</summary>
internal static class Schemas
{
    private static readonly Lazy<Dictionary<string, StructType>> Types = new(Load);

    public static StructType Of(ResourceKind kind) => Of(GroupName(kind.Group) + "." + kind.Version + "." + kind.Kind);

    public static StructType Of(string name) => Types.Value[name];

    public static StructType? Find(string group, string version, string kind) => Types.Value.GetValueOrDefault(GroupName(group) + "." + version + "." + kind);

    public static StructType ObjectMeta => Of("meta.v1.ObjectMeta");

    private static string GroupName(string group) => group.Length == 0 ? "core" : group.Split('.', 2)[0];

    private static Dictionary<string, StructType> Load()
    {
        using var stream = typeof(Schemas).Assembly.GetManifestResourceStream("Plumb.Cluster.schema.txt")!;
        using var reader = new StreamReader(stream);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var types = new Dictionary<string, StructType>();
        foreach (var line in lines.Where(line => line[0] == '='))
        {
            var name = line[1..].Split(' ')[0];
            types[name] = new StructType(name, line.EndsWith(" mt=atomic", StringComparison.Ordinal));
        }
        StructType? current = null;
        var inlines = new List<(StructType Owner, int At, StructType Inlined)>();
        foreach (var line in lines.Where(line => line[0] != '#'))
        {
            if (line[0] == '=')
            {
                current = types[line[1..].Split(' ')[0]];
                continue;
            }
            var parts = line.Split(' ');
            var number = int.Parse(parts[1], CultureInfo.InvariantCulture);
            if (parts[0] == "+")
            {
                current!.Inlined[number] = types[parts[2]];
                inlines.Add((current, current.Fields.Count, types[parts[2]]));
                continue;
            }
            var field = Read(parts, types);
            current!.Fields.Add(field);
            current.ByNumber[number] = field;
        }
        // Inlined types hold no inlined types themselves, so one pass is enough.
        foreach (var (owner, at, inlined) in inlines)
        {
            owner.Fields.InsertRange(at, inlined.Fields);
        }
        return types;
    }

    private static SchemaField Read(string[] parts, Dictionary<string, StructType> types)
    {
        var field = new SchemaField(parts[0], ReadType(parts[2], types), parts[3].Contains('o'), parts[3].Contains('p'));
        foreach (var attribute in parts.Skip(4))
        {
            var (key, value) = (attribute[..attribute.IndexOf('=')], attribute[(attribute.IndexOf('=') + 1)..]);
            field = (key, value) switch
            {
                ("lt", "atomic") or ("mt", "atomic") => field with { IsAtomic = true },
                ("lt", "set") => field with { IsSet = true },
                ("lt", _) => field with { ListKeys = value["map:".Length..].Split(',') },
                ("pk", _) => field with { MergeKey = value },
                ("ps", _) => field with { Merges = value.Contains("merge", StringComparison.Ordinal), RetainsKeys = value.Contains("retainKeys", StringComparison.Ordinal) },
                ("d", _) => field with { Default = value },
                _ => field,
            };
        }
        return field;
    }

    private static SchemaType ReadType(string text, Dictionary<string, StructType> types)
    {
        if (text.StartsWith("[]", StringComparison.Ordinal))
        {
            var element = ReadType(text[2..], types);
            return new SchemaType(ValueKind.List, "[]" + element.GoName, element);
        }
        if (text.StartsWith("{}", StringComparison.Ordinal))
        {
            var element = ReadType(text[2..], types);
            return new SchemaType(ValueKind.Map, "map[string]" + element.GoName, element);
        }
        if (types.TryGetValue(text, out var found))
        {
            return new SchemaType(ValueKind.Struct, "v1." + found.ShortName, Struct: found);
        }
        var colon = text.IndexOf(':');
        var (plain, name) = colon < 0 ? (text, text) : (text[..colon], text[(colon + 1)..]);
        return plain switch
        {
            "string" => new SchemaType(ValueKind.Text, name),
            "bool" => new SchemaType(ValueKind.Boolean, name),
            "int32" => new SchemaType(ValueKind.Int32, name),
            "int64" => new SchemaType(ValueKind.Int64, name),
            "float64" => new SchemaType(ValueKind.Float, name),
            "bytes" => new SchemaType(ValueKind.Bytes, "[]uint8"),
            "quantity" => new SchemaType(ValueKind.Quantity, "resource.Quantity"),
            "intstr" => new SchemaType(ValueKind.IntOrString, "intstr.IntOrString"),
            "time" => new SchemaType(ValueKind.Time, "string"),
            "microtime" => new SchemaType(ValueKind.MicroTime, "string"),
            "raw" => new SchemaType(ValueKind.Raw, "runtime.RawExtension"),
            "fields" => new SchemaType(ValueKind.Fields, "v1.FieldsV1"),
            _ => throw new InvalidDataException($"schema.txt names an unknown type {text}"),
        };
    }
}
