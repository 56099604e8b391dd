using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Plumb.Platform.Configuration;

/// <summary>A YAML file that becomes a record, or a list of everything that is wrong with it.</summary>
public static class ConfigFile
{
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The YAML library reads nested nodes recursively: a file of brackets would otherwise overflow the stack.</summary>
    public const int MaxDepth = 32;

    /// <summary>Reads the file and lets <paramref name="read"/> take from it what it knows; keys that nobody asked for are errors.</summary>
    /// <returns>The value with no errors, or the default of T with at least one, in the order of the file.</returns>
    public static (T? Value, IReadOnlyList<ConfigError> Errors) Load<T>(string path, Func<ConfigSection, T> read)
    {
        string text;
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MaxBytes })
            {
                return (default, [new ConfigError(path, 1, 1, $"the file is larger than {MaxBytes} bytes")]);
            }
            text = File.ReadAllText(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return (default, [new ConfigError(path, 1, 1, $"the file cannot be read: {unreadable.Message}")]);
        }
        return Parse(path, text, read);
    }

    /// <summary>As <see cref="Load"/>, of text that was read already.</summary>
    /// <param name="name">What the errors call the file.</param>
    public static (T? Value, IReadOnlyList<ConfigError> Errors) Parse<T>(string name, string text, Func<ConfigSection, T> read)
    {
        YamlDocument? document;
        try
        {
            if (TooDeep(text) is { } place)
            {
                return (default, [new ConfigError(name, place.Line, place.Column, $"nested more than {MaxDepth} levels deep")]);
            }
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count > 1)
            {
                var second = stream.Documents[1].RootNode.Start;
                return (default, [new ConfigError(name, second.Line, second.Column, "there is a second document; a configuration is one")]);
            }
            document = stream.Documents.Count == 1 ? stream.Documents[0] : null;
        }
        catch (YamlException wrong)
        {
            return (default, [new ConfigError(name, wrong.Start.Line, wrong.Start.Column, $"this is no YAML: {wrong.Message}")]);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException or FormatException)
        {
            // The YAML library meets some broken texts with a bug of its own ("[1\nb: 2" is one), and then knows no place.
            return (default, [new ConfigError(name, 1, 1, "this is no YAML: a bracket or a quote is probably not closed")]);
        }
        var errors = new List<ConfigError>();
        // An empty file, or one with comments only, is a configuration that changes nothing.
        var section = new ConfigSection(name, "", Mapping(document?.RootNode, name, errors), errors);
        var value = read(section);
        section.RefuseUnknownKeys();
        return errors.Count == 0 ? (value, errors) : (default, [.. errors.OrderBy(error => error.Line).ThenBy(error => error.Column)]);
    }

    private static YamlMappingNode Mapping(YamlNode? root, string name, List<ConfigError> errors)
    {
        if (root is YamlMappingNode mapping)
        {
            return mapping;
        }
        if (root is not null and not YamlScalarNode { Value: null or "" or "~" or "null" })
        {
            errors.Add(new ConfigError(name, root.Start.Line, root.Start.Column, "a configuration is a mapping of keys to values"));
        }
        return [];
    }

    private static Mark? TooDeep(string text)
    {
        var parser = new Parser(new StringReader(text));
        var depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current switch
            {
                MappingStart or SequenceStart => 1,
                MappingEnd or SequenceEnd => -1,
                _ => 0,
            };
            if (depth > MaxDepth)
            {
                return parser.Current!.Start;
            }
        }
        return null;
    }
}
