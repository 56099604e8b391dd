using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Plumb.Cli.WebConsole;

namespace Plumb.Tests.Cli.WebConsole;

/// <summary>
/// A cluster that does what a test tells it, for what no real one does on command: an API server that goes away between two events.
/// Its objects have the shape of the recordings of a real cluster.
/// </summary>
internal sealed class ScriptedFeed : IClusterFeed
{
    internal static readonly DateTimeOffset Epoch = new(2026, 11, 22, 2, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly List<Channel<FeedChange>> _watchers = [];
    private readonly Dictionary<FeedKind, Dictionary<string, JsonElement>> _objects = Enum.GetValues<FeedKind>().ToDictionary(k => k, _ => new Dictionary<string, JsonElement>(StringComparer.Ordinal));

    public string ClusterName => "lab";

    internal int Started { get; private set; }

    public async IAsyncEnumerable<FeedChange> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<FeedChange>();
        lock (_lock)
        {
            Started++;
            foreach (var (kind, objects) in _objects)
            {
                channel.Writer.TryWrite(new FeedChange.Listed(kind, [.. objects.Values]));
            }

            _watchers.Add(channel);
        }

        await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken))
        {
            yield return change;
        }
    }

    internal void Put(FeedKind kind, JsonElement item)
    {
        lock (_lock)
        {
            _objects[kind][PodRow.Key(item)] = item;
            Send(new FeedChange.Changed(kind, item));
        }
    }

    internal void Remove(FeedKind kind, JsonElement item)
    {
        lock (_lock)
        {
            _objects[kind].Remove(PodRow.Key(item));
            Send(new FeedChange.Removed(kind, item));
        }
    }

    internal void Lose(FeedKind kind, string message)
    {
        lock (_lock)
        {
            Send(new FeedChange.Lost(kind, message));
        }
    }

    internal void Regain(FeedKind kind)
    {
        lock (_lock)
        {
            Send(new FeedChange.Listed(kind, [.. _objects[kind].Values]));
        }
    }

    internal static JsonElement Node(string name, bool ready = true, bool cordoned = false) => Element(new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["creationTimestamp"] = Stamp(Epoch) },
        ["spec"] = new JsonObject { ["unschedulable"] = cordoned },
        ["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready ? "True" : "Unknown" }),
            ["nodeInfo"] = new JsonObject { ["kubeletVersion"] = "v1.33.3" },
            ["allocatable"] = new JsonObject { ["cpu"] = "2", ["memory"] = "4Gi" },
        },
    });

    internal static JsonElement Pod(string name, string? node, bool ready = true, string? waiting = null, int restarts = 0, bool deleting = false, DateTimeOffset? created = null)
    {
        var metadata = new JsonObject { ["name"] = name, ["namespace"] = "payments", ["creationTimestamp"] = Stamp(created ?? Epoch) };
        if (deleting)
        {
            metadata["deletionTimestamp"] = Stamp(Epoch);
        }

        var spec = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "c" }) };
        if (node is null)
        {
            return Element(new JsonObject
            {
                ["metadata"] = metadata,
                ["spec"] = spec,
                ["status"] = new JsonObject { ["phase"] = "Pending", ["conditions"] = new JsonArray(new JsonObject { ["type"] = "PodScheduled", ["status"] = "False" }) },
            });
        }

        spec["nodeName"] = node;
        var container = new JsonObject
        {
            ["ready"] = ready && waiting is null,
            ["restartCount"] = restarts,
            ["state"] = waiting is null ? new JsonObject { ["running"] = new JsonObject() } : new JsonObject { ["waiting"] = new JsonObject { ["reason"] = waiting } },
        };
        if (restarts > 0)
        {
            container["lastState"] = new JsonObject { ["terminated"] = new JsonObject { ["exitCode"] = 1, ["finishedAt"] = Stamp(TimeProvider.System.GetUtcNow().AddSeconds(-40)) } };
        }

        return Element(new JsonObject
        {
            ["metadata"] = metadata,
            ["spec"] = spec,
            ["status"] = new JsonObject
            {
                ["phase"] = "Running",
                ["podIP"] = "127.20.1.7",
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready && waiting is null ? "True" : "False" }),
                ["containerStatuses"] = new JsonArray(container),
            },
        });
    }

    internal static JsonElement Event(string id, string kind, string subject, string type, string reason, string message, DateTimeOffset last, int count = 1) => Element(new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = id, ["namespace"] = "payments" },
        ["involvedObject"] = new JsonObject { ["kind"] = kind, ["name"] = subject, ["namespace"] = "payments" },
        ["type"] = type,
        ["reason"] = reason,
        ["message"] = message,
        ["count"] = count,
        ["source"] = new JsonObject { ["component"] = "kubelet" },
        ["firstTimestamp"] = Stamp(last),
        ["lastTimestamp"] = Stamp(last),
    });

    private void Send(FeedChange change) => _watchers.ForEach(w => w.Writer.TryWrite(change));

    private static string Stamp(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JsonElement Element(JsonObject json) => JsonDocument.Parse(json.ToJsonString()).RootElement;
}
