namespace Plumb.Tests.Cluster.Api;

/// <summary>Why an answer is another than the recorded one, in words.</summary>
internal static class GoldenReasons
{
    private static readonly (string File, string Part, string Why)[] Known =
    [
        ("", "the recording holds", "cannot be compared"),
        ("", "75 s", "takes two minutes; bookmarks are written by the same code as the end mark of WatchList, which is compared"),
        ("", "hpa", "autoscaling is not served; and a scale to 0 is recorded in managedFields here"),
        ("", "job", "batch is not served"), ("", "cronjob", "batch is not served"), ("", "batch", "batch is not served"), ("", "autoscaling", "autoscaling is not served"),
        ("", "status.successful", "batch is not served"),
        ("", "quota", "resource quotas are not served"), ("", "limitranges", "limit ranges are not served"), ("", "daemonsets", "no controller runs DaemonSets, so they are not served"),
        ("", "ingresses", "networking.k8s.io is not served"), ("", "roles", "RBAC is not served"), ("", "rolebindings", "RBAC is not served"),
        ("", "priorityclasses", "scheduling.k8s.io is not served"), ("", "componentstatuses", "componentstatuses (deprecated since 1.19) are not served"),
        ("discovery", "", "only what is served is listed: fewer groups and resources, no health checks of parts that do not exist"),
        ("discovery-aggregated", "", "only what is served is listed"),
        ("errors", "gzip", "discovery lists only what is served"),
        ("errors", "protobuf", "protobuf is read, not written: clients that prefer it accept JSON"),
        ("errors", "continue token", "the base64 reader is stricter than Go's and stops earlier"),
        ("auth", "Node", "requests of nodes do not come over HTTP here, so there is no node authorizer"),
        ("auth", "", "reviews are answered and not recorded in managedFields; there is no RBAC whose rules could be listed"),
        ("selectors", "", "needs pods, nodes and events that ran, of which the recording holds only names"),
        ("subresources", "node", "needs a kubelet"), ("subresources", "log", "needs a kubelet"),
        ("subresources", "PATCH pod env", "the reason is the same; the server's comparison of two Go structures is not rebuilt"),
        ("subresources", "", "needs objects that the recording never shows whole"),
        ("tables", "limit=1", "the recorded cluster held more pods than the recording shows"),
        ("tables", "", "ages, and events of which the recording shows only a part"),
        ("watch", "sendInitialEvents", "WatchList is always on here; in the recorded 1.33 the gate was off (watch-list-feature.json is the recording with it on)"),
        ("watch-list-feature", "", "the annotation initial-events-list-blueprint, for clients that ask for tables or protobuf, is not written"),
        ("patches", "managedFields", "the Deployment controller, which the replay leaves out, owns the annotations map"),
        ("patches", "", "needs the Deployment controller between the requests"),
        ("delete", "", "needs the controllers that finish a deletion, or an object that the recording never shows whole"),
        ("objects", "event", "the recorder cut the list"),
    ];

    public static string For(string file, GoldenResult answer) =>
        Known.FirstOrDefault(known => (known.File.Length == 0 || known.File == file)
            && (answer.Name.Contains(known.Part, StringComparison.OrdinalIgnoreCase) || (known.Part == "the recording holds" && answer.Difference!.Contains(known.Part, StringComparison.Ordinal)) || (known.Part == "managedFields" && answer.Difference!.Contains(known.Part, StringComparison.Ordinal)))).Why ?? "not yet the same";
}
