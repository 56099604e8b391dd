using System.Text.RegularExpressions;

namespace Plumb.Logs.Sources;

/// <summary>Which service and pod a file or pod name speaks of. Services are discovered, never configured.</summary>
internal static partial class SourceName
{
    /// <summary>ledger.log.2.gz → ledger; /var/log/pods/NS_POD_UID/CONTAINER/0.log → CONTAINER; ledger-6d5b9c7f8-x2k4p.log → ledger.</summary>
    public static (string Service, string? Pod) OfFile(string path)
    {
        if (PodsFolder().Match(path) is { Success: true } pods)
        {
            return (pods.Groups["container"].Value, pods.Groups["pod"].Value);
        }
        if (ContainersFolder().Match(path) is { Success: true } containers)
        {
            return (containers.Groups["container"].Value, containers.Groups["pod"].Value);
        }
        var name = Endings().Replace(System.IO.Path.GetFileName(path), "");
        var service = OfPod(name);
        return (service, service == name ? null : name);
    }

    /// <summary>ledger-6d5b9c7f8-x2k4p (Deployment), fluentd-x2k4p (DaemonSet) and db-0 (StatefulSet) without what Kubernetes added.</summary>
    public static string OfPod(string pod) => Replica().Replace(pod, "");

    [GeneratedRegex(@"/pods/(?<ns>[^_/]+)_(?<pod>[^_/]+)_[^/]+/(?<container>[^/]+)/[^/]+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PodsFolder();

    [GeneratedRegex(@"/(?<pod>[a-z0-9.-]+)_(?<ns>[a-z0-9.-]+)_(?<container>[a-z0-9.-]+)-[0-9a-f]{64}\.log[^/]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ContainersFolder();

    [GeneratedRegex(@"([.-]\d{4}-?\d{2}-?\d{2}([T_-]?\d{2,6})?|\.(log|json|jsonl|ndjson|txt|out|err|gz|\d{1,4}))+$", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Endings();

    // Kubernetes' generated suffixes have no vowels, so that they are no words.
    [GeneratedRegex(@"(-[2-9bcdfghjklmnpqrstvwxz]{6,10})?-[2-9bcdfghjklmnpqrstvwxz]{5}$|-\d{1,3}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Replica();
}
