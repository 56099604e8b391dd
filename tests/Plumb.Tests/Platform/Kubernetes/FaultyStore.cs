using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Plumb.Tests.Platform.Kubernetes;

internal enum FaultyOp
{
    Create,
    Update,
    Delete,

    /// <summary>Every open watch is cut, in the middle of a line.</summary>
    Cut,

    /// <summary>Every open watch ends in good order.</summary>
    End,

    /// <summary>The history up to now is forgotten, and open watches are told so (410).</summary>
    Compact,

    /// <summary>Every open watch gets a line that is no JSON.</summary>
    Garbage,

    /// <summary>Every open watch gets a bookmark.</summary>
    Bookmark,

    /// <summary>Every open watch gets the whole history again.</summary>
    Replay,
}

/// <summary>Config maps with a history, whose watches break on command.</summary>
internal sealed class FaultyStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JsonObject> _objects = [];
    private readonly List<(int Version, string Type, JsonObject Item)> _history = [];
    private readonly List<WatchCommands> _watches = [];
    private int _version = 1;
    private int _compacted = 1;

    /// <summary>What each name's states were, in order: type, uid, version.</summary>
    public IReadOnlyList<(string Type, string Name, string Uid, int Version)> Told
    {
        get
        {
            lock (_lock)
            {
                return [.. _history.Select(change => (change.Type, Text(change.Item, "name"), Text(change.Item, "uid"), change.Version))];
            }
        }
    }

    public int Compactions { get; private set; }

    public void Do(FaultyOp op, string name)
    {
        lock (_lock)
        {
            var present = _objects.GetValueOrDefault(name);
            switch (op)
            {
                case FaultyOp.Create when present is null:
                    Publish("ADDED", name, $"uid-{_version + 1}");
                    break;
                case FaultyOp.Update when present is not null:
                    Publish("MODIFIED", name, Text(present, "uid"));
                    break;
                case FaultyOp.Delete when present is not null:
                    Publish("DELETED", name, Text(present, "uid"));
                    break;
                case FaultyOp.Compact:
                    _compacted = _version;
                    Compactions++;
                    Tell(FakeKube.Event("ERROR", JsonNode.Parse(FakeKube.Status(410, "Expired", "too old resource version"))!), ends: true);
                    break;
                case FaultyOp.Cut:
                    Tell("{\"type\":\"MODIFIED\",\"object\":{\"me", ends: true, aborts: true);
                    break;
                case FaultyOp.End:
                    Tell("", ends: true);
                    break;
                case FaultyOp.Garbage:
                    Tell("<html>bad gateway</html>\n", ends: true);
                    break;
                case FaultyOp.Bookmark:
                    Tell(FakeKube.Event("BOOKMARK", FakeKube.ConfigMap("", "", _version)), ends: false);
                    break;
                case FaultyOp.Replay:
                    Tell(string.Concat(_history.Select(change => FakeKube.Event(change.Type, change.Item))), ends: false);
                    break;
            }
        }
    }

    public async Task AnswerAsync(HttpContext context)
    {
        if (!context.Request.Query.ContainsKey("watch"))
        {
            string list;
            lock (_lock)
            {
                list = FakeKube.List(_version, _objects.Values);
            }
            await FakeKube.AnswerAsync(context, 200, list);
            return;
        }
        var since = int.Parse(context.Request.Query["resourceVersion"]!, CultureInfo.InvariantCulture);
        var commands = new WatchCommands();
        lock (_lock)
        {
            if (since < _compacted)
            {
                commands.Add(FakeKube.Event("ERROR", JsonNode.Parse(FakeKube.Status(410, "Expired", "too old resource version"))!), ends: true, aborts: false);
            }
            foreach (var change in _history.Where(change => change.Version > since))
            {
                commands.Add(FakeKube.Event(change.Type, change.Item), ends: false, aborts: false);
            }
            _watches.Add(commands);
        }
        await commands.PlayAsync(context);
    }

    private static string Text(JsonObject item, string field) => (string)item["metadata"]![field]!;

    private void Publish(string type, string name, string uid)
    {
        var item = FakeKube.ConfigMap(name, uid, ++_version, string.Create(CultureInfo.InvariantCulture, $"v{_version}"));
        _history.Add((_version, type, item));
        if (type == "DELETED")
        {
            _objects.Remove(name);
        }
        else
        {
            _objects[name] = item;
        }
        Tell(FakeKube.Event(type, item), ends: false);
    }

    private void Tell(string text, bool ends, bool aborts = false)
    {
        foreach (var watch in _watches)
        {
            watch.Add(text, ends, aborts);
        }
        if (ends)
        {
            _watches.Clear();
        }
    }

    private sealed class WatchCommands
    {
        private readonly System.Threading.Channels.Channel<(string Text, bool Ends, bool Aborts)> _channel =
            System.Threading.Channels.Channel.CreateUnbounded<(string, bool, bool)>();

        public void Add(string text, bool ends, bool aborts) => _channel.Writer.TryWrite((text, ends, aborts));

        public async Task PlayAsync(HttpContext context)
        {
            await FakeKube.SendAsync(context, "");
            await foreach (var (text, ends, aborts) in _channel.Reader.ReadAllAsync(context.RequestAborted))
            {
                await FakeKube.SendAsync(context, text);
                if (aborts)
                {
                    context.Abort();
                }
                if (ends)
                {
                    return;
                }
            }
        }
    }
}
