using System.Text.Json.Nodes;
using YamlDotNet.RepresentationModel;

namespace Plumb.Experiments.Format;

/// <summary>Reads who carries an activity out, and refuses what is not known by name, with what there is instead.</summary>
internal static class ProviderReader
{
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromMinutes(5);

    public static Provider? Read(ExperimentYaml yaml, YamlMappingNode activity, bool isProbe, TimeSpan defaultTimeout)
    {
        if (yaml.Map(ExperimentYaml.Child(activity, "provider"), "'provider'") is not { } map)
        {
            yaml.Error(activity, "the activity has no 'provider'");
            return null;
        }
        var timeout = yaml.Duration(map, "timeout", LongestTimeout) ?? defaultTimeout;
        switch (yaml.Text(map, "type", required: true))
        {
            case "plumb":
                return Typed(yaml, map, isProbe, timeout);
            case "http":
                yaml.Keys(map, "an http provider", "type", "url", "method", "headers", "arguments", "timeout", "verify_tls", "expected_status");
                foreach (var refused in new[] { "verify_tls", "expected_status" })
                {
                    if (ExperimentYaml.Child(map, refused) is { } node)
                    {
                        yaml.Error(node, $"not supported: '{refused}'{(refused == "expected_status" ? "; use the probe's tolerance" : "")}");
                    }
                }
                var http = new JsonObject { ["method"] = (yaml.Text(map, "method") ?? "GET").ToUpperInvariant() };
                Copy(yaml, map, "headers", http, "headers");
                Copy(yaml, map, "arguments", http, "body");
                return new Provider("http", yaml.Text(map, "url", required: true) ?? "", http, timeout);
            case "process":
                yaml.Keys(map, "a process provider", "type", "path", "arguments", "timeout");
                var process = new JsonObject();
                Copy(yaml, map, "arguments", process, "arguments");
                return new Provider("process", yaml.Text(map, "path", required: true) ?? "", process, timeout);
            case "python":
                yaml.Error(map, "not supported: python providers; Plumb has typed activities (provider 'type: plumb'), http and process");
                return null;
            case var other:
                yaml.Error(ExperimentYaml.Child(map, "type") ?? map, $"there is no provider of type '{other}'; there are plumb, http and process");
                return null;
        }
    }

    private static Provider? Typed(ExperimentYaml yaml, YamlMappingNode map, bool isProbe, TimeSpan timeout)
    {
        yaml.Keys(map, "a plumb provider", "type", "func", "arguments", "timeout");
        var name = yaml.Text(map, "func", required: true) ?? "";
        var signature = Signature.All.FirstOrDefault(known => known.Name == name && known.IsProbe == isProbe);
        if (signature is null)
        {
            yaml.Error(ExperimentYaml.Child(map, "func") ?? map,
                $"there is no {(isProbe ? "probe" : "action")} '{name}'; there are {string.Join(", ", Signature.All.Where(known => known.IsProbe == isProbe).Select(known => known.Name))}");
            return null;
        }
        var given = yaml.Map(ExperimentYaml.Child(map, "arguments"), "'arguments'");
        if (given is not null)
        {
            yaml.Keys(given, $"'{name}'", [.. signature.Required, .. signature.Optional]);
        }
        foreach (var missing in signature.Required.Where(argument => ExperimentYaml.Child(given, argument) is null))
        {
            yaml.Error(given ?? map, $"'{name}' needs the argument '{missing}'");
        }
        return new Provider("plumb", name, given is null ? [] : (JsonObject)yaml.Json(given)!, timeout);
    }

    private static void Copy(ExperimentYaml yaml, YamlMappingNode map, string key, JsonObject into, string name)
    {
        if (ExperimentYaml.Child(map, key) is { } node)
        {
            into[name] = yaml.Json(node);
        }
    }
}

/// <summary>A typed activity by its name and arguments; what it does stands in Activities.</summary>
/// <param name="Summary">For <c>plumb experiment list</c> and the docs.</param>
public sealed record Signature(string Name, bool IsProbe, IReadOnlyList<string> Required, IReadOnlyList<string> Optional, string Summary)
{
    public static readonly IReadOnlyList<Signature> All =
    [
        new("kubernetes.pods-ready", true, ["namespace", "selector"], [], "the number of pods that are Ready and not being deleted"),
        new("kubernetes.workload-ready", true, ["namespace", "kind", "name"], [], "true when a Deployment or StatefulSet has all the replicas it asks for Ready, and at least one"),
        new("kubernetes.delete-pod", false, ["namespace", "selector"], ["count", "mode"], "deletes (mode: delete) or evicts (mode: evict) the oldest Ready pods"),
        new("kubernetes.scale", false, ["namespace", "kind", "name", "replicas"], [], "scales a Deployment or StatefulSet; the undo scales it back"),
    ];
}
