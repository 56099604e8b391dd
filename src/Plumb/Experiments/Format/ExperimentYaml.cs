using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Plumb.Experiments.Format;

/// <summary>Reads YAML (JSON is YAML too) with a position for every complaint, and goes on after a complaint so that all are told at once.</summary>
internal sealed class ExperimentYaml(string file)
{
    /// <summary>Complaints after this many are left out: something more basic is wrong.</summary>
    private const int ErrorLimit = 50;

    public List<string> Errors { get; } = [];

    public List<string> Warnings { get; } = [];

    public string At(YamlNode node) => $"{file}:{node.Start.Line}:{node.Start.Column}";

    public void Error(YamlNode at, string what)
    {
        if (Errors.Count < ErrorLimit)
        {
            Errors.Add($"{At(at)}: {what}");
        }
    }

    public void Warn(YamlNode at, string what) => Warnings.Add($"{At(at)}: {what}");

    public static YamlNode? Child(YamlNode? parent, string key) =>
        parent is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    /// <summary>Refuses every key but these.</summary>
    public void Keys(YamlMappingNode map, string where, params IReadOnlyList<string> known)
    {
        foreach (var key in map.Children.Keys)
        {
            if (key is not YamlScalarNode { Value: { } name } || !known.Contains(name))
            {
                Error(key, $"{where} has no key '{key}'; it may have {string.Join(", ", known)}");
            }
        }
    }

    public YamlMappingNode? Map(YamlNode? node, string what)
    {
        if (node is null or YamlMappingNode)
        {
            return (YamlMappingNode?)node;
        }
        Error(node, $"{what} must be a mapping");
        return null;
    }

    /// <summary>The entries of a mapping; none when it is missing.</summary>
    public IReadOnlyList<(string Key, YamlNode Value)> Entries(YamlNode? node, string what) =>
        [.. Map(node, what) is { } map ? map.Children.Select(pair => (pair.Key.ToString(), pair.Value)) : []];

    public IReadOnlyList<YamlNode> List(YamlNode? node, string what)
    {
        if (node is null or YamlSequenceNode)
        {
            return node is YamlSequenceNode list ? [.. list.Children] : [];
        }
        Error(node, $"{what} must be a list");
        return [];
    }

    public string? Text(YamlNode parent, string key, bool required = false)
    {
        switch (Child(parent, key))
        {
            case null when required:
                Error(parent, $"'{key}' is missing");
                return null;
            case null:
                return null;
            case YamlScalarNode { Value: { } value } when value.Length > 0 || !required:
                return value;
            case var other:
                Error(other!, $"'{key}' must be a text");
                return null;
        }
    }

    public double? Number(YamlNode? parent, string key, double least, double most)
    {
        if (Child(parent, key) is not { } node)
        {
            return null;
        }
        if (node is YamlScalarNode scalar && double.TryParse(scalar.Value, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }
        Error(node, string.Create(CultureInfo.InvariantCulture, $"'{key}' must be a number from {least} to {most}"));
        return null;
    }

    /// <summary>Seconds as a number, or a number with ms, s or m.</summary>
    public TimeSpan? Duration(YamlNode? parent, string key, TimeSpan most)
    {
        if (Child(parent, key) is not { } node)
        {
            return null;
        }
        var text = (node as YamlScalarNode)?.Value ?? "";
        var (digits, unit) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 0.001),
            _ when text.EndsWith('s') => (text[..^1], 1.0),
            _ when text.EndsWith('m') => (text[..^1], 60.0),
            _ => (text, 1.0),
        };
        if (double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number * unit <= most.TotalSeconds)
        {
            return TimeSpan.FromSeconds(number * unit);
        }
        Error(node, $"'{key}' must be a duration up to {most.TotalSeconds:0} s, for instance 500ms, 3s or 1m");
        return null;
    }

    /// <summary>Any YAML as JSON, by YAML's core schema: only plain scalars can be numbers, true, false or null.</summary>
    public JsonNode? Json(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                var json = new JsonObject();
                foreach (var (key, value) in map.Children)
                {
                    json[(key as YamlScalarNode)?.Value ?? ""] = Json(value);
                }
                return json;
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select(Json)]);
            case YamlScalarNode { Style: not ScalarStyle.Plain } quoted:
                return JsonValue.Create(quoted.Value);
            case YamlScalarNode plain:
                return Plain(plain.Value ?? "");
            default:
                Error(node, "YAML aliases are not supported here");
                return null;
        }
    }

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
