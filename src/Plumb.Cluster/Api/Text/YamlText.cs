using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Plumb.Cluster.Api.Text;

/// <summary>YAML 1.1 as the API server reads and writes it: <c>y</c> and <c>on</c> are booleans, keys are sorted on output.</summary>
internal sealed partial class YamlText
{
    private const int DepthLimit = 100;

    /// <summary>Nodes that aliases may add to a document: a few lines of nested aliases would otherwise become gigabytes.</summary>
    private const int AliasedNodesLimit = 100_000;

    private readonly Parser _parser;
    private readonly Dictionary<string, JsonNode?> _anchors = [];
    private long _aliased;

    private YamlText(Parser parser) => _parser = parser;

    public static (JsonNode? Value, string? Error) Parse(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (parser.TryConsume<StreamEnd>(out _))
            {
                return (null, null);
            }
            parser.Consume<DocumentStart>();
            return (new YamlText(parser).Read(0), null);
        }
        catch (YamlException broken)
        {
            return (null, $"error converting YAML to JSON: yaml: line {broken.Start.Line}: {broken.InnerException?.Message ?? broken.Message}");
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            // The YAML library meets some broken texts with a bug of its own ("[1\nb: 2" is one), and then knows no place.
            return (null, "error converting YAML to JSON: yaml: did not find expected node content");
        }
    }

    private JsonNode? Read(int depth)
    {
        if (depth > DepthLimit)
        {
            throw new YamlException("exceeded max depth");
        }
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return Aliased(alias.Value.Value, depth);
        }
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return Keep(scalar.Anchor, Resolve(scalar));
        }
        if (_parser.TryConsume<SequenceStart>(out var sequence))
        {
            var items = new JsonArray();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(Read(depth + 1));
            }
            return Keep(sequence.Anchor, items);
        }
        var mapping = _parser.Consume<MappingStart>();
        var made = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Consume<Scalar>().Value;
            var value = Read(depth + 1);
            if (key == "<<" && value is JsonObject merged)
            {
                foreach (var pair in merged)
                {
                    made.TryAdd(pair.Key, pair.Value?.DeepClone());
                }
                continue;
            }
            made[key] = value;
        }
        return Keep(mapping.Anchor, made);
    }

    private JsonNode? Keep(AnchorName anchor, JsonNode? value)
    {
        if (!anchor.IsEmpty)
        {
            _anchors[anchor.Value] = value;
        }
        return value;
    }

    private JsonNode? Aliased(string anchor, int depth)
    {
        if (!_anchors.TryGetValue(anchor, out var value))
        {
            throw new YamlException($"unknown anchor '{anchor}' referenced");
        }
        _aliased += Nodes(value, depth);
        return _aliased > AliasedNodesLimit ? throw new YamlException("document contains excessive aliasing") : value?.DeepClone();
    }

    private static long Nodes(JsonNode? node, int depth) => node switch
    {
        _ when depth > DepthLimit => throw new YamlException("exceeded max depth"),
        JsonObject map => 1 + map.Sum(pair => Nodes(pair.Value, depth + 1)),
        JsonArray items => 1 + items.Sum(item => Nodes(item, depth + 1)),
        _ => 1,
    };

    private static JsonValue? Resolve(Scalar scalar)
    {
        if (scalar.Style is not ScalarStyle.Plain)
        {
            return JsonValue.Create(scalar.Value);
        }
        return scalar.Value switch
        {
            "" or "~" or "null" or "Null" or "NULL" => null,
            "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON" => JsonValue.Create(true),
            "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF" => JsonValue.Create(false),
            var text when OctalNumber().IsMatch(text) => JsonValue.Create(Convert.ToInt64(text, 8)),
            var text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
            var text when PlainNumber().IsMatch(text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) => JsonValue.Create(real),
            var text => JsonValue.Create(text),
        };
    }

    public static string Write(JsonNode? node)
    {
        var text = new StringBuilder();
        WriteValue(text, node, 0, inList: false);
        return text.ToString().TrimStart('\n', ' ');
    }

    private static void WriteValue(StringBuilder text, JsonNode? node, int indent, bool inList)
    {
        switch (node)
        {
            case JsonObject { Count: 0 }:
                text.Append(" {}\n");
                break;
            case JsonArray { Count: 0 }:
                text.Append(" []\n");
                break;
            case JsonObject map:
                var first = true;
                foreach (var (key, value) in map.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    text.Append(first && inList ? " " : first ? "\n" : "").Append(first && inList ? "" : new string(' ', indent)).Append(Scalar(key)).Append(':');
                    WriteValue(text, value, value is JsonArray ? indent : indent + 2, inList: false);
                    first = false;
                }
                break;
            case JsonArray items:
                text.Append('\n');
                foreach (var item in items)
                {
                    text.Append(' ', indent).Append('-');
                    WriteValue(text, item, indent + 2, inList: true);
                }
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                WriteText(text, value.GetValue<string>(), indent);
                break;
            default:
                text.Append(' ').Append(node?.ToJsonString() ?? "null").Append('\n');
                break;
        }
    }

    private static void WriteText(StringBuilder text, string value, int indent)
    {
        if (!value.Contains('\n', StringComparison.Ordinal))
        {
            text.Append(' ').Append(Scalar(value)).Append('\n');
            return;
        }
        text.Append(value.EndsWith('\n') ? " |\n" : " |-\n");
        foreach (var line in value.TrimEnd('\n').Split('\n'))
        {
            text.Append(' ', line.Length == 0 ? 0 : indent).Append(line).Append('\n');
        }
    }

    private static string Scalar(string value)
    {
        var needsQuotes = Resolve(new Scalar(AnchorName.Empty, TagName.Empty, value, ScalarStyle.Plain, true, false))?.GetValueKind() != JsonValueKind.String
            || Timestamp().IsMatch(value);
        if (needsQuotes)
        {
            return $"\"{value}\"";
        }
        return Unsafe().IsMatch(value) ? "'" + value.Replace("'", "''", StringComparison.Ordinal) + "'" : value;
    }

    [GeneratedRegex("^0[0-7]+$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OctalNumber();

    [GeneratedRegex("^[-+]?([0-9][0-9_]*)?\\.?[0-9]*([eE][-+]?[0-9]+)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PlainNumber();

    [GeneratedRegex("^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Timestamp();

    [GeneratedRegex("^[-?:,\\[\\]{}#&*!|>'\"%@`]|: |:$| #|^ | $", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unsafe();
}
