using System.Globalization;
using System.Text.Json;

namespace Plumb.Cli.WebConsole;

/// <summary>Reads Kubernetes JSON where any part may be absent: an absent or wrongly typed part is null, never an exception.</summary>
internal static class JsonPath
{
    internal static JsonElement? At(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    internal static JsonElement? At(this JsonElement? element, string name) => element?.At(name);

    internal static string? Text(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    internal static int Int(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var value) ? value : 0;

    internal static bool IsTrue(this JsonElement? element) => element is { ValueKind: JsonValueKind.True };

    internal static DateTimeOffset? Time(this JsonElement? element) =>
        DateTimeOffset.TryParse(element.Text(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    internal static IEnumerable<JsonElement> Items(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : [];
}
