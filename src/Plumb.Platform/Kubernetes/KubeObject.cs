using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Platform.Kubernetes;

/// <summary>An object of the API as the server sent it, with the fields that every object has at hand.</summary>
public sealed class KubeObject
{
    private readonly JsonElement _metadata;

    /// <param name="json">The whole object. It must outlive this instance, so hand over a clone when it belongs to a pooled document.</param>
    public KubeObject(JsonElement json)
    {
        Json = json;
        _metadata = json.Field("metadata");
    }

    public JsonElement Json { get; }

    public string Name => _metadata.Text("name") ?? "";

    /// <summary>Empty for objects without a namespace.</summary>
    public string Namespace => _metadata.Text("namespace") ?? "";

    public string Uid => _metadata.Text("uid") ?? "";

    public string ResourceVersion => _metadata.Text("resourceVersion") ?? "";

    public DateTimeOffset? CreatedAt => _metadata.Time("creationTimestamp");

    /// <summary>Set when deletion has been asked for: the time by which the object should be gone.</summary>
    public DateTimeOffset? DeletionTimestamp => _metadata.Time("deletionTimestamp");

    public bool IsTerminating => _metadata.Text("deletionTimestamp") is not null;

    /// <summary>The controller that owns the object: its uid; null when there is none.</summary>
    public string? ControllerUid => _metadata.Items("ownerReferences").Where(owner => owner.Field("controller").ValueKind == JsonValueKind.True)
        .Select(owner => owner.Text("uid")).FirstOrDefault();

    public string? Label(string key) => _metadata.Field("labels").Text(key);

    public string? Annotation(string key) => _metadata.Field("annotations").Text(key);

    /// <summary>A copy that can be changed and sent back.</summary>
    public JsonObject ToMutable() => JsonObject.Create(Json) ?? [];

    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}

/// <summary>Reading of JSON in which anything may be missing: a missing field reads as absent, never as an exception.</summary>
public static class JsonReading
{
    /// <summary>The field; an undefined element when there is none.</summary>
    public static JsonElement Field(this JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    public static string? Text(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static int? Number(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    public static bool? Flag(this JsonElement json, string name) => json.Field(name).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    /// <summary>The elements of an array field; none when it is missing or null.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) =>
        json.Field(name) is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : [];

    public static DateTimeOffset? Time(this JsonElement json, string name) =>
        DateTimeOffset.TryParse(json.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
