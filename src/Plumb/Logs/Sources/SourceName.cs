using System.Buffers;

namespace Plumb.Logs.Sources;

/// <summary>Which service and pod a file or pod name speaks of. Services are discovered, never configured.</summary>
internal static class SourceName
{
    private const int ContainerIdLength = 64;
    private const int LongestDate = 20;

    // Kubernetes' generated suffixes have no vowels, so that they are no words.
    private static readonly SearchValues<char> Generated = SearchValues.Create("23456789bcdfghjklmnpqrstvwxz");
    private static readonly SearchValues<char> HexLetters = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<char> PodLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789.-");

    /// <summary>ledger.log.2.gz → ledger; /var/log/pods/NS_POD_UID/CONTAINER/0.log → CONTAINER; ledger-6d5b9c7f8-x2k4p.log → ledger.</summary>
    public static (string Service, string? Pod) OfFile(string path)
    {
        if (OfPodsFolder(path.Split('/')) is { } pods)
        {
            return pods;
        }
        var file = Path.GetFileName(path);
        if (OfContainersFolder(file) is { } containers)
        {
            return containers;
        }
        var name = file.AsSpan();
        for (var length = name.Length + 1; name.Length < length;)
        {
            length = name.Length;
            name = WithoutEnding(WithoutDate(name));
        }
        var service = OfPod(name.ToString());
        return (service, service.Length == name.Length ? null : name.ToString());
    }

    /// <summary>ledger-6d5b9c7f8-x2k4p (Deployment), fluentd-x2k4p (DaemonSet) and db-0 (StatefulSet) without what Kubernetes added.</summary>
    public static string OfPod(string pod)
    {
        var dash = pod.LastIndexOf('-');
        var last = pod.AsSpan(dash + 1);
        if (dash < 0)
        {
            return pod;
        }
        if (last.Length == 5 && !last.ContainsAnyExcept(Generated))
        {
            var before = pod.LastIndexOf('-', Math.Max(0, dash - 1));
            var set = pod.AsSpan(before + 1, dash - before - 1);
            return before >= 0 && set.Length is >= 6 and <= 10 && !set.ContainsAnyExcept(Generated) ? pod[..before] : pod[..dash];
        }
        return last.Length is >= 1 and <= 3 && !last.ContainsAnyExceptInRange('0', '9') ? pod[..dash] : pod;
    }

    /// <summary>…/pods/NAMESPACE_POD_UID/CONTAINER/FILE</summary>
    private static (string Service, string? Pod)? OfPodsFolder(string[] path) =>
        path is [.., "pods", var names, { Length: > 0 } container, { Length: > 0 }] && path.Length > 4 && names.Split('_') is [{ Length: > 0 }, { Length: > 0 } pod, { Length: > 0 }, ..]
            ? (container, pod) : null;

    /// <summary>POD_NAMESPACE_CONTAINER-ID.log, where the id has 64 digits.</summary>
    private static (string Service, string? Pod)? OfContainersFolder(string file)
    {
        if (file.IndexOf(".log", StringComparison.Ordinal) is var end && end <= ContainerIdLength || file.AsSpan(end - ContainerIdLength, ContainerIdLength).ContainsAnyExcept(HexLetters)
            || file[..(end - ContainerIdLength)].Split('_') is not [{ Length: > 0 } pod, { Length: > 0 } ns, { Length: > 1 } container] || !container.EndsWith('-'))
        {
            return null;
        }
        return pod.AsSpan().ContainsAnyExcept(PodLetters) || ns.AsSpan().ContainsAnyExcept(PodLetters) ? null : (container[..^1], pod);
    }


    /// <summary>Without .log, .json, .gz and their like, and without the number that a rotation adds.</summary>
    private static ReadOnlySpan<char> WithoutEnding(ReadOnlySpan<char> name)
    {
        var dot = name.LastIndexOf('.');
        var ending = name[(dot + 1)..];
        if (dot < 0 || ending.IsEmpty)
        {
            return name;
        }
        foreach (var known in (ReadOnlySpan<string>)["log", "json", "jsonl", "ndjson", "txt", "out", "err", "gz"])
        {
            if (ending.Equals(known, StringComparison.OrdinalIgnoreCase))
            {
                return name[..dot];
            }
        }
        return ending.Length <= 4 && !ending.ContainsAnyExceptInRange('0', '9') ? name[..dot] : name;
    }

    /// <summary>Without .2026-05-01, -20260501, .2026-05-01T1423 and their like.</summary>
    private static ReadOnlySpan<char> WithoutDate(ReadOnlySpan<char> name)
    {
        for (var at = Math.Max(0, name.Length - LongestDate); at < name.Length; at++)
        {
            if (name[at] is '.' or '-' && IsDate(name[(at + 1)..]))
            {
                return name[..at];
            }
        }
        return name;
    }

    /// <summary>Year, month and day, with dashes or not, and perhaps two to six digits of a time.</summary>
    private static bool IsDate(ReadOnlySpan<char> text)
    {
        foreach (var digits in (ReadOnlySpan<int>)[4, 2, 2])
        {
            text = digits < 4 && text is ['-', ..] ? text[1..] : text;
            if (text.Length < digits || text[..digits].ContainsAnyExceptInRange('0', '9'))
            {
                return false;
            }
            text = text[digits..];
        }
        var time = text is ['T' or 't' or '_' or '-', ..] ? text[1..] : text;
        return text.IsEmpty || (time.Length is >= 2 and <= 6 && !time.ContainsAnyExceptInRange('0', '9'));
    }
}
