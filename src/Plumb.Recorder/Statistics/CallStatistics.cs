using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Statistics;

/// <summary>Counts and times of a group of calls.</summary>
/// <param name="Name">Of the call, thread, container, file or peer.</param>
/// <param name="Errors">How many failed, by errno.</param>
/// <param name="TotalNs">Time from the entries to the returns, which includes waiting; calls that did not return are counted without a time.</param>
/// <param name="Share">Of the time of all, from 0 to 1.</param>
/// <param name="Bytes">Read and written; 0 for other calls.</param>
public sealed record CallSummary(string Name, long Count, IReadOnlyDictionary<string, long> Errors, ulong TotalNs, double Share, ulong P50Ns, ulong P99Ns, ulong MaxNs, long Bytes)
{
    public long Failed => Errors.Values.Sum();
}

/// <summary>What <c>strace -c</c> says and more: by call, thread and container, and which files and peers the calls were about.</summary>
public sealed class CallStatistics
{
    /// <summary>More files, peers or threads than these are counted together.</summary>
    private const int MostNames = 10_000;

    private const string Others = "(others)";
    private static readonly HashSet<string> Moves = ["read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "preadv2", "pwritev2", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendfile"];

    private readonly Dictionary<string, Tally> _calls = [];
    private readonly Dictionary<string, Tally> _threads = [];
    private readonly Dictionary<int, string> _threadNames = [];
    private readonly Dictionary<string, Tally> _containers = [];
    private readonly Dictionary<string, Tally> _files = [];
    private readonly Dictionary<string, Tally> _peers = [];
    private readonly Tally _all = new();

    public long Count => _all.Times.Count + _all.Unreturned;

    public ulong TotalNs => _all.Times.Total;

    public IReadOnlyList<CallSummary> Calls => Summed(_calls);

    /// <summary>Named comm pid/tid.</summary>
    public IReadOnlyList<CallSummary> Threads => Summed(_threads);

    public IReadOnlyList<CallSummary> Containers => Summed(_containers);

    public IReadOnlyList<CallSummary> Files => Summed(_files);

    /// <summary>Other ends of sockets.</summary>
    public IReadOnlyList<CallSummary> Peers => Summed(_peers);

    /// <param name="container">namespace/pod/container; null where there is no pod.</param>
    public void Add(DecodedCall call, string? container = null)
    {
        _all.Add(call);
        Of(_calls, call.Name).Add(call);
        Thread(call).Add(call);
        if (container is not null)
        {
            Of(_containers, container).Add(call);
        }
        if (call.Path is { } path)
        {
            Of(_files, path).Add(call);
        }
        else if (call.Target is { IsSocket: false, Kind: Descriptors.Descriptor.File, Name: var name })
        {
            Of(_files, name).Add(call);
        }
        else if (call.Target?.Peer is { } peer)
        {
            Of(_peers, peer).Add(call);
        }
    }

    /// <summary>A thread changes its name, by execve and by itself; the last one counts.</summary>
    private Tally Thread(DecodedCall call)
    {
        var name = $"{call.Command} {call.Call.ProcessId}/{call.Call.ThreadId}";
        if (_threadNames.TryGetValue(call.Call.ThreadId, out var before) && before != name && _threads.Remove(before, out var tally))
        {
            _threads[name] = tally;
        }
        if (_threadNames.Count < MostNames)
        {
            _threadNames[call.Call.ThreadId] = name;
        }
        return Of(_threads, name);
    }

    private static Tally Of(Dictionary<string, Tally> tallies, string name)
    {
        if (tallies.TryGetValue(name, out var tally))
        {
            return tally;
        }
        name = tallies.Count < MostNames ? name : Others;
        return tallies.TryGetValue(name, out tally) ? tally : tallies[name] = new Tally();
    }

    private CallSummary[] Summed(Dictionary<string, Tally> tallies) =>
        [.. tallies.Select(entry => entry.Value.Summary(entry.Key, TotalNs)).OrderByDescending(one => one.TotalNs).ThenByDescending(one => one.Count).ThenBy(one => one.Name, StringComparer.Ordinal)];

    private sealed class Tally
    {
        private readonly Dictionary<string, long> _errors = [];
        private long _bytes;

        public DurationHistogram Times { get; } = new();

        public long Unreturned { get; private set; }

        public void Add(DecodedCall call)
        {
            if (call.Call.State != CallState.Returned)
            {
                Unreturned++;
                return;
            }
            Times.Add(call.Call.ExitNs - call.Call.EnterNs);
            if (call.Error is { } error)
            {
                _errors[error] = _errors.GetValueOrDefault(error) + 1;
            }
            else if (Moves.Contains(call.Name))
            {
                _bytes += call.Call.Return;
            }
        }

        public CallSummary Summary(string name, ulong all) =>
            new(name, Times.Count + Unreturned, _errors, Times.Total, all == 0 ? 0 : (double)Times.Total / all, Times.Quantile(0.5), Times.Quantile(0.99), Times.Max, _bytes);
    }
}
