using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Kubelet;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;
using Xunit;

namespace Plumb.Tests.Cluster;

/// <summary>
/// Replays recordings of a real kubelet: from each recorded state of the containers, ours must come to the recorded phase and conditions.
/// </summary>
public sealed class KubeletStatusTests
{
    private static readonly string[] Compared = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"];

    public static TheoryData<string> Files { get; } = new(Directory.GetFiles(Path.Combine(Root(), "kubelet"), "*.jsonl").Concat(Directory.GetFiles(Path.Combine(Root(), "lifecycle"), "0[23]*.jsonl"))
        .Select(path => Path.GetRelativePath(Root(), path)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void Phase_and_conditions_follow_from_the_containers_as_recorded(string file)
    {
        var pods = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var differences = new List<string>();
        var states = 0;
        foreach (var line in File.ReadLines(Path.Combine(Root(), file)))
        {
            var entry = JsonNode.Parse(line)!.AsObject();
            if (entry.Text("kind") != "Pod" || entry.Text("ev") is not ("ADDED" or "MODIFIED"))
            {
                continue;
            }
            var pod = pods.TryGetValue(entry.Text("name")!, out var known) && entry.Text("ev") == "MODIFIED" ? known : pods[entry.Text("name")!] = [];
            foreach (var (name, value) in entry)
            {
                pod[name] = value?.DeepClone();
            }
            // A pod that its recording does not describe whole, or that no kubelet has taken up yet, tells nothing.
            if (pod["phase"] is null || pod["startTime"] is null || pod["containers"] is not JsonArray { Count: > 0 } || pod["conditions"] is null)
            {
                continue;
            }
            states++;
            var (wanted, ours) = (Wanted(pod), Ours(pod));
            if (wanted != ours)
            {
                differences.Add($"t={entry["tMs"]}: recorded {wanted}\n                 ours {ours}");
            }
        }
        Assert.True(states > 0 && differences.Count == 0, $"{states - differences.Count} of {states}\n{string.Join('\n', differences)}");
    }

    private static string Wanted(JsonObject pod) =>
        $"{pod.Text("phase")} " + string.Join(", ", Compared.Select(type => $"{type}={pod.Object("conditions").Text(type)}"));

    private static string Ours(JsonObject pod)
    {
        var recorded = pod.Object("conditions");
        var containers = ((JsonArray)pod["containers"]!).OfType<JsonObject>().Select(Record).ToList();
        var view = new PodView(
            new Pod { Spec = new PodSpec { Containers = [.. containers.Select(record => record.Spec)], RestartPolicy = "Always" } }, [], containers, "127.0.0.1", "127.0.0.2",
            DateTimeOffset.UnixEpoch, recorded.Text("PodReadyToStartContainers") == "True", pod.Text("phase") is "Succeeded" or "Failed");
        var status = PodStatusBuilder.Build(view, [], DateTimeOffset.UnixEpoch);
        var conditions = ((JsonArray)status["conditions"]!).OfType<JsonObject>().ToDictionary(item => item.Text("type")!, Compact);
        return $"{status.Text("phase")} " + string.Join(", ", Compared.Select(type => $"{type}={conditions.GetValueOrDefault(type)}"));
    }

    /// <summary>As the recordings write conditions: status, reason, message.</summary>
    private static string Compact(JsonObject condition) =>
        condition.Text("status") + (condition.Text("reason") is { } reason ? $" {reason}" : "") + (condition.Text("message") is { } message ? $": {message}" : "");

    private static ContainerRecord Record(JsonObject container) =>
        new(new Container { Name = container.Text("name")! }, isInit: false)
        {
            IsReady = container["ready"]!.GetValue<bool>(),
            IsStarted = container["started"]?.GetValue<bool>() == true,
            State = State(container["state"]),
            LastState = State(container["lastState"]),
        };

    private static ContainerState State(JsonNode? state) => state is null ? new ContainerState() : JsonSerializer.Deserialize(state, KubeJson.Compact.ContainerState)!;

    private static string Root()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Plumb.slnx")))
        {
            directory = directory.Parent;
        }
        return Path.Combine(directory!.FullName, "tests", "golden");
    }
}
