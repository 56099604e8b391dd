using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Plumb.Cluster.Api.Http;

/// <summary>
/// The API's description: OpenAPI v3 documents of Kubernetes 1.33, embedded as they were published, for the groups served; and an OpenAPI v2 document that
/// is formally complete but empty, which is all that kubectl before 1.27 needs to apply.
/// </summary>
internal sealed class OpenApiPages
{
    private const string Prefix = "Plumb.Cluster.openapi.v3-";

    // Swagger "2.0", an info block (title, version) and an empty list of paths, in the protobuf form that kubectl asks for.
    private static readonly byte[] V2 =
    [
        0x0a, 0x03, .. "2.0"u8, 0x12, 0x12, 0x0a, 0x0a, .. "Kubernetes"u8, 0x12, 0x04, .. "1.33"u8, 0x42, 0x00,
    ];

    private readonly Lazy<Dictionary<string, string>> _resources = new(() =>
        typeof(OpenApiPages).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(name => name[Prefix.Length..^".json.gz".Length].Replace('_', '/')));

    public Task HandleAsync(HttpContext http, string[] segments) => segments switch
    {
        ["openapi", "v2"] => V2Async(http),
        ["openapi", "v3"] => Answers.SendAsync(http, 200, Index(), Negotiated.Plain),
        ["openapi", "v3", .. var path] when _resources.Value.TryGetValue(string.Join('/', path), out var resource) => DocumentAsync(http, resource),
        _ => Answers.TextAsync(http, 404, "404 page not found\n"),
    };

    private static Task V2Async(HttpContext http)
    {
        if (!http.Request.Headers.Accept.ToString().Contains("protobuf", StringComparison.Ordinal))
        {
            var json = new JsonObject { ["swagger"] = "2.0", ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "1.33" }, ["paths"] = new JsonObject() };
            return Answers.SendAsync(http, 200, json, Negotiated.Plain);
        }
        http.Response.ContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
        http.Response.ContentLength = V2.Length;
        return http.Response.Body.WriteAsync(V2, http.RequestAborted).AsTask();
    }

    private JsonObject Index()
    {
        var paths = new JsonObject();
        foreach (var (path, resource) in _resources.Value.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            using var stream = Open(resource);
            paths[path] = new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Convert.ToHexString(SHA512.HashData(stream))}" };
        }
        return new JsonObject { ["paths"] = paths };
    }

    private static async Task DocumentAsync(HttpContext http, string resource)
    {
        await using var stream = Open(resource);
        http.Response.ContentType = "application/json";
        http.Response.Headers.ETag = $"\"{Convert.ToHexString(await SHA512.HashDataAsync(stream, http.RequestAborted))}\"";
        stream.Position = 0;
        if (http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            http.Response.Headers.ContentEncoding = "gzip";
            await stream.CopyToAsync(http.Response.Body, http.RequestAborted);
            return;
        }
        await using var plain = new GZipStream(stream, CompressionMode.Decompress);
        await plain.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    private static Stream Open(string resource) => typeof(OpenApiPages).Assembly.GetManifestResourceStream(resource)!;
}
