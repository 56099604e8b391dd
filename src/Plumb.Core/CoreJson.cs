using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Plumb.Core.Acting;

namespace Plumb.Core;

/// <summary>JSON of the vocabulary, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(CheckReport))]
[JsonSerializable(typeof(Finding))]
[JsonSerializable(typeof(IReadOnlyList<Finding>))]
[JsonSerializable(typeof(Plan))]
[JsonSerializable(typeof(JsonObject))]
public sealed partial class CoreJson : JsonSerializerContext
{
    /// <summary>For people: indented, and without escapes that only a web page would need.</summary>
    public static CoreJson Indented { get; } = new(Readable(indented: true));

    /// <summary>For the store: one line.</summary>
    public static CoreJson Compact { get; } = new(Readable(indented: false));

    /// <summary>The options every JSON output of the program shares.</summary>
    public static JsonSerializerOptions Readable(bool indented) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = indented,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
