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

    /// <summary>From so many different messages of one reason about one object within <see cref="SimilarFor"/> on, they share one event (client-go's EventAggregator).</summary>
    private const int SimilarLimit = 10;

    private const string Shared = "(combined from similar events): ";

    private static readonly TimeSpan SimilarFor = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Uid, string Reason, string Message, string? FieldPath), string> _names = [];
    private readonly Dictionary<(string Uid, string Type, string Reason), (List<string> Messages, DateTimeOffset Last)> _similar = [];

    /// <param name="type">Normal or Warning.</param>
    /// <param name="fieldPath">The part of the object meant, for instance <c>spec.containers{web}</c>.</param>
    public void Record(KubeObject about, string type, string reason, string message, string? fieldPath = null)
    {
        var ns = about.Namespace ?? "default";
        var now = api.Time.GetUtcNow();
        lock (_lock)
        {
            // The shared event is one, whatever its newest message says.
            var isShared = IsOneOfMany((about.Uid, type, reason), message, now);
            var key = isShared ? (about.Uid, reason, Shared, null) : (about.Uid, reason, message, fieldPath);
            message = isShared ? Shared + message : message;
            if (_names.TryGetValue(key, out var known) && CountUp(ns, known, message, now))
            {
                return;
            }
            if (_names.Count >= Remembered)
            {
                foreach (var old in _names.Keys.Take(Remembered / 2).ToList())
                {
                    _names.Remove(old);
                }
                _similar.Clear();
            }
            var name = $"{about.Name}.{now.UtcTicks.ToString("x16", CultureInfo.InvariantCulture)}{NameSuffix.Next(2)}";
            api.Create(Resources.Events, ns, Body(about, ns, name, type, reason, message, fieldPath, now));
            _names[key] = name;
        }
    }

    private bool IsOneOfMany((string Uid, string Type, string Reason) key, string message, DateTimeOffset now)
    {
        var (messages, last) = _similar.GetValueOrDefault(key);
        if (messages is null || now - last > SimilarFor)
        {
            messages = [];
        }
        if (!messages.Contains(message))
        {
            messages.Add(message);
        }
        _similar[key] = (messages, now);
        if (messages.Count < SimilarLimit)
        {
            return false;
        }
        messages.RemoveAt(0);
        return true;
    }

    private bool CountUp(string ns, string name, string message, DateTimeOffset now) =>
        api.Update(Resources.Events, ns, name, json =>
        {
            json["message"] = message;
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
