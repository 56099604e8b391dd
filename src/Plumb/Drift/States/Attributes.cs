using System.Text.Json;

namespace Plumb.Drift.States;

/// <summary>Reading of attributes as providers write them: every one may be absent or null, and a wrong type is an error that never quotes the value.</summary>
internal static class Attributes
{
    /// <summary>Null also for an empty text, which providers write for "not set".</summary>
    public static string? Text(this JsonElement attributes, string name) =>
        Value(attributes, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() is { Length: > 0 } text ? text : null
        : throw new FormatException($"'{name}' is no text");

    public static int? Number(this JsonElement attributes, string name) =>
        Value(attributes, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
        : throw new FormatException($"'{name}' is no whole number");

    public static bool Flag(this JsonElement attributes, string name) =>
        Value(attributes, name) is { } value && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw new FormatException($"'{name}' is neither true nor false"));

    /// <summary>Null when the attribute is absent or null, which is not the same as an empty list.</summary>
    public static IReadOnlyList<JsonElement>? List(this JsonElement attributes, string name) =>
        Value(attributes, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()]
        : throw new FormatException($"'{name}' is no list");

    public static IEnumerable<string> Texts(this JsonElement attributes, string name) =>
        (attributes.List(name) ?? []).Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw new FormatException($"'{name}' is no list of texts"));

    private static JsonElement? Value(JsonElement attributes, string name) =>
        attributes.ValueKind != JsonValueKind.Object ? throw new FormatException("an entry is no object")
        : attributes.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
