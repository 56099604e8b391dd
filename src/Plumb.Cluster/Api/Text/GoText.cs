using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Cluster.Api.Text;

/// <summary>Values as Go's <c>%v</c> prints them, which some error messages quote: <c>map[a:1 b:[x y]]</c>.</summary>
internal static class GoText
{
    public static string Of(JsonNode? value) => value switch
    {
        null => "<nil>",
        JsonObject map => "map[" + string.Join(' ', map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{Of(pair.Value)}")) + "]",
        JsonArray list => "[" + string.Join(' ', list.Select(Of)) + "]",
        JsonValue text when text.GetValueKind() == JsonValueKind.String => text.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
