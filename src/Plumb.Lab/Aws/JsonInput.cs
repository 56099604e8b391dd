using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Lab.Aws;

/// <summary>The input of a JSON call: typed reads, and a refusal of members that nobody reads.</summary>
internal sealed class JsonInput
{
    private readonly JsonObject _json;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);
    private readonly string _invalid;

    private JsonInput(JsonObject json, string invalid) => (_json, _invalid) = (json, invalid);

    /// <param name="invalid">The service's code for a bad parameter.</param>
    public static JsonInput Of(ApiRequest request, string invalid)
    {
        try
        {
            return JsonNode.Parse(request.Body.Length == 0 ? "{}"u8 : request.Body) is JsonObject json ? new JsonInput(json, invalid) : throw Unreadable();
        }
        catch (JsonException)
        {
            throw Unreadable();
        }
    }

    public static string? Operation(ApiRequest request, string target) =>
        request.Headers.TryGetValue("x-amz-target", out var text) && text.StartsWith(target + ".", StringComparison.Ordinal) ? text[(target.Length + 1)..] : null;

    public string? Text(string name) => Get(name) switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => throw Wrong($"{name} must be a string"),
    };

    public string Needed(string name) => Text(name) is { Length: > 0 } text ? text
        : throw new ApiFault(400, _invalid, $"1 validation error detected: Value null at '{char.ToLowerInvariant(name[0])}{name[1..]}' failed to satisfy constraint: Member must not be null");

    public int? Number(string name) => Get(name) switch
    {
        null => null,
        JsonValue value when value.TryGetValue<int>(out var number) => number,
        _ => throw Wrong($"{name} must be a number"),
    };

    /// <summary>JSON 1.1's times are seconds since 1970.</summary>
    public DateTimeOffset? Time(string name) => Get(name) switch
    {
        null => null,
        JsonValue value when value.TryGetValue<double>(out var seconds) => DateTimeOffset.UnixEpoch.AddSeconds(seconds),
        _ => throw Wrong($"{name} must be a time"),
    };

    public bool Flag(string name) => Get(name) is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    public IReadOnlyList<JsonObject> Objects(string name) => Get(name) switch
    {
        null => [],
        JsonArray items => [.. items.Select(item => item as JsonObject ?? throw Wrong($"{name} must be a list of objects"))],
        _ => throw Wrong($"{name} must be a list"),
    };

    public IReadOnlyList<string> Texts(string name) => Get(name) switch
    {
        null => [],
        JsonArray items => [.. items.Select(item => (string?)item ?? throw Wrong($"{name} must be a list of strings"))],
        _ => throw Wrong($"{name} must be a list"),
    };

    public JsonObject? Object(string name) => Get(name) is { } node ? node as JsonObject ?? throw Wrong($"{name} must be an object") : null;

    /// <summary>What nobody read is not served, and ignoring it could make the answer a wrong one.</summary>
    public void Done()
    {
        if (_json.Select(member => member.Key).FirstOrDefault(name => !_read.Contains(name)) is { } unknown)
        {
            throw Wrong($"The lab's AWS does not serve the parameter {unknown}");
        }
    }

    public ApiFault Wrong(string message) => new(400, _invalid, message);

    private JsonNode? Get(string name)
    {
        _read.Add(name);
        return _json[name];
    }

    private static ApiFault Unreadable() => new(400, "SerializationException", "the request's body is no JSON object");
}
