using YamlDotNet.RepresentationModel;

namespace Plumb.Experiments.Format;

/// <summary>Reads the extension named <c>plumb</c>; other tools' extensions are theirs and left alone.</summary>
internal static class ExtensionReader
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(30);

    public static PlumbExtension Read(ExperimentYaml yaml, YamlMappingNode root)
    {
        var ours = yaml.List(ExperimentYaml.Child(root, "extensions"), "'extensions'").OfType<YamlMappingNode>().Where(item => yaml.Text(item, "name") == "plumb").ToArray();
        if (ours.Length == 0)
        {
            return PlumbExtension.None;
        }
        if (ours.Length > 1)
        {
            yaml.Error(ours[1], "there are two extensions named plumb");
        }
        var map = ours[0];
        yaml.Keys(map, "the extension plumb", "name", "client", "watch", "limits", "phases", "lesson");
        var lesson = yaml.Map(ExperimentYaml.Child(map, "lesson"), "'lesson'");
        return new PlumbExtension(Client(yaml, map), Watch(yaml, map), LimitsOf(yaml, map), PhasesOf(yaml, map),
            lesson is null ? null : yaml.Text(lesson, "trap", required: true), lesson is null ? null : yaml.Text(lesson, "fix", required: true));
    }

    private static ClientSettings? Client(ExperimentYaml yaml, YamlMappingNode extension)
    {
        if (yaml.Map(ExperimentYaml.Child(extension, "client"), "'client'") is not { } map)
        {
            return null;
        }
        yaml.Keys(map, "the client", "url", "method", "body", "headers", "rate", "connections", "timeout");
        var connections = yaml.Text(map, "connections") ?? "new";
        if (connections is not ("new" or "pooled"))
        {
            yaml.Error(ExperimentYaml.Child(map, "connections")!, "'connections' is new (one for each request) or pooled (kept and shared)");
        }
        var headers = new Dictionary<string, string>();
        foreach (var (key, value) in yaml.Entries(ExperimentYaml.Child(map, "headers"), "'headers'"))
        {
            headers[key] = value.ToString();
        }
        return new ClientSettings(yaml.Text(map, "url", required: true) ?? "", (yaml.Text(map, "method") ?? "GET").ToUpperInvariant(),
            ExperimentYaml.Child(map, "body") is { } body ? yaml.Json(body) : null, headers,
            (int)(yaml.Number(map, "rate", 1, ClientSettings.RateLimit) ?? 50), connections == "new", yaml.Duration(map, "timeout", LongestTimeout) ?? TimeSpan.FromSeconds(2));
    }

    private static WatchSettings? Watch(ExperimentYaml yaml, YamlMappingNode extension)
    {
        if (yaml.Map(ExperimentYaml.Child(extension, "watch"), "'watch'") is not { } map)
        {
            return null;
        }
        yaml.Keys(map, "'watch'", "namespace", "selector", "service");
        return new WatchSettings(yaml.Text(map, "namespace", required: true) ?? "", yaml.Text(map, "selector", required: true) ?? "", yaml.Text(map, "service"));
    }

    private static Limits LimitsOf(ExperimentYaml yaml, YamlMappingNode extension)
    {
        if (yaml.Map(ExperimentYaml.Child(extension, "limits"), "'limits'") is not { } map)
        {
            return new Limits();
        }
        yaml.Keys(map, "'limits'", "downtime", "failed-percent", "recovery");
        return new Limits(yaml.Duration(map, "downtime", Phases.LongestDuring), yaml.Number(map, "failed-percent", 0, 100), yaml.Duration(map, "recovery", Phases.LongestDuring));
    }

    private static Phases PhasesOf(ExperimentYaml yaml, YamlMappingNode extension)
    {
        var usual = new Phases();
        if (yaml.Map(ExperimentYaml.Child(extension, "phases"), "'phases'") is not { } map)
        {
            return usual;
        }
        yaml.Keys(map, "'phases'", "before", "during", "after");
        return new Phases(yaml.Duration(map, "before", Phases.LongestDuring) ?? usual.Before, yaml.Duration(map, "after", Phases.LongestDuring) ?? usual.After,
            yaml.Duration(map, "during", Phases.LongestDuring) ?? usual.During);
    }
}
