using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Plumb.Lab.Installation;

/// <summary>The payments system's manifests, which stand in the program as they stand in the repository.</summary>
internal static class ManifestFiles
{
    private const string Folder = "Manifests/";

    /// <summary>All objects, in the order of the files' names: what others need comes first.</summary>
    /// <param name="edit">Changes a file's text before it is read, for what only the running lab knows.</param>
    public static IReadOnlyList<JsonObject> Read(Func<string, string>? edit = null)
    {
        var assembly = typeof(ManifestFiles).Assembly;
        var objects = new List<JsonObject>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var text = Text(assembly, name);
            objects.AddRange(Parse(edit is null ? text : edit(text)));
        }

        return objects;
    }

    /// <summary>YAML as Kubernetes understands it: JSON in another notation, with the scalar rules of YAML 1.2's core schema.</summary>
    /// <exception cref="YamlException">The text is no YAML; for the program's own files a bug.</exception>
    public static IEnumerable<JsonObject> Parse(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return stream.Documents.Select(d => ToJson(d.RootNode)).OfType<JsonObject>();
    }

    private static string Text(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, ToJson(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar => Plain(scalar.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => null,
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}
