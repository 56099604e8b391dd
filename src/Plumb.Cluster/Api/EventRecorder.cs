using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api;

/// <summary>Writes core/v1 Events for a component; the same event again counts up instead of piling up.</summary>
/// <param name="component">For instance <c>kubelet</c> or <c>default-scheduler</c>.</param>
/// <param name="host">The node, for a kubelet.</param>
internal sealed class EventRecorder(ClusterApi api, string component, string? host = null)
{
    /// <summary>Different events remembered for counting; beyond it the oldest half is forgotten.</summary>
    private const int Remembered = 4_096;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Uid, string Reason, string Message, string? FieldPath), string> _names = [];

    /// <param name="type">Normal or Warning.</param>
    /// <param name="fieldPath">The part of the object meant, for instance <c>spec.containers{web}</c>.</param>
    public void Record(KubeObject about, string type, string reason, string message, string? fieldPath = null)
    {
        var ns = about.Namespace ?? "default";
        var now = api.Time.GetUtcNow();
        var key = (about.Uid, reason, message, fieldPath);
        lock (_lock)
        {
            if (_names.TryGetValue(key, out var known) && CountUp(ns, known, now))
            {
                return;
            }
            if (_names.Count >= Remembered)
            {
                foreach (var old in _names.Keys.Take(Remembered / 2).ToList())
                {
                    _names.Remove(old);
                }
            }
            var name = $"{about.Name}.{now.UtcTicks.ToString("x16", CultureInfo.InvariantCulture)}{NameSuffix.Next(2)}";
            api.Create(Resources.Events, ns, Body(about, ns, name, type, reason, message, fieldPath, now));
            _names[key] = name;
        }
    }

    private bool CountUp(string ns, string name, DateTimeOffset now) =>
        api.Update(Resources.Events, ns, name, json =>
        {
            json["count"] = (json.Integer("count") ?? 1) + 1;
            json["lastTimestamp"] = now.ToKubeTime();
        }).IsOk;

    private JsonObject Body(KubeObject about, string ns, string name, string type, string reason, string message, string? fieldPath, DateTimeOffset now)
    {
        var involved = new JsonObject { ["kind"] = about.Kind.Kind };
        if (about.Namespace is not null)
        {
            involved["namespace"] = about.Namespace;
        }
        involved["name"] = about.Name;
        involved["uid"] = about.Kind == Resources.Nodes ? about.Name : about.Uid;
        involved["apiVersion"] = about.Kind.ApiVersion;
        involved["resourceVersion"] = about.ResourceVersion.ToString(CultureInfo.InvariantCulture);
        if (fieldPath is not null)
        {
            involved["fieldPath"] = fieldPath;
        }
        var source = new JsonObject { ["component"] = component };
        if (host is not null)
        {
            source["host"] = host;
        }
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
            ["involvedObject"] = involved,
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = source,
            ["firstTimestamp"] = now.ToKubeTime(),
            ["lastTimestamp"] = now.ToKubeTime(),
            ["count"] = 1,
            ["type"] = type,
            ["eventTime"] = null,
            ["reportingComponent"] = component,
            ["reportingInstance"] = host ?? "",
        };
    }
}
