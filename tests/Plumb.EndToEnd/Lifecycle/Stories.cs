using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Lifecycle;

/// <summary>
/// What happened to each object, as a sequence of words that two clusters can agree on: names that a server makes up are replaced by roles
/// ("pod of rs 1"), addresses and nodes are left out, and what one update may tell at once or two updates apart stands in one order.
/// </summary>
internal sealed partial class Stories
{
    private readonly Dictionary<string, string> _roles = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonObject> _states = new(StringComparer.Ordinal);
    private int _sets;

    /// <summary>The stories of one scenario, sorted; objects known from an earlier scenario keep their state.</summary>
    public IReadOnlyList<string> Of(IReadOnlyList<ObjectChange> changes)
    {
        var told = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var change in changes)
        {
            Learn(change);
        }
        foreach (var change in changes)
        {
            var (subject, words) = change.Kind == "Event" ? Event(change) : ($"{change.Kind}/{change.Name}", Words(change));
            if (subject is null)
            {
                continue;
            }
            var story = told.TryGetValue(subject, out var begun) ? begun : told[subject] = [];
            story.AddRange(words.Where(word => story.Count == 0 || story[^1] != word));
        }
        foreach (var (subject, final) in Finals(changes))
        {
            (told.TryGetValue(subject, out var begun) ? begun : told[subject] = []).Add(final);
        }
        return [.. told.Where(pair => pair.Value.Count > 0).Select(pair => $"{Role(pair.Key)}: {string.Join(", ", pair.Value)}").Order(StringComparer.Ordinal)];
    }

    private void Learn(ObjectChange change)
    {
        if (change.Kind is "ReplicaSet" or "ControllerRevision" && !_roles.ContainsKey(change.Name))
        {
            _roles[change.Name] = string.Create(CultureInfo.InvariantCulture, $"{(change.Kind == "ReplicaSet" ? "rs" : "revision")} {++_sets}");
        }
    }

    /// <summary>An event is part of its object's story; pods' own updates and their events come over two watches, so they are told apart.</summary>
    private (string? Subject, IReadOnlyList<string> Words) Event(ObjectChange change)
    {
        var (reason, on) = (Text(change.Fields, "reason"), Text(change.Fields, "on"));
        // Whether a probe falls into the moment before a server listens is luck, on both sides.
        return reason is "Unhealthy" || on is null || on.StartsWith("Node/", StringComparison.Ordinal) ? (null, []) : ($"events of {on}", [$"{reason} \"{Role(Text(change.Fields, "message") ?? "")}\""]);
    }

    private List<string> Words(ObjectChange change)
    {
        var id = $"{change.Kind}/{change.Name}";
        var before = _states.GetValueOrDefault(id) ?? [];
        var now = (JsonObject)before.DeepClone();
        foreach (var (name, value) in change.Fields)
        {
            now[name] = value?.DeepClone();
        }
        _states[id] = now;
        var words = new List<string>();
        if (change.Type == "ADDED")
        {
            words.Add("added");
        }
        if (change.Kind == "Pod" && change.Type != "DELETED")
        {
            Pod(before, now, words);
        }
        if (change.Kind == "Node" && Text(now, "unschedulable") != Text(before, "unschedulable"))
        {
            words.Add(now["unschedulable"]?.GetValue<bool>() == true ? "cordoned" : "uncordoned");
        }
        if (change.Kind == "Deployment" && Condition(now, "Available") != Condition(before, "Available"))
        {
            words.Add($"Available {Condition(now, "Available")}");
        }
        if (change.Kind == "PersistentVolumeClaim" && Text(now["status"] as JsonObject ?? [], "phase") is { } phase && phase != Text(before["status"] as JsonObject ?? [], "phase"))
        {
            words.Add(phase);
        }
        if (change.Type == "DELETED")
        {
            words.Add("gone");
            _states.Remove(id);
        }
        return words;
    }

    private static void Pod(JsonObject before, JsonObject now, List<string> words)
    {
        if (Text(now, "deletionTimestamp") is not null && Text(before, "deletionTimestamp") is null)
        {
            words.Add("told to stop");
        }
        if (Text(now, "node") is not null && Text(before, "node") is null)
        {
            words.Add("scheduled");
        }
        if (Condition(now, "PodScheduled") == "False" && Condition(before, "PodScheduled") != "False")
        {
            words.Add("unschedulable");
        }
        if (Text(now, "phase") != Text(before, "phase"))
        {
            words.Add(Text(now, "phase")!);
        }
        foreach (var container in (now["containers"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var name = Text(container, "name");
            var old = (before["containers"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(other => Text(other, "name") == name);
            if (State(container) is { } state && state != State(old))
            {
                words.Add($"{name} {state}");
            }
        }
        var (ready, was) = (Condition(now, "Ready"), Condition(before, "Ready"));
        if (ready != was && (was is not null || ready == "True"))
        {
            words.Add(ready == "True" ? "Ready" : "not Ready");
        }
    }

    /// <summary>What changes too quickly to be seen the same way twice counts by where it ends.</summary>
    private IEnumerable<(string Subject, string Word)> Finals(IReadOnlyList<ObjectChange> changes)
    {
        foreach (var id in changes.Where(change => change.Type != "DELETED").Select(change => $"{change.Kind}/{change.Name}").Distinct(StringComparer.Ordinal).Where(_states.ContainsKey))
        {
            var (kind, state) = (id.Split('/')[0], _states[id]);
            var final = kind switch
            {
                "Endpoints" => $"ends with {(state["subsets"] as JsonArray ?? []).Sum(subset => (subset!["ready"] as JsonArray)?.Count ?? 0)} ready",
                "EndpointSlice" => $"ends with {(state["endpoints"] as JsonArray ?? []).Count(endpoint => endpoint!["c"]?["ready"]?.GetValue<bool>() == true)} ready",
                "ReplicaSet" or "StatefulSet" or "Deployment" => $"ends with {state["spec.replicas"]} wanted, {state["status"]?["replicas"] ?? 0} there, {state["status"]?["readyReplicas"] ?? 0} ready, {state["status"]?["availableReplicas"] ?? 0} available",
                "PodDisruptionBudget" => $"ends with {state["status"]?["currentHealthy"]} of {state["status"]?["expectedPods"]} healthy, {state["status"]?["disruptionsAllowed"]} may go",
                _ => null,
            };
            if (final is not null)
            {
                yield return (id, final);
            }
        }
    }

    private string Role(string text)
    {
        foreach (var (name, role) in _roles)
        {
            text = Regex.Replace(text, Regex.Escape(name) + "-[a-z0-9]{5}", $"pod of {role}", RegexOptions.None, TimeSpan.FromSeconds(1)).Replace(name, role, StringComparison.Ordinal);
        }
        return MadeUp().Replace(text, match => match.Groups["slice"].Success ? "EndpointSlice" : match.Groups["volume"].Success ? "pvc-<uid>" : "<own>");
    }

    private static string? State(JsonObject? container) => container?["state"] switch
    {
        JsonObject { } state when state["waiting"] is { } waiting => $"waits: {waiting["reason"]}",
        JsonObject { } state when state.ContainsKey("running") => "runs",
        JsonObject { } state when state["terminated"] is { } ended => $"ended: {ended["reason"]} {ended["exitCode"]}",
        _ => null,
    };

    private static string? Condition(JsonObject state, string type) => (state["conditions"] as JsonObject)?[type]?.GetValue<string>().Split(' ')[0];

    private static string? Text(JsonObject fields, string name) => fields[name]?.ToString();

    [GeneratedRegex("(?<slice>EndpointSlice)/.*|(?<volume>pvc)-[0-9a-f-]{36}|\\bnode[1-3]\\b|[0-9]{1,3}(\\.[0-9]{1,3}){3}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MadeUp();
}
