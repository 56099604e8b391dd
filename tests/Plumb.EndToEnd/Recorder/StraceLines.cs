using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Recorder;

/// <summary>Lines of <c>strace -f -yy</c> and calls of <c>plumb trace -o json</c> in one form, so that they can be compared word for word.</summary>
internal static class StraceLines
{
    private const RegexOptions Options = RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    /// <summary>Where both say the same in other words, and what differs from run to run: addresses of memory, ports and process numbers.</summary>
    private static readonly (string Pattern, string Replacement)[] SameWords =
    [
        (@"\{sa_family=AF_INET, sin_port=htons\((?<p>\d+)\), sin_addr=inet_addr\(""(?<a>[\d.]+)""\)\}", "${a}:${p}"),
        (@"\{sa_family=AF_INET6, sin6_port=htons\((?<p>\d+)\), sin6_flowinfo=htonl\(0\), inet_pton\(AF_INET6, ""(?<a>[^""]+)"", &sin6_addr\), sin6_scope_id=0\}", "[${a}]:${p}"),
        (@"\{sa_family=AF_UNIX, sun_path=""(?<a>[^""]+)""\}", "unix:${a}"),
        ("AT_FDCWD<[^>]*>", "AT_FDCWD"),
        (@"<(?<k>TCP|UDP)(?<v>v6)?:\[\d+\]>", "<${k}${v}>"),
        (@"<(?<k>TCP|UDP)(?<v>v6)?:\[(\S+)->(?<peer>\S+)\]>", "<${k}${v} ->${peer}>"),
        (@"<(?<k>TCP|UDP)(?<v>v6)?:\[(?<end>\S+?)\]>", "<${k}${v} ${end}>"),
        (@"<(?<k>TCP|UDP)(?<v>v6)? \S+->(?<peer>\S+?)>", "<${k}${v} ->${peer}>"),
        (@"127\.0\.0\.1:(0|\d{5})\b", "127.0.0.1:PORT"),
        (@"<UNIX(-\w+)?:\[\d+(->\d+)?\]>|<UNIX pair>", "<UNIX>"),
        (@"<UNIX(-\w+)?:\[\d+,""(?<path>[^""]*)""\]>", "<UNIX unix:${path}>"),
        (@"<pipe:\[\d+\]>", "<pipe>"),
        (@"<anon_inode:\[?eventpoll\]?>", "<epoll>"),
        (@"<anon_inode:\[?(?<k>\w+)\]?>", "<${k}>"),
        (@"</memfd:(?<name>\w+)>\(deleted\)|</memfd:(?<name>\w+) \(deleted\)>", "<memfd:${name}>"),
        ("</dev/null<char 1:3>>", "</dev/null>"),
        (@", st_rdev=makedev\([^)]*\)", ""),
        (@"data=\{u32=\d+, u64=(?<n>\d)\}", "data=0x${n}"),
        (@"msg_iov=\[\{iov_base=(?<text>""[^""]*""), iov_len=\d+\}\]", "msg_iov=${text}"),
        (@"\[1\] => \[6\]", "[1]"),
        (@", revents=[\w|]+|(?<== 1) \(\[\{fd=\d+, revents=\w+\}\]\)|(?<== 1) \(in .*\)", ""),
        ("PR_SET_NO_NEW_PRIVS, 0x1", "PR_SET_NO_NEW_PRIVS, 1"),
        (@"^(?<start>select\(.*), (\{[^}]*\}|0x[0-9a-f]+)\)", "${start}, TIME)"),
        ("0x[0-9a-f]{6,}", "POINTER"),
    ];

    /// <summary>Their numbers are of processes.</summary>
    private static readonly string[] OfProcesses = ["getpid", "getppid", "setsid", "wait4", "clone3", "kill"];

    private static readonly Regex[] Patterns = [.. SameWords.Select(one => new Regex(one.Pattern, Options, Limit))];
    private static readonly Regex Line = new(@"^(?<pid>\d+)\s+(?<name>\w+)\((?<arguments>.*)\)\s+= (?<result>.*)$", Options, Limit);
    private static readonly Regex Begun = new(@"^(?<pid>\d+)\s+(?<text>\w+\(.*) <unfinished \.\.\.>$", Options, Limit);
    private static readonly Regex Resumed = new(@"^(?<pid>\d+)\s+<\.\.\. \w+ resumed>(?<text>.*)$", Options, Limit);
    private static readonly Regex ProcessNumbers = new(@"\b\d{3,}\b", Options, Limit);

    /// <summary>The calls of the first process, from its first chdir; its name comes first.</summary>
    public static IReadOnlyList<(string Name, string Text)> FromStrace(IEnumerable<string> lines) =>
        OfFirst(Joined(lines).Select(line => Line.Match(line)).Where(match => match.Success)
            .Select(match => (match.Groups["name"].Value, Same($"{match.Groups["name"].Value}({match.Groups["arguments"].Value}) = {match.Groups["result"].Value}"), match.Groups["pid"].Value)));

    public static IReadOnlyList<(string Name, string Text)> FromPlumb(IEnumerable<JsonNode> calls) =>
        OfFirst(calls.Select(call => (call["syscall"]!.GetValue<string>(), Same(Text(call)), call["pid"]!.ToString())));

    private static string Text(JsonNode call)
    {
        var result = call["error"] is { } error ? $"-1 {error} ({call["errorText"]})" : (call["returned"] ?? call["ret"])?.ToString() ?? "?";
        return $"{call["syscall"]}({string.Join(", ", call["parameters"]!.AsObject().Select(parameter => parameter.Value!.GetValue<string>()))}) = {result}";
    }

    private static string Same(string text)
    {
        for (var index = 0; index < Patterns.Length; index++)
        {
            text = Patterns[index].Replace(text, SameWords[index].Replacement);
        }
        return OfProcesses.Contains(text.Split('(')[0]) ? ProcessNumbers.Replace(text, "PID") : text;
    }

    private static (string, string)[] OfFirst(IEnumerable<(string Name, string Text, string Process)> calls)
    {
        var from = calls.SkipWhile(call => call.Name != "chdir").ToArray();
        return [.. from.Where(call => call.Process == from[0].Process).Select(call => (call.Name, call.Text))];
    }

    /// <summary>A call during which another process made one stands on two lines.</summary>
    private static IEnumerable<string> Joined(IEnumerable<string> lines)
    {
        var begun = new Dictionary<string, string>();
        foreach (var line in lines)
        {
            if (Begun.Match(line) is { Success: true } start)
            {
                begun[start.Groups["pid"].Value] = start.Groups["text"].Value;
            }
            else if (Resumed.Match(line) is { Success: true } end && begun.Remove(end.Groups["pid"].Value, out var text))
            {
                yield return $"{end.Groups["pid"].Value} {text}{end.Groups["text"].Value}";
            }
            else
            {
                yield return line;
            }
        }
    }
}
