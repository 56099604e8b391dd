using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Plumb.Experiments.Format;

/// <summary>An experiment's file, read; or everything that is wrong with it, each with file:line:column.</summary>
public sealed record ReadExperiment(ExperimentDefinition? Definition, IReadOnlyList<string> Errors);

/// <summary>Reads the Chaos Toolkit's format from YAML or JSON. What it does not know it refuses; what it leaves out it warns about.</summary>
public static class ExperimentReader
{
    /// <summary>Characters of a file; more is not an experiment.</summary>
    public const int SizeLimit = 256 * 1024;

    private const int ActivityLimit = 100;
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    public static ReadExperiment Read(string file, string text)
    {
        var yaml = new ExperimentYaml(file);
        if (text.Length > SizeLimit)
        {
            return new ReadExperiment(null, [$"{file}: larger than {SizeLimit / 1024} KiB: that is no experiment"]);
        }
        var documents = new YamlStream();
        try
        {
            documents.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            return new ReadExperiment(null, [$"{file}:{error.Start.Line}:{error.Start.Column}: not YAML: {error.Message}"]);
        }
        if (documents.Documents.Count != 1 || documents.Documents[0].RootNode is not YamlMappingNode root)
        {
            return new ReadExperiment(null, [$"{file}:1:1: an experiment is one mapping with title, steady-state-hypothesis and method"]);
        }
        var definition = Definition(yaml, root, Path.GetFileNameWithoutExtension(file));
        return yaml.Errors.Count > 0 ? new ReadExperiment(null, yaml.Errors) : new ReadExperiment(definition, []);
    }

    private static ExperimentDefinition Definition(ExperimentYaml yaml, YamlMappingNode root, string name)
    {
        yaml.Keys(root, "an experiment", "version", "title", "description", "tags", "contributions", "configuration", "secrets", "steady-state-hypothesis",
            "method", "rollbacks", "extensions", "controls", "runtime");
        if (ExperimentYaml.Child(root, "secrets") is { } secrets and not YamlMappingNode { Children.Count: 0 })
        {
            yaml.Error(secrets, "not supported: secrets; a secret does not belong into a file: use configuration with 'type: env'");
        }
        foreach (var ignored in new[] { "controls", "runtime" })
        {
            if (ExperimentYaml.Child(root, ignored) is { } node)
            {
                yaml.Warn(node, ignored == "controls" ? "'controls' are ignored" : "'runtime' is ignored: rollbacks always run, also on failure and interrupt");
            }
        }
        var hypothesis = HypothesisOf(yaml, root);
        var method = Activities(yaml, root, "method");
        if (method.All(activity => activity.IsProbe))
        {
            yaml.Error(ExperimentYaml.Child(root, "method") ?? root, "'method' has no action: nothing would happen");
        }
        return new ExperimentDefinition(name, yaml.Text(root, "title", required: true) ?? "", yaml.Text(root, "description", required: true) ?? "",
            [.. yaml.List(ExperimentYaml.Child(root, "tags"), "'tags'").Select(tag => tag.ToString())],
            Configuration(yaml, root), hypothesis, method, Activities(yaml, root, "rollbacks"), ExtensionReader.Read(yaml, root), yaml.Warnings);
    }

    private static Dictionary<string, Variable> Configuration(ExperimentYaml yaml, YamlMappingNode root)
    {
        var variables = new Dictionary<string, Variable>();
        foreach (var (name, value) in yaml.Entries(ExperimentYaml.Child(root, "configuration"), "'configuration'"))
        {
            if (value is YamlMappingNode map && ExperimentYaml.Child(map, "type") is not null)
            {
                var type = yaml.Text(map, "type");
                if (type != "env")
                {
                    yaml.Error(map, $"not supported: configuration of type '{type}'; it may be a value or 'type: env'");
                }
                yaml.Keys(map, $"configuration '{name}'", "type", "key", "default", "env_var_type");
                variables[name] = new Variable(ExperimentYaml.Child(map, "default") is { } given ? yaml.Json(given) : null, yaml.Text(map, "key", required: true) ?? "");
            }
            else
            {
                variables[name] = new Variable(yaml.Json(value), null);
            }
        }
        return variables;
    }

    private static Hypothesis HypothesisOf(ExperimentYaml yaml, YamlMappingNode root)
    {
        if (yaml.Map(ExperimentYaml.Child(root, "steady-state-hypothesis"), "'steady-state-hypothesis'") is not { } map)
        {
            yaml.Error(root, "'steady-state-hypothesis' is missing: without it there is nothing to find out");
            return new Hypothesis("", []);
        }
        yaml.Keys(map, "a hypothesis", "title", "probes", "controls");
        var probes = Activities(yaml, map, "probes");
        if (probes.Count == 0)
        {
            yaml.Error(map, "the hypothesis has no probes: it would always hold");
        }
        return new Hypothesis(yaml.Text(map, "title", required: true) ?? "", probes);
    }

    private static List<Activity> Activities(ExperimentYaml yaml, YamlMappingNode parent, string list)
    {
        var inHypothesis = list == "probes";
        var read = new List<Activity>();
        var nodes = yaml.List(ExperimentYaml.Child(parent, list), $"'{list}'");
        if (nodes.Count > ActivityLimit)
        {
            yaml.Error(parent, $"'{list}' has more than {ActivityLimit} activities");
        }
        foreach (var node in nodes.Take(ActivityLimit))
        {
            if (yaml.Map(node, "an activity") is { } map && ActivityOf(yaml, map, inHypothesis) is { } activity)
            {
                read.Add(activity);
            }
        }
        return read;
    }

    private static Activity? ActivityOf(ExperimentYaml yaml, YamlMappingNode map, bool inHypothesis)
    {
        yaml.Keys(map, "an activity", "type", "name", "provider", "tolerance", "pauses", "background", "controls");
        var type = yaml.Text(map, "type", required: true);
        if (type is not ("probe" or "action"))
        {
            yaml.Error(ExperimentYaml.Child(map, "type") ?? map, $"an activity is a probe or an action, not '{type}'");
        }
        if (ExperimentYaml.Child(map, "controls") is { } controls)
        {
            yaml.Warn(controls, "'controls' are ignored");
        }
        if (yaml.Text(map, "background") is { } background && background != "false")
        {
            yaml.Error(ExperimentYaml.Child(map, "background")!, "not supported: background activities");
        }
        var tolerance = ToleranceOf(yaml, map);
        if (inHypothesis && type == "action")
        {
            yaml.Error(map, "a hypothesis only looks: it has probes, no actions");
        }
        if (inHypothesis && tolerance is null)
        {
            yaml.Error(map, "a probe of the hypothesis needs a 'tolerance': what it must return");
        }
        var pauses = yaml.Map(ExperimentYaml.Child(map, "pauses"), "'pauses'");
        var provider = ProviderReader.Read(yaml, map, type == "probe", DefaultTimeout);
        return provider is null ? null : new Activity(type == "probe", yaml.Text(map, "name", required: true) ?? "", provider, tolerance,
            yaml.Duration(pauses, "before", LongestPause) ?? TimeSpan.Zero, yaml.Duration(pauses, "after", LongestPause) ?? TimeSpan.Zero, yaml.At(map));
    }

    private static Tolerance? ToleranceOf(ExperimentYaml yaml, YamlMappingNode activity)
    {
        switch (ExperimentYaml.Child(activity, "tolerance"))
        {
            case null:
                return null;
            case YamlMappingNode map when yaml.Text(map, "type") == "range" && yaml.List(ExperimentYaml.Child(map, "range"), "'range'") is { Count: 2 } range
                && double.TryParse(range[0].ToString(), CultureInfo.InvariantCulture, out var low) && double.TryParse(range[1].ToString(), CultureInfo.InvariantCulture, out var high) && low <= high:
                return new Tolerance.Between(low, high);
            case YamlMappingNode map when yaml.Text(map, "type") == "regex" && yaml.Text(map, "pattern") is { } pattern:
                return Pattern(yaml, map, pattern);
            case YamlMappingNode map:
                yaml.Error(map, "not supported: this tolerance; it may be a value, a list of values, {type: range, range: [low, high]} or {type: regex, pattern: …}");
                return null;
            case YamlSequenceNode list when yaml.Json(list) is JsonArray { Count: > 0 } values:
                return new Tolerance.OneOf(values);
            case var value when yaml.Json(value) is { } json and not JsonArray:
                return new Tolerance.Exactly(json);
            case var nothing:
                yaml.Error(nothing, "an empty tolerance accepts nothing");
                return null;
        }
    }

    private static Tolerance.Matches? Pattern(ExperimentYaml yaml, YamlMappingNode at, string pattern)
    {
        try
        {
            return new Tolerance.Matches(new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)));
        }
        catch (ArgumentException error)
        {
            yaml.Error(at, $"'{pattern}' is no regular expression: {error.Message}");
            return null;
        }
    }
}
