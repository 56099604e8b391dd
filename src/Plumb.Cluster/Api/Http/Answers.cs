using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Api.Text;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Writes answers: objects, lists and <c>Status</c> errors, in the form the client asked for.</summary>
internal static class Answers
{
    /// <summary>Answers from this size on are compressed when the client accepts it, as the API server does.</summary>
    private const int GzipFromBytes = 128 * 1024;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task SendAsync(HttpContext http, int code, JsonNode body, Negotiated form) =>
        SendAsync(http, code, JsonSerializer.SerializeToUtf8Bytes(body, KubeJson.Compact.JsonNode), form);

    public static async Task SendAsync(HttpContext http, int code, ReadOnlyMemory<byte> json, Negotiated form)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = form.ContentType;
        http.Response.Headers.CacheControl = "no-cache, private";
        var bytes = form.Format == AnswerFormat.Yaml ? Encoding.UTF8.GetBytes(YamlText.Write(JsonNode.Parse(json.Span)))
            : form.Pretty ? Pretty(json)
            : json;
        if (bytes.Length >= GzipFromBytes && http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            http.Response.Headers.ContentEncoding = "gzip";
            http.Response.Headers.Vary = "Accept-Encoding";
            await using var gzip = new GZipStream(http.Response.Body, CompressionLevel.Fastest);
            await gzip.WriteAsync(bytes, http.RequestAborted);
            return;
        }
        var newline = form is { Format: AnswerFormat.Json, Pretty: false };
        http.Response.ContentLength = bytes.Length + (newline ? 1 : 0);
        if (http.Request.Method == "HEAD")
        {
            return;
        }
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        if (newline)
        {
            await http.Response.Body.WriteAsync("\n"u8.ToArray(), http.RequestAborted);
        }
    }

    public static Task FailAsync(HttpContext http, ApiFailure failure, Negotiated? form = null)
    {
        if (failure.RetryAfterSeconds is { } seconds)
        {
            http.Response.Headers.RetryAfter = $"{seconds}";
        }
        // An error is always a Status, whatever shape was asked for.
        var shape = form ?? Negotiated.Of(null, http) ?? Negotiated.Plain;
        return SendAsync(http, failure.Code, failure.ToStatus(), shape with { As = null });
    }

    public static async Task TextAsync(HttpContext http, int code, string text, string contentType = "text/plain; charset=utf-8")
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        var bytes = Encoding.UTF8.GetBytes(text);
        http.Response.ContentLength = bytes.Length;
        if (http.Request.Method != "HEAD")
        {
            await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        }
    }

    private static byte[] Pretty(ReadOnlyMemory<byte> json)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        using (var document = JsonDocument.Parse(json))
        {
            document.RootElement.WriteTo(writer);
        }
        return buffer.ToArray();
    }
}
