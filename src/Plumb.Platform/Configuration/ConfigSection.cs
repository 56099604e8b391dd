using System.Globalization;
using Plumb.Core;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Plumb.Platform.Configuration;

/// <summary>
/// One mapping of a configuration file. Each key is asked for with its default and its limits; what is wrong is collected, and the default goes on, so
/// that a person sees all errors at once.
/// </summary>
public sealed class ConfigSection
{
    private readonly string _file;
    private readonly string _path;
    private readonly YamlMappingNode _mapping;
    private readonly List<ConfigError> _errors;
    private readonly HashSet<string> _known = [];
    private readonly List<ConfigSection> _sections = [];

    internal ConfigSection(string file, string path, YamlMappingNode mapping, List<ConfigError> errors) =>
        (_file, _path, _mapping, _errors) = (file, path, mapping, errors);

    /// <summary>A mapping below this one; an absent one has only defaults.</summary>
    public ConfigSection Section(string key)
    {
        var node = Find(key);
        if (node is not null and not YamlMappingNode && !IsNull(node))
        {
            Wrong(node, key, "is a section: keys and values, indented below it");
        }
        var section = new ConfigSection(_file, Full(key), node as YamlMappingNode ?? [], _errors);
        _sections.Add(section);
        return section;
    }

    /// <summary>A list of mappings; absent means empty.</summary>
    public IReadOnlyList<T> Sections<T>(string key, int most, Func<ConfigSection, T> read)
    {
        var values = new List<T>();
        foreach (var (node, path) in Elements(key, most))
        {
            if (node is not YamlMappingNode mapping)
            {
                Wrong(node, path, "is a section: keys and values");
                continue;
            }
            var section = new ConfigSection(_file, path, mapping, _errors);
            _sections.Add(section);
            values.Add(read(section));
        }
        return values;
    }

    /// <summary>A list of texts; absent means empty.</summary>
    public IReadOnlyList<string> Texts(string key, int most) =>
        [.. Elements(key, most).Select(element => Scalar(element.Node, element.Path)).OfType<string>()];

    public string Text(string key, string otherwise) => Find(key) is { } node && Scalar(node, Full(key)) is { } text ? text : otherwise;

    /// <summary>A text that must be there.</summary>
    public string RequiredText(string key)
    {
        if (Find(key) is not { } node || IsNull(node))
        {
            _errors.Add(new ConfigError(_file, _mapping.Start.Line, _mapping.Start.Column, $"'{Full(key)}' is missing"));
            return "";
        }
        return Scalar(node, Full(key)) ?? "";
    }

    public string Choice(string key, string otherwise, params IReadOnlyList<string> choices)
    {
        var text = Text(key, otherwise);
        if (!choices.Contains(text))
        {
            Wrong(Find(key)!, key, $"is one of {string.Join(", ", choices)}, not '{text}'.{Nearest.Hint(text, choices)}");
            return otherwise;
        }
        return text;
    }

    public bool Flag(string key, bool otherwise) => Typed(key, otherwise, "is true or false", text => text switch
    {
        "true" => true,
        "false" => false,
        _ => null,
    });

    public int Whole(string key, int otherwise, int least, int most) => Typed(key, otherwise, $"is a whole number from {least} to {most}",
        text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null);

    public double Number(string key, double otherwise, double least, double most) => Typed(key, otherwise, FormattableString.Invariant($"is a number from {least} to {most}"),
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number : null);

    /// <summary>A time span with its unit: 500ms, 30s, 5m, 2h, 7d.</summary>
    public TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan least, TimeSpan most) =>
        Typed(key, otherwise, $"is a time from {Written(least)} to {Written(most)}, with its unit (500ms, 30s, 5m, 2h, 7d)", text => Span(text) is { } span && span >= least && span <= most ? span : null);

    /// <summary>A number of bytes with its unit: 512KiB, 256MiB, 2GiB.</summary>
    public long Bytes(string key, long otherwise, long least, long most) =>
        Typed(key, otherwise, $"is a size from {ConfigSize.Written(least)} to {ConfigSize.Written(most)}, with its unit (512KiB, 256MiB, 2GiB)",
            text => ConfigSize.Parse(text) is { } bytes && bytes >= least && bytes <= most ? bytes : null);

    internal void RefuseUnknownKeys()
    {
        foreach (var key in _mapping.Children.Keys)
        {
            var name = (key as YamlScalarNode)?.Value ?? key.ToString();
            if (!_known.Contains(name))
            {
                _errors.Add(new ConfigError(_file, key.Start.Line, key.Start.Column, $"there is no setting '{Full(name)}'.{Nearest.Hint(name, _known)}"));
            }
        }
        foreach (var section in _sections)
        {
            section.RefuseUnknownKeys();
        }
    }

    private T Typed<T>(string key, T otherwise, string demand, Func<string, T?> parse)
        where T : struct
    {
        if (Find(key) is not { } node || IsNull(node) || Scalar(node, Full(key)) is not { } text)
        {
            return otherwise;
        }
        // "3" in quotes is a text; a number is written without.
        if (node is YamlScalarNode { Style: ScalarStyle.Plain } && parse(text) is { } value)
        {
            return value;
        }
        Wrong(node, key, $"{demand}, not '{text}'");
        return otherwise;
    }

    private IEnumerable<(YamlNode Node, string Path)> Elements(string key, int most)
    {
        var node = Find(key);
        if (node is null || IsNull(node))
        {
            yield break;
        }
        if (node is not YamlSequenceNode sequence)
        {
            Wrong(node, key, "is a list");
            yield break;
        }
        if (sequence.Children.Count > most)
        {
            Wrong(node, key, $"has {sequence.Children.Count} entries, at most {most} are allowed");
            yield break;
        }
        for (var i = 0; i < sequence.Children.Count; i++)
        {
            yield return (sequence.Children[i], $"{Full(key)}[{i}]");
        }
    }

    private YamlNode? Find(string key)
    {
        _known.Add(key);
        return _mapping.Children.FirstOrDefault(pair => pair.Key is YamlScalarNode scalar && scalar.Value == key).Value;
    }

    private string? Scalar(YamlNode node, string path)
    {
        if (node is YamlScalarNode scalar)
        {
            return IsNull(node) ? null : scalar.Value ?? "";
        }
        _errors.Add(new ConfigError(_file, node.Start.Line, node.Start.Column, $"'{path}' is a single value"));
        return null;
    }

    private void Wrong(YamlNode node, string key, string demand) =>
        _errors.Add(new ConfigError(_file, node.Start.Line, node.Start.Column, $"'{(key.StartsWith(_path, StringComparison.Ordinal) && _path.Length > 0 ? key : Full(key))}' {demand}"));

    private string Full(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    private static bool IsNull(YamlNode node) => node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    private static TimeSpan? Span(string text)
    {
        var digits = text.TakeWhile(character => char.IsAsciiDigit(character)).Count();
        if (!long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > int.MaxValue)
        {
            return null;
        }
        return text[digits..] switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            "d" when number < 100_000 => TimeSpan.FromDays((int)number),
            _ => null,
        };
    }

    private static string Written(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => $"{span.TotalMilliseconds:0}ms",
        { TotalMinutes: < 1 } => $"{span.TotalSeconds:0}s",
        { TotalHours: < 1 } => $"{span.TotalMinutes:0}m",
        { TotalDays: < 1 } => $"{span.TotalHours:0}h",
        _ => $"{span.TotalDays:0}d",
    };
}
