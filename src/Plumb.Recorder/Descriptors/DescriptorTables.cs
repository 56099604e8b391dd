using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Descriptors;

/// <summary>
/// What the descriptors of each recorded process refer to, followed from call to call. What was opened before the recording is known only for processes that are alive,
/// from /proc. It is the best that can be said from outside: descriptors that come over a unix socket or through io_uring are not seen.
/// </summary>
/// <param name="live">Reads /proc; null when the calls were recorded earlier or elsewhere.</param>
public sealed class DescriptorTables(LiveDescriptors? live = null)
{
    private const int MostProcesses = 4096;
    private const int MostForks = 1024;

    private readonly Dictionary<int, ProcessDescriptors> _processes = [];

    /// <summary>Children that were made and not seen yet: the number that their parent knows them by, and what they have from it.</summary>
    private readonly List<(int Child, ulong AtNs, string Command, ProcessDescriptors Parent)> _forks = [];

    private Dictionary<int, HashSet<int>> _touched = [];

    public Descriptor? Find(int processId, int descriptor) => _processes.TryGetValue(processId, out var process) ? process[descriptor] : null;

    /// <summary>The path of a parameter, absolute where the place it counts from is known.</summary>
    internal string? PathOf(RecordedCall call, CallSignature signature, int argument, int directory) =>
        _processes.TryGetValue(call.ProcessId, out var process) ? DescriptorEffects.Absolute(process, directory, DescriptorEffects.Path(call, signature, argument)) : null;

    /// <summary>What a process has open, by kind: for what leaks.</summary>
    public IReadOnlyDictionary<string, int> Kinds(int processId) =>
        _processes.TryGetValue(processId, out var process) ? process.All.GroupBy(entry => entry.Value.Kind).ToDictionary(group => group.Key, group => group.Count()) : [];

    /// <summary>Calls that will be followed next. /proc shows the present: what they change themselves cannot be read from it any more.</summary>
    public void Expect(IEnumerable<RecordedCall> calls)
    {
        if (live is null)
        {
            return;
        }
        _touched = [];
        foreach (var call in calls)
        {
            foreach (var descriptor in DescriptorEffects.Touched(call))
            {
                (_touched.TryGetValue(call.ProcessId, out var numbers) ? numbers : _touched[call.ProcessId] = []).Add(descriptor);
            }
        }
    }

    /// <summary>Calls of one ring are missing here: what was known of its processes may be wrong by now.</summary>
    public void Forget(string ring)
    {
        foreach (var (id, _) in _processes.Where(entry => entry.Value.Ring == ring).ToArray())
        {
            _processes.Remove(id);
        }
        _forks.RemoveAll(fork => fork.Parent.Ring == ring);
    }

    /// <summary>Makes a process known that makes its first call; to be called before the call is shown.</summary>
    /// <param name="ring">Where the call was recorded. The same number in another ring is another process: the first one ended without saying so.</param>
    internal void Meet(RecordedCall call, string ring)
    {
        if (_processes.TryGetValue(call.ProcessId, out var met) && met.Ring == ring)
        {
            return;
        }
        if (_processes.Count >= MostProcesses)
        {
            _processes.Clear();
            _forks.Clear();
        }
        var process = new ProcessDescriptors { FirstSeenNs = call.EnterNs, Command = call.Command, Ring = ring };
        _processes[call.ProcessId] = process;
        if (ParentOf(call, ring) is { } parent)
        {
            process.Inherit(parent);
        }
        else if (live?.Read(call.ProcessId) is { } present)
        {
            var touched = _touched.GetValueOrDefault(call.ProcessId);
            foreach (var (number, descriptor) in present.Open.Where(entry => entry.Key < present.Given || touched?.Contains(entry.Key) != true))
            {
                process.Open(number, descriptor);
            }
            (process.Directory, process.HasOrigin) = (present.Directory, true);
        }
    }

    /// <summary>What a call changed; to be called after it was shown.</summary>
    internal void Follow(RecordedCall call, CallSignature signature)
    {
        var process = _processes[call.ProcessId];
        if (signature.Name is "fork" or "vfork" or "clone" or "clone3" && call is { State: CallState.Returned, Return: > 0 })
        {
            Fork(call, process, DescriptorEffects.CloneFlags(call, signature));
        }
        else if (signature.Name == "exit_group")
        {
            _processes.Remove(call.ProcessId);
        }
        else
        {
            DescriptorEffects.Apply(call, signature, process);
        }
    }

    private const ulong CloneThread = 0x10000;

    private void Fork(RecordedCall call, ProcessDescriptors parent, ulong flags)
    {
        if ((flags & CloneThread) != 0)
        {
            return;
        }
        // The child may have been seen first; in a process namespace of its own the parent knows it by another number.
        var child = _processes.GetValueOrDefault((int)call.Return) is { HasOrigin: false } known && known.Ring == parent.Ring ? known : Orphan(call, parent);
        if (child is not null)
        {
            child.Inherit(parent);
            return;
        }
        if (_forks.Count >= MostForks)
        {
            _forks.RemoveAt(0);
        }
        _forks.Add(((int)call.Return, call.EnterNs, call.Command, parent.Copy()));
    }

    private ProcessDescriptors? Orphan(RecordedCall fork, ProcessDescriptors parent)
    {
        var candidates = _processes.Values.Where(process => process is { HasOrigin: false } && process != parent && process.Ring == parent.Ring && process.FirstSeenNs > fork.EnterNs && process.Command == fork.Command).Take(2).ToArray();
        return candidates.Length == 1 ? candidates[0] : null;
    }

    private ProcessDescriptors? ParentOf(RecordedCall call, string ring)
    {
        var at = _forks.FindIndex(fork => fork.Child == call.ProcessId && fork.Parent.Ring == ring);
        if (at < 0 && live is not null && LiveDescriptors.ParentOf(call.ProcessId) is { } parent && _processes.TryGetValue(parent, out var known))
        {
            return known;
        }
        if (at < 0 && _forks.Count(IsLike) == 1)
        {
            at = _forks.FindIndex(IsLike);
        }
        if (at < 0)
        {
            return null;
        }
        var found = _forks[at].Parent;
        _forks.RemoveAt(at);
        return found;

        bool IsLike((int Child, ulong AtNs, string Command, ProcessDescriptors Parent) fork) => fork.Command == call.Command && fork.Parent.Ring == ring;
    }
}
