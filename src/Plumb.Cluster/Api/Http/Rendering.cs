using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Tables;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Stored objects in the form the client asked for: themselves, a table, or their metadata only.</summary>
internal static class Rendering
{
    /// <summary>Sends one object.</summary>
    public static Task SendAsync(ApiRequest request, ResourceKind kind, int code, KubeObject item, DateTimeOffset now)
    {
        var form = Negotiated.Of(request, request.Http);
        if (form is null)
        {
            return NotAcceptableAsync(request);
        }
        if (form.As == "PartialObjectMetadataList")
        {
            return Answers.FailAsync(request.Http, new ApiFailure(406, "NotAcceptable",
                $"you requested PartialObjectMetadataList, but the requested object is not a list type (*{GoType(kind)})"));
        }
        if (form.IsTable)
        {
            var table = Tables.TableRenderer.Render(kind, [item], now, IncludeObject(request), withColumns: true);
            table["metadata"] = new JsonObject { ["resourceVersion"] = $"{item.ResourceVersion}" };
            return Answers.SendAsync(request.Http, code, table, form);
        }
        return form.IsMetadataOnly ? Answers.SendAsync(request.Http, code, MetadataOnly(item, form.AsVersion), form) : Answers.SendAsync(request.Http, code, Bytes(kind, item), form);
    }

    public static Task NotAcceptableAsync(ApiRequest request) =>
        Answers.FailAsync(request.Http, new ApiFailure(406, "NotAcceptable",
            "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf", []), Negotiated.Plain);

    public static string IncludeObject(ApiRequest request) => request.Query("includeObject") is { Length: > 0 } asked ? asked : "Metadata";

    public static string GoType(ResourceKind kind) => $"{(kind.Group.Length == 0 ? "core" : kind.Group.Split('.')[0])}.{kind.Kind}";

    /// <summary>The object as its own JSON; events.k8s.io shows events under other names.</summary>
    public static ReadOnlyMemory<byte> Bytes(ResourceKind kind, KubeObject item) =>
        kind == ServedKinds.EventsView ? JsonSerializer.SerializeToUtf8Bytes(EventsConversion.ToView(item.ToMutable()), KubeJson.Compact.JsonObject) : item.Utf8;

    public static JsonObject MetadataOnly(KubeObject item, string version) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/" + version,
        ["metadata"] = item.ToMutable()["metadata"]!.DeepClone(),
    };

    /// <summary>A list in the API's form: items come without kind and apiVersion.</summary>
    public static byte[] List(ResourceKind kind, IReadOnlyList<KubeObject> items, JsonObject metadata)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + items.Sum(item => item.Utf8.Length));
        Append(buffer, $"{{\"kind\":\"{kind.Kind}List\",\"apiVersion\":\"{kind.ApiVersion}\",\"metadata\":");
        buffer.Write(JsonSerializer.SerializeToUtf8Bytes(metadata, KubeJson.Compact.JsonObject));
        Append(buffer, ",\"items\":[");
        var prefix = Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.Kind}\",\"apiVersion\":\"{kind.ApiVersion}\",");
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                Append(buffer, ",");
            }
            var bytes = Bytes(kind, items[i]).Span;
            if (bytes.StartsWith(prefix))
            {
                Append(buffer, "{");
                buffer.Write(bytes[prefix.Length..]);
            }
            else
            {
                buffer.Write(bytes);
            }
        }
        Append(buffer, "]}");
        return buffer.WrittenSpan.ToArray();
    }

    private static void Append(ArrayBufferWriter<byte> buffer, string text) => buffer.Write(Encoding.UTF8.GetBytes(text));
}
