using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Platform.Aws;

/// <summary>The JSON 1.1 protocol of Cost Explorer, CloudTrail and Secrets Manager.</summary>
internal sealed class JsonApi(AwsTransport transport, AwsService service, string? region, string target)
{
    public async Task<AwsResult<JsonElement>> CallAsync(string operation, JsonObject input, CancellationToken cancellation)
    {
        using var body = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(body))
        {
            input.WriteTo(writer);
        }
        var call = new AwsCall(service, region, operation, HttpMethod.Post, "/", body.ToArray(), "application/x-amz-json-1.1", $"{target}.{operation}");
        var answer = await transport.SendAsync(call, cancellation);
        if (!answer.IsOk)
        {
            return answer.Error;
        }
        try
        {
            using var json = JsonDocument.Parse(answer.Value);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : AwsErrors.BadResponse(call, "it is no JSON object");
        }
        catch (JsonException error)
        {
            return AwsErrors.BadResponse(call, error.Message);
        }
    }

    /// <summary>All pages of one question, or the error of the first page that cannot be had.</summary>
    /// <param name="tokenName">NextToken or NextPageToken: the services differ.</param>
    public async Task<AwsResult<IReadOnlyList<T>>> PagesAsync<T>(
        string operation, JsonObject input, string tokenName, string items, Func<JsonElement, T> read, int limit, CancellationToken cancellation)
    {
        var all = new List<T>();
        for (var page = 0; page < transport.Options.PageLimit; page++)
        {
            var answer = await CallAsync(operation, input, cancellation);
            if (!answer.IsOk)
            {
                return answer.Error;
            }
            try
            {
                all.AddRange(answer.Value.GetProperty(items).EnumerateArray().Select(read));
            }
            catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException)
            {
                return AwsErrors.BadResponse(new AwsCall(service, region, operation, HttpMethod.Post, "/", []), $"{items} is not as documented ({error.Message})");
            }
            if (all.Count >= limit || !answer.Value.TryGetProperty(tokenName, out var token) || string.IsNullOrEmpty(token.GetString()))
            {
                return all.Count > limit ? all.GetRange(0, limit) : all;
            }
            input[tokenName] = token.GetString();
        }
        return new AwsError(AwsErrorKind.BadResponse, $"{operation} has more than {transport.Options.PageLimit} pages", "Ask for less");
    }
}

internal static class JsonFields
{
    public static string? Text(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>JSON 1.1 writes times as seconds since 1970, with a fraction.</summary>
    public static DateTimeOffset? Time(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? DateTimeOffset.UnixEpoch.AddMilliseconds(Math.Round(value.GetDouble() * 1000)) : null;

    public static IEnumerable<JsonElement> Items(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
}
