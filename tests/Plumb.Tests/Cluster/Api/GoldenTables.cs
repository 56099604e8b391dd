using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.Tests.Cluster.Api;

/// <summary>Tables hold ages, and rows of objects that the recordings do not hold; only rows of objects known to both are compared.</summary>
internal static partial class GoldenTables
{
    public static JsonNode Reduce(JsonObject json, JsonObject recorded, bool isOwn)
    {
        if (json["kind"]?.GetValue<string>() != "Table" || json["rows"] is not JsonArray rows)
        {
            return json;
        }
        var made = json.DeepClone().AsObject();
        var known = KnownNames(recorded, json);
        made["rows"] = new JsonArray([.. rows.Where(row => known.Contains(Name(row!, json))).Select(row => (JsonNode?)WithoutAges(row!.AsObject()))]);
        _ = isOwn;
        return made;
    }

    /// <summary>Names that the seeded cluster has: those of objects.json.</summary>
    private static HashSet<string> KnownNames(JsonObject recorded, JsonObject json)
    {
        _ = (recorded, json);
        return GoldenSeed.TableNames;
    }

    private static string Name(JsonNode row, JsonObject table)
    {
        var columns = table["columnDefinitions"] as JsonArray ?? [];
        var at = columns.ToList().FindIndex(column => column!["format"]?.GetValue<string>() == "name");
        return row["cells"]![Math.Max(at, 0)]?.ToString().Split(' ')[0] ?? "";
    }

    private static JsonObject WithoutAges(JsonObject row)
    {
        var made = row.DeepClone().AsObject();
        made["cells"] = new JsonArray([.. row["cells"]!.AsArray().Select(cell =>
            cell is JsonValue text && text.GetValueKind() == JsonValueKind.String ? JsonValue.Create(Age().Replace(text.GetValue<string>(), "<age>")) : cell?.DeepClone())]);
        return made;
    }

    [GeneratedRegex("^([0-9]+[smhdy]){1,2}$|(?<=\\()([0-9]+[smhdy]){1,2}(?= ago\\))", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Age();
}
