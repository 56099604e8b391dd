using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Scheduling;

/// <summary>Events in the events.k8s.io form that the scheduler writes: a microsecond eventTime, an action, and a series when one repeats.</summary>
internal sealed class SchedulerEvents(ClusterApi api)
{
    private const string Component = "default-scheduler";

    /// <summary>Different events remembered for counting; beyond it the memory starts afresh.</summary>
    private const int Remembered = 2_048;

    private readonly Dictionary<(string Uid, string Message), string> _names = [];

    public void Record(KubeObject pod, string type, string reason, string action, string message)
    {
        var now = api.Time.GetUtcNow();
        if (_names.TryGetValue((pod.Uid, message), out var known) && api.Update(Resources.Events, pod.Namespace, known, json => Repeat(json, now)).IsOk)
        {
            return;
        }
        if (_names.Count >= Remembered)
        {
            _names.Clear();
        }
        var name = $"{pod.Name}.{now.UtcTicks.ToString("x16", CultureInfo.InvariantCulture)}{NameSuffix.Next(2)}";
        _names[(pod.Uid, message)] = name;
        api.Create(Resources.Events, pod.Namespace, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = pod.Namespace },
            ["involvedObject"] = new JsonObject
            {
                ["kind"] = "Pod",
                ["namespace"] = pod.Namespace,
                ["name"] = pod.Name,
                ["uid"] = pod.Uid,
                ["apiVersion"] = "v1",
                ["resourceVersion"] = pod.ResourceVersion.ToString(CultureInfo.InvariantCulture),
            },
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = new JsonObject(),
            ["firstTimestamp"] = null,
            ["lastTimestamp"] = null,
            ["type"] = type,
            ["eventTime"] = now.ToKubeMicroTime(),
            ["action"] = action,
            ["reportingComponent"] = Component,
            ["reportingInstance"] = Component,
        });
    }

    private static void Repeat(JsonObject json, DateTimeOffset now)
    {
        var series = json.Object("series");
        series["count"] = (series.Integer("count") ?? 1) + 1;
        series["lastObservedTime"] = now.ToKubeMicroTime();
    }
}
