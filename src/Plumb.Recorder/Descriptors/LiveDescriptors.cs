using System.Globalization;
using System.Net;
using System.Text;
using Plumb.Recorder.Decoding;

namespace Plumb.Recorder.Descriptors;

/// <summary>What a process that is alive has open now, from /proc.</summary>
/// <param name="redact">Masks what the user wants masked in names that come from no call.</param>
/// <param name="started">A program was started from here, with this process's standard input and twice its standard error: a short one ends before it can be looked at.</param>
public sealed class LiveDescriptors(Func<string, string>? redact = null, bool started = false)
{
    private const int MostDescriptors = 4096;
    private const int MostSockets = 20_000;
    private const int CloseOnExec = 0x80000;

    /// <summary>Standard input, output and error.</summary>
    private const int MostStandard = 3;

    /// <param name="Given">Descriptors below this number were given to the process at its start, whatever became of them since.</param>
    internal sealed record Present(IReadOnlyDictionary<int, Descriptor> Open, string? Directory, int Given = 0);

    private bool _waitsForStarted = started;

    /// <summary>Null when the process is gone, or is somebody else's.</summary>
    internal Present? Read(int processId)
    {
        var present = Look(processId);
        if (!_waitsForStarted || Look(Environment.ProcessId) is not { } own)
        {
            return present;
        }
        _waitsForStarted = false;
        var open = present?.Open.ToDictionary() ?? [];
        foreach (var (number, ours) in ((int, int)[])[(0, 0), (1, 2), (2, 2)])
        {
            if (own.Open.TryGetValue(ours, out var standard))
            {
                open[number] = standard with { ClosesOnExec = false };
            }
        }
        return new Present(open, own.Directory, MostStandard);
    }

    private Present? Look(int processId)
    {
        try
        {
            var targets = new Dictionary<int, string>();
            foreach (var link in new DirectoryInfo($"/proc/{processId}/fd").EnumerateFileSystemInfos().Take(MostDescriptors))
            {
                if (int.TryParse(link.Name, CultureInfo.InvariantCulture, out var number) && link.LinkTarget is { } target)
                {
                    targets[number] = target;
                }
            }
            if (targets.Count == 0)
            {
                // It ended, and nobody has waited for it yet.
                return null;
            }
            var sockets = targets.Values.Any(target => target.StartsWith("socket:[", StringComparison.Ordinal)) ? Sockets(processId) : [];
            return new Present(targets.ToDictionary(entry => entry.Key, entry => Describe(entry.Value, sockets, ClosesOnExec(processId, entry.Key))),
                new DirectoryInfo($"/proc/{processId}/cwd").LinkTarget is { } directory ? Shown(directory) : null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static int? ParentOf(int processId)
    {
        try
        {
            var line = File.ReadLines($"/proc/{processId}/status").FirstOrDefault(line => line.StartsWith("PPid:", StringComparison.Ordinal));
            return line is null ? null : int.Parse(line[5..], CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private Descriptor Describe(string target, Dictionary<string, (string Kind, string? Local, string? Peer)> sockets, bool closesOnExec)
    {
        if (target.StartsWith("socket:[", StringComparison.Ordinal))
        {
            return sockets.TryGetValue(target[8..^1], out var socket) ? Descriptor.Socket(socket.Kind, socket.Local, socket.Peer, closesOnExec, 0) : new Descriptor("socket", "socket", closesOnExec);
        }
        if (target.StartsWith("pipe:[", StringComparison.Ordinal))
        {
            return new Descriptor("pipe", "pipe", closesOnExec);
        }
        if (target.StartsWith("anon_inode:", StringComparison.Ordinal))
        {
            var kind = target["anon_inode:".Length..].Trim('[', ']');
            return kind == "eventpoll" ? new Descriptor("epoll", "epoll", closesOnExec) : new Descriptor(kind is "eventfd" or "timerfd" or "signalfd" or "inotify" or "pidfd" ? kind : "other", kind, closesOnExec);
        }
        return target.StartsWith("/memfd:", StringComparison.Ordinal) ? new Descriptor("memfd", Shown(target[1..].Replace(" (deleted)", "", StringComparison.Ordinal)), closesOnExec)
            : new Descriptor(Descriptor.File, Shown(target), closesOnExec);
    }

    private string Shown(string path) => Escaped.Name(Encoding.UTF8.GetBytes(redact is null ? path : redact(path)));

    private static bool ClosesOnExec(int processId, int descriptor)
    {
        try
        {
            var line = File.ReadLines($"/proc/{processId}/fdinfo/{descriptor}").FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return line is not null && (Convert.ToInt32(line[6..].Trim(), 8) & CloseOnExec) != 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>By inode, in the process's own network namespace (proc(5), /proc/net/tcp and unix).</summary>
    private static Dictionary<string, (string Kind, string? Local, string? Peer)> Sockets(int processId)
    {
        var found = new Dictionary<string, (string, string?, string?)>();
        foreach (var (file, kind) in ((string, string)[])[("tcp", "TCP"), ("tcp6", "TCPv6"), ("udp", "UDP"), ("udp6", "UDPv6")])
        {
            foreach (var words in Rows($"/proc/{processId}/net/{file}").Where(words => words.Length > 9))
            {
                found[words[9]] = (kind, Address(words[1]), Address(words[2]));
            }
        }
        foreach (var words in Rows($"/proc/{processId}/net/unix").Where(words => words.Length > 6))
        {
            found[words[6]] = ("UNIX", words.Length > 7 ? $"unix:{Escaped.Name(Encoding.UTF8.GetBytes(words[7]))}" : null, null);
        }
        return found;
    }

    private static IEnumerable<string[]> Rows(string file) =>
        File.Exists(file) ? File.ReadLines(file).Skip(1).Take(MostSockets).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)) : [];

    /// <summary>0100007F:1F90: words of the address in the machine's order. Null for port 0, which is no end.</summary>
    private static string? Address(string text)
    {
        var parts = text.Split(':');
        var bytes = Convert.FromHexString(parts[0]);
        for (var word = 0; word < bytes.Length; word += 4)
        {
            Array.Reverse(bytes, word, 4);
        }
        var port = int.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return port == 0 ? null : new IPEndPoint(new IPAddress(bytes), port).ToString();
    }
}
