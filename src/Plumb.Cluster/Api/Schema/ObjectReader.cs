using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Cluster.Api.Schema;

/// <summary>
/// Turns a client's JSON into the form in which the API stores it: fields in the API's order, empty optional ones left out,
/// always-present ones filled in, quantities canonical; and collects what does not belong there.
/// </summary>
internal sealed class ObjectReader
{
    /// <summary>Fields named in one answer; a client with more is told about the first ones.</summary>
    private const int UnknownLimit = 100;

    /// <summary>Marks a map's key in the path, which Go's messages leave out.</summary>
    private const char MapKey = '\u0001';

    private readonly List<string> _path = [];

    /// <summary>The fields that the schema does not have, as paths.</summary>
    public List<string> Unknown { get; } = [];

    /// <summary>The first type error, in Go's words; null when the types are right.</summary>
    public string? TypeError { get; private set; }

    /// <summary>A whole object: kind, apiVersion and the fields of <paramref name="type"/>.</summary>
    public JsonObject Read(StructType type, JsonObject json) => ReadStruct(type, json, isRoot: true);

    private JsonObject ReadStruct(StructType type, JsonObject json, bool isRoot = false)
    {
        var made = new JsonObject();
        foreach (var meta in (ReadOnlySpan<string>)["kind", "apiVersion"])
        {
            if (type.Field(meta) is null && json[meta] is { } value && (isRoot || HasTypeMeta(type)))
            {
                made[meta] = value.GetValueKind() == JsonValueKind.String ? value.DeepClone() : null;
            }
        }
        foreach (var field in type.Fields)
        {
            json.TryGetPropertyValue(field.Name, out var value);
            _path.Add(field.Name);
            var read = value is null ? null : ReadValue(field.Type, value, type);
            _path.RemoveAt(_path.Count - 1);
            if (Settle(field, read) is { } kept)
            {
                made[field.Name] = kept.Node;
            }
        }
        foreach (var name in json.Select(pair => pair.Key).Where(name => type.Field(name) is null && !(name is "kind" or "apiVersion" && (isRoot || HasTypeMeta(type)))))
        {
            if (Unknown.Count < UnknownLimit)
            {
                Unknown.Add(PathOf(name));
            }
        }
        return made;
    }

    private readonly record struct Kept(JsonNode? Node);

    /// <summary>What of a field is written: null when it is left out.</summary>
    private static Kept? Settle(SchemaField field, JsonNode? read)
    {
        if (read is not null)
        {
            var dropped = field.OmitEmpty && IsEmpty(field, read);
            return dropped ? null : new Kept(read);
        }
        if (field.IsPointer)
        {
            return field.OmitEmpty ? null : new Kept(null);
        }
        return field.Type.Kind switch
        {
            ValueKind.Struct => new Kept(new ObjectReader().ReadStruct(field.Type.Struct!, [])),
            ValueKind.Time or ValueKind.MicroTime => new Kept(null),
            _ when field.OmitEmpty => null,
            ValueKind.Text => new Kept(JsonValue.Create("")),
            ValueKind.Boolean => new Kept(JsonValue.Create(false)),
            ValueKind.Int32 or ValueKind.Int64 or ValueKind.Float or ValueKind.IntOrString => new Kept(JsonValue.Create(0)),
            ValueKind.Quantity => new Kept(JsonValue.Create("0")),
            _ => new Kept(null),
        };
    }

    private static bool IsEmpty(SchemaField field, JsonNode value) => field.Type.Kind switch
    {
        ValueKind.List => value is JsonArray { Count: 0 },
        ValueKind.Map => value is JsonObject { Count: 0 },
        _ when field.IsPointer => false,
        ValueKind.Text => value.GetValue<string>().Length == 0,
        ValueKind.Boolean => !value.GetValue<bool>(),
        ValueKind.Int32 or ValueKind.Int64 => value.GetValue<long>() == 0,
        _ => false,
    };

    private JsonNode? ReadValue(SchemaType type, JsonNode value, StructType owner)
    {
        switch (type.Kind)
        {
            case ValueKind.Struct when value is JsonObject item:
                return ReadStruct(type.Struct!, item);
            case ValueKind.List when value is JsonArray items:
                return ReadList(type, items, owner);
            case ValueKind.Map when value is JsonObject map:
                return ReadMap(type, map, owner);
            case ValueKind.Text when value.GetValueKind() == JsonValueKind.String:
            case ValueKind.Bytes when value.GetValueKind() == JsonValueKind.String:
                return type.Kind == ValueKind.Bytes ? ReadBytes(value) : value.DeepClone();
            case ValueKind.Boolean when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False:
                return value.DeepClone();
            case ValueKind.Int32 or ValueKind.Int64 when value.GetValueKind() == JsonValueKind.Number:
                return ReadInteger(type, value, owner);
            case ValueKind.Float when value.GetValueKind() == JsonValueKind.Number:
                return value.DeepClone();
            case ValueKind.Quantity when value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number:
                return ReadQuantity(value);
            case ValueKind.IntOrString when value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number:
                return ReadIntOrString(value);
            case ValueKind.Time or ValueKind.MicroTime when value.GetValueKind() == JsonValueKind.String:
                return ReadTime(type, value);
            case ValueKind.Raw or ValueKind.Fields:
                return value.DeepClone();
            default:
                return Mismatch(type, value, owner);
        }
    }

    private JsonArray ReadList(SchemaType type, JsonArray items, StructType owner)
    {
        var made = new JsonArray();
        for (var i = 0; i < items.Count; i++)
        {
            _path.Add($"[{i}]");
            made.Add(items[i] is { } item ? ReadValue(type.Element!, item, owner) : type.Element!.Struct is { } empty ? ReadStruct(empty, []) : null);
            _path.RemoveAt(_path.Count - 1);
        }
        return made;
    }

    private JsonObject ReadMap(SchemaType type, JsonObject map, StructType owner)
    {
        var made = new JsonObject();
        foreach (var (key, item) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            _path.Add(MapKey + key);
            made[key] = item is not null ? ReadValue(type.Element!, item, owner) : type.Element!.Kind == ValueKind.Text ? "" : null;
            _path.RemoveAt(_path.Count - 1);
        }
        return made;
    }

    private JsonNode? ReadBytes(JsonNode value)
    {
        var text = value.GetValue<string>();
        var buffer = new byte[text.Length];
        if (Convert.TryFromBase64String(text, buffer, out _))
        {
            return value.DeepClone();
        }
        var wrong = 0;
        while (wrong < text.Length && (char.IsAsciiLetterOrDigit(text[wrong]) || text[wrong] is '+' or '/'))
        {
            wrong++;
        }
        TypeError ??= $"illegal base64 data at input byte {wrong}";
        return null;
    }

    private JsonNode? ReadInteger(SchemaType type, JsonNode value, StructType owner)
    {
        var number = value.AsValue();
        var found = number.TryGetValue<long>(out var integer) || (number.TryGetValue<int>(out var small) && (integer = small) == small);
        if (!found && number.TryGetValue<double>(out var real) && Math.Floor(real) == real && Math.Abs(real) < 9e15)
        {
            (found, integer) = (true, (long)real);
        }
        if (!found || (type.Kind == ValueKind.Int32 && integer is < int.MinValue or > int.MaxValue))
        {
            return Mismatch(type, value, owner, "number " + value.ToJsonString());
        }
        return JsonValue.Create(integer);
    }

    private JsonValue? ReadQuantity(JsonNode value)
    {
        var text = value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();
        var canonical = Objects.Quantity.Canonical(text);
        if (canonical is null)
        {
            TypeError ??= text.Length == 0 ? "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                : Objects.Quantity.IsWrongSuffix(text) ? "unable to parse quantity's suffix"
                : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
            return null;
        }
        return JsonValue.Create(canonical);
    }

    private JsonNode? ReadIntOrString(JsonNode value)
    {
        if (value.GetValueKind() == JsonValueKind.String)
        {
            return value.DeepClone();
        }
        if (value.AsValue().TryGetValue<long>(out var integer) && integer is >= int.MinValue and <= int.MaxValue)
        {
            return JsonValue.Create(integer);
        }
        TypeError ??= $"json: cannot unmarshal number {value.ToJsonString()} into Go value of type int32";
        return null;
    }

    private JsonValue? ReadTime(SchemaType type, JsonNode value)
    {
        var text = value.GetValue<string>();
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) && text.Contains('T', StringComparison.Ordinal))
        {
            return JsonValue.Create(type.Kind == ValueKind.Time ? Objects.JsonNodes.ToKubeTime(time) : Objects.JsonNodes.ToKubeMicroTime(time));
        }
        TypeError ??= $"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"";
        return null;
    }

    private JsonNode? Mismatch(SchemaType type, JsonNode value, StructType owner, string? what = null)
    {
        what ??= value.GetValueKind() switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "bool",
        };
        // Go names fields only: positions in lists and keys of maps are not part of its path.
        var fields = _path.Where(part => part[0] is not ('[' or MapKey));
        TypeError ??= $"json: cannot unmarshal {what} into Go struct field {owner.ShortName}.{string.Join('.', fields)} of type {type.GoName}";
        return null;
    }

    private string PathOf(string name) => string.Join('.', _path.Append(name).Select(part => part.TrimStart(MapKey))).Replace(".[", "[", StringComparison.Ordinal);

    private static bool HasTypeMeta(StructType type) => type.Name == "meta.v1.DeleteOptions" || (type.Field("metadata") is not null && type.Name != "core.v1.PodTemplateSpec");
}
