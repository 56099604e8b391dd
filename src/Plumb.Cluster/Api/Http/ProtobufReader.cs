using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;

namespace Plumb.Cluster.Api.Http;

/// <summary>
/// Reads Kubernetes' protobuf (kubectl from 1.32 on sends it): four magic bytes, an envelope with kind and version, and the object,
/// decoded by the field numbers of the schema into the same JSON that a JSON client would have sent.
/// </summary>
internal static class ProtobufReader
{
    private const int DepthLimit = 60;
    private static readonly byte[] Magic = "k8s\0"u8.ToArray();

    public static (JsonNode? Value, string? Error, List<string> Duplicates) Read(byte[] body, ExpectedKind expected)
    {
        try
        {
            if (!body.AsSpan().StartsWith(Magic))
            {
                return (null, "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]", []);
            }
            var envelope = Fields(body.AsMemory(Magic.Length));
            var typeMeta = Fields(envelope.First(field => field.Number == 1).Bytes);
            var (apiVersion, kind) = (TextOf(typeMeta, 1), TextOf(typeMeta, 2));
            var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
            var type = Schemas.Find(slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], kind) ?? (kind == "DeleteOptions" ? Schemas.Of("meta.v1.DeleteOptions") : expected.Type);
            var raw = envelope.FirstOrDefault(field => field.Number == 2).Bytes;
            var json = ReadStruct(type, raw, 0);
            json["apiVersion"] = apiVersion;
            json["kind"] = kind;
            return (json, null, []);
        }
        catch (Exception broken) when (broken is FormatException or InvalidOperationException or ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            return (null, "proto: illegal wireType or unexpected EOF", []);
        }
    }

    private readonly record struct WireField(int Number, int WireType, ulong Number64, ReadOnlyMemory<byte> Bytes);

    private static List<WireField> Fields(ReadOnlyMemory<byte> message)
    {
        var fields = new List<WireField>();
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint(message.Span, ref at);
            var (number, wire) = ((int)(tag >> 3), (int)(tag & 7));
            switch (wire)
            {
                case 0:
                    fields.Add(new WireField(number, wire, Varint(message.Span, ref at), default));
                    break;
                case 1:
                    fields.Add(new WireField(number, wire, BinaryPrimitives.ReadUInt64LittleEndian(message.Span[at..]), default));
                    at += 8;
                    break;
                case 2:
                    var length = (int)Varint(message.Span, ref at);
                    fields.Add(new WireField(number, wire, 0, message.Slice(at, length)));
                    at += length;
                    break;
                case 5:
                    fields.Add(new WireField(number, wire, BinaryPrimitives.ReadUInt32LittleEndian(message.Span[at..]), default));
                    at += 4;
                    break;
                default:
                    throw new FormatException("illegal wire type");
            }
        }
        return fields;
    }

    private static ulong Varint(ReadOnlySpan<byte> bytes, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
        throw new FormatException("varint too long");
    }

    private static string TextOf(List<WireField> fields, int number) => Encoding.UTF8.GetString(fields.FirstOrDefault(field => field.Number == number).Bytes.Span);

    private static JsonObject ReadStruct(StructType type, ReadOnlyMemory<byte> message, int depth)
    {
        if (depth > DepthLimit)
        {
            throw new FormatException("nested too deeply");
        }
        var json = new JsonObject();
        foreach (var wire in Fields(message))
        {
            if (type.Inlined.TryGetValue(wire.Number, out var inlined))
            {
                foreach (var (name, value) in ReadStruct(inlined, wire.Bytes, depth + 1).ToList())
                {
                    json[name] = value?.DeepClone();
                }
            }
            else if (type.ByNumber.TryGetValue(wire.Number, out var field))
            {
                Add(json, field, wire, depth);
            }
        }
        return json;
    }

    private static void Add(JsonObject json, SchemaField field, WireField wire, int depth)
    {
        switch (field.Type.Kind)
        {
            case ValueKind.List:
                var list = json[field.Name] as JsonArray ?? [];
                list.Add(ReadValue(field.Type.Element!, wire, depth));
                json[field.Name] = list.Parent is null ? list : list.DeepClone();
                break;
            case ValueKind.Map:
                var map = json[field.Name] as JsonObject ?? [];
                var entry = Fields(wire.Bytes);
                var value = entry.FirstOrDefault(part => part.Number == 2);
                map[TextOf(entry, 1)] = ReadValue(field.Type.Element!, value, depth);
                json[field.Name] = map.Parent is null ? map : map.DeepClone();
                break;
            default:
                json[field.Name] = ReadValue(field.Type, wire, depth);
                break;
        }
    }

    private static JsonNode? ReadValue(SchemaType type, WireField wire, int depth) => type.Kind switch
    {
        ValueKind.Struct => ReadStruct(type.Struct!, wire.Bytes, depth + 1),
        ValueKind.Text => JsonValue.Create(Encoding.UTF8.GetString(wire.Bytes.Span)),
        ValueKind.Boolean => JsonValue.Create(wire.Number64 != 0),
        ValueKind.Int32 or ValueKind.Int64 => JsonValue.Create(unchecked((long)wire.Number64)),
        ValueKind.Float => JsonValue.Create(BitConverter.UInt64BitsToDouble(wire.Number64)),
        ValueKind.Bytes => JsonValue.Create(Convert.ToBase64String(wire.Bytes.Span)),
        ValueKind.Quantity => JsonValue.Create(TextOf(Fields(wire.Bytes), 1)),
        ValueKind.IntOrString => ReadIntOrString(Fields(wire.Bytes)),
        ValueKind.Time or ValueKind.MicroTime => ReadTime(Fields(wire.Bytes)),
        ValueKind.Raw or ValueKind.Fields => Fields(wire.Bytes) is var raw && raw.Count > 0 ? JsonNode.Parse(raw[0].Bytes.Span) : null,
        _ => throw new FormatException("unexpected type"),
    };

    private static JsonValue ReadIntOrString(List<WireField> fields)
    {
        var isText = fields.Exists(field => field is { Number: 1, Number64: 1 });
        return isText ? JsonValue.Create(TextOf(fields, 3)) : JsonValue.Create(unchecked((long)fields.FirstOrDefault(field => field.Number == 2).Number64));
    }

    /// <summary>Seconds and nanoseconds; a message without them is no time.</summary>
    private static JsonValue? ReadTime(List<WireField> fields)
    {
        if (fields.Count == 0)
        {
            return null;
        }
        var seconds = unchecked((long)fields.FirstOrDefault(field => field.Number == 1).Number64);
        var nanos = unchecked((long)fields.FirstOrDefault(field => field.Number == 2).Number64);
        return JsonValue.Create(Objects.JsonNodes.ToKubeMicroTime(DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanos / 100)));
    }
}
