using System.Text.Json;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// What the console knows of the cluster, and the numbered log of what changed. Readers keep only a position in the log: one that
/// fell behind further than the log reaches back gets a fresh snapshot, so a slow reader costs no memory.
/// </summary>
internal sealed class LiveState(string cluster, TimeProvider time)
{
    /// <summary>How many changes back a reader may resume.</summary>
    internal const int LogLength = 1024;

    /// <summary>The newest events that are kept; a cluster keeps an hour of them, which can be very many.</summary>
    internal const int MaxEvents = 400;

    /// <summary>More pods than this would not be readable on one page; the page says how many are left out.</summary>
    internal const int MaxPods = 2000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, NodeView> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PodView> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EventView> _events = new(StringComparer.Ordinal);
    private readonly HashSet<string> _podsLeftOut = new(StringComparer.Ordinal);
    private readonly Dictionary<FeedKind, string?> _kinds = [];
    private readonly Queue<byte[]> _log = new();
    private long _last;
    private SourceView _source = new("connecting", time.GetUtcNow(), null, null);
    private RunView? _run;
    private TaskCompletionSource _changed = New();

    /// <summary>Names this log: a position of another epoch means nothing here.</summary>
    internal string Epoch { get; } = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(6));

    internal void Apply(FeedChange change)
    {
        lock (_lock)
        {
            var delta = change switch
            {
                FeedChange.Listed listed => Replace(listed),
                FeedChange.Changed changed => Upsert(changed.Kind, changed.Object),
                FeedChange.Removed removed => Remove(removed.Kind, removed.Object),
                _ => new Delta(),
            };
            Append(delta with { Source = Judge(change), PodsLeftOut = delta.PodsLeftOut });
        }
    }

    internal void Apply(RunView? run)
    {
        lock (_lock)
        {
            _run = run;
            Append(new Delta { Run = run });
        }
    }

    /// <summary>A step of the present run; only the step is told, the rest is known already.</summary>
    internal void Apply(RunView run, ProgressView step)
    {
        lock (_lock)
        {
            _run = run;
            Append(new Delta { Step = step });
        }
    }

    /// <summary>The whole present state and the position to go on from.</summary>
    internal (byte[] Json, long Position) Snapshot(IReadOnlyList<NavItem> nav, bool hasTraffic)
    {
        lock (_lock)
        {
            var snapshot = new Snapshot(
                time.GetUtcNow(), cluster, _source, nav, [.. _nodes.Values], [.. _pods.Values], [.. _events.Values], EventSentences.Explanations, hasTraffic, _podsLeftOut.Count, _run);
            return (JsonSerializer.SerializeToUtf8Bytes(snapshot, ConsoleJson.Default.Snapshot), _last);
        }
    }

    /// <summary>The changes after a position, or null when the log no longer reaches back to it.</summary>
    internal IReadOnlyList<byte[]>? After(long position)
    {
        lock (_lock)
        {
            return position > _last || position < _last - _log.Count ? null : [.. _log.Skip((int)(position - (_last - _log.Count)))];
        }
    }

    /// <summary>Completes when there is something after the position.</summary>
    internal Task ChangedAfter(long position)
    {
        lock (_lock)
        {
            return _last > position ? Task.CompletedTask : _changed.Task;
        }
    }

    private void Append(Delta delta)
    {
        if (delta.IsEmpty)
        {
            return;
        }

        _log.Enqueue(JsonSerializer.SerializeToUtf8Bytes(delta, ConsoleJson.Default.Delta));
        if (_log.Count > LogLength)
        {
            _log.Dequeue();
        }

        _last++;
        var changed = _changed;
        _changed = New();
        changed.TrySetResult();
    }

    private Delta Replace(FeedChange.Listed listed)
    {
        switch (listed.Kind)
        {
            case FeedKind.Nodes:
                var (nodes, nodesGone) = Difference(_nodes, listed.Objects.Select(NodeRow.From).ToDictionary(n => n.Name, StringComparer.Ordinal));
                return new Delta { Nodes = nodes, NodesGone = nodesGone };
            case FeedKind.Pods:
                var all = listed.Objects.Select(PodRow.From).OrderBy(p => p.Key, StringComparer.Ordinal).ToList();
                _podsLeftOut.Clear();
                _podsLeftOut.UnionWith(all.Skip(MaxPods).Select(p => p.Key));
                var (pods, podsGone) = Difference(_pods, all.Take(MaxPods).ToDictionary(p => p.Key, StringComparer.Ordinal));
                return new Delta { Pods = pods, PodsGone = podsGone, PodsLeftOut = _podsLeftOut.Count };
            default:
                var newest = listed.Objects.Select(EventRow.From).OrderByDescending(e => e.Last).Take(MaxEvents).ToDictionary(e => e.Key, StringComparer.Ordinal);
                var (events, eventsGone) = Difference(_events, newest);
                return new Delta { Events = events, EventsGone = eventsGone };
        }
    }

    private Delta Upsert(FeedKind kind, JsonElement item)
    {
        switch (kind)
        {
            case FeedKind.Nodes:
                return Put(_nodes, NodeRow.Key(item), NodeRow.From(item)) is { } node ? new Delta { Nodes = [node] } : new Delta();
            case FeedKind.Pods:
                if (_pods.Count >= MaxPods && !_pods.ContainsKey(PodRow.Key(item)))
                {
                    return _podsLeftOut.Add(PodRow.Key(item)) ? new Delta { PodsLeftOut = _podsLeftOut.Count } : new Delta();
                }

                return Put(_pods, PodRow.Key(item), PodRow.From(item)) is { } pod ? new Delta { Pods = [pod] } : new Delta();
            default:
                if (Put(_events, EventRow.Key(item), EventRow.From(item)) is not { } evt)
                {
                    return new Delta();
                }

                var gone = _events.Count <= MaxEvents ? null : _events.Values.MinBy(e => e.Last)!.Key;
                if (gone is not null)
                {
                    _events.Remove(gone);
                }

                return new Delta { Events = [evt], EventsGone = gone is null ? null : [gone] };
        }
    }

    private Delta Remove(FeedKind kind, JsonElement item) => kind switch
    {
        FeedKind.Nodes => _nodes.Remove(NodeRow.Key(item)) ? new Delta { NodesGone = [NodeRow.Key(item)] } : new Delta(),
        FeedKind.Pods when _podsLeftOut.Remove(PodRow.Key(item)) => new Delta { PodsLeftOut = _podsLeftOut.Count },
        FeedKind.Pods => _pods.Remove(PodRow.Key(item)) ? new Delta { PodsGone = [PodRow.Key(item)] } : new Delta(),
        _ => _events.Remove(EventRow.Key(item)) ? new Delta { EventsGone = [EventRow.Key(item)] } : new Delta(),
    };

    /// <summary>The state of the whole source: lost when any kind is lost, live when all three were listed. Null: as before.</summary>
    private SourceView? Judge(FeedChange change)
    {
        _kinds[change.Kind] = change is FeedChange.Lost lost ? lost.Message : null;
        var trouble = _kinds.Values.FirstOrDefault(m => m is not null);
        var state = trouble is not null ? "lost" : _kinds.Count == Enum.GetValues<FeedKind>().Length ? "live" : "connecting";
        var now = time.GetUtcNow();
        var before = _source;
        var readAt = state == "live" ? now : before.State == "live" ? now : before.ReadAt;
        _source = new SourceView(state, state == before.State ? before.Since : now, readAt, trouble);
        return state == before.State && trouble == before.Message ? null : _source;
    }

    private static (List<T>? Changed, List<string>? Gone) Difference<T>(Dictionary<string, T> present, Dictionary<string, T> next)
        where T : class
    {
        var gone = present.Keys.Where(k => !next.ContainsKey(k)).ToList();
        gone.ForEach(k => present.Remove(k));
        var changed = next.Where(p => Put(present, p.Key, p.Value) is not null).Select(p => p.Value).ToList();
        return (changed.Count == 0 ? null : changed, gone.Count == 0 ? null : gone);
    }

    private static T? Put<T>(Dictionary<string, T> views, string key, T view)
        where T : class
    {
        if (views.TryGetValue(key, out var before) && view.Equals(before))
        {
            return null;
        }

        views[key] = view;
        return view;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
