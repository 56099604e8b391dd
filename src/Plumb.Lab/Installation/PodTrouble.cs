using System.Globalization;
using System.Text;
using System.Text.Json;
using Plumb.Platform.Kubernetes;

namespace Plumb.Lab.Installation;

/// <summary>Says in words why a pod is not ready: what its status and its log tell.</summary>
internal static class PodTrouble
{
    private const int LogLines = 3;
    private const int MaxLineLength = 240;

    /// <summary>For instance <c>ledger-7f9-x2 on node2: container ledger waits, CrashLoopBackOff (back-off 10s restarting failed container)</c>.</summary>
    public static string Describe(KubeObject pod)
    {
        var text = new StringBuilder(pod.Name);
        var spec = pod.Json.Field("spec");
        var status = pod.Json.Field("status");
        text.Append(spec.Text("nodeName") is { } node ? $" on {node}: " : ": ");
        var unscheduled = status.Items("conditions").FirstOrDefault(c => c.Text("type") == "PodScheduled" && c.Text("status") == "False");
        if (unscheduled.ValueKind == JsonValueKind.Object)
        {
            return text.Append("not scheduled, ").Append(unscheduled.Text("message") ?? unscheduled.Text("reason")).ToString();
        }

        var containers = status.Items("initContainerStatuses").Concat(status.Items("containerStatuses")).Where(c => c.Flag("ready") == false).Select(Describe).ToList();
        return text.Append(containers.Count > 0 ? string.Join("; ", containers) : $"phase {status.Text("phase") ?? "unknown"}, no container has a state yet").ToString();
    }

    /// <summary>The last lines that a pod wrote: of this run, or when there are none of the one before.</summary>
    public static async Task<IReadOnlyList<string>> LastLinesAsync(KubeClient client, KubeObject pod, CancellationToken cancel)
    {
        foreach (var previous in new[] { false, true })
        {
            var opened = await client.LogAsync(pod.Namespace, pod.Name, new KubeLogRequest(Previous: previous, TailLines: LogLines), cancel);
            if (!opened.IsSuccess)
            {
                continue;
            }

            var lines = new List<string>();
            using var log = opened.Value;
            await foreach (var line in log.LinesAsync(cancel))
            {
                lines.Add(line.Length <= MaxLineLength ? line : line[..MaxLineLength] + "…");
            }

            if (lines.Count > 0)
            {
                return lines;
            }
        }

        return [];
    }

    private static string Describe(JsonElement container)
    {
        var name = container.Text("name");
        var state = container.Field("state");
        if (state.Field("waiting") is { ValueKind: JsonValueKind.Object } waiting)
        {
            var message = waiting.Text("message") is { } why ? $" ({why})" : "";
            return $"container {name} waits, {waiting.Text("reason")}{message}{LastExit(container)}";
        }

        return state.Field("terminated") is { ValueKind: JsonValueKind.Object } ended
            ? $"container {name} ended, {Exit(ended)}"
            : $"container {name} runs but does not pass its probes{LastExit(container)}";
    }

    private static string LastExit(JsonElement container) =>
        container.Field("lastState").Field("terminated") is { ValueKind: JsonValueKind.Object } ended ? $", before that {Exit(ended)}" : "";

    private static string Exit(JsonElement ended) => string.Create(CultureInfo.InvariantCulture, $"{ended.Text("reason")} with exit code {ended.Number("exitCode")}");
}
