using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <param name="Group">Empty: the resource's own.</param>
internal sealed record ServedPart(string Name, string Group, string Version, string Kind, IReadOnlyList<string> Verbs);

/// <summary>A resource as discovery shows it, with its subresources.</summary>
internal sealed record ServedResource(string Name, string Singular, string Kind, bool Namespaced, IReadOnlyList<string> Verbs)
{
    private static readonly string[] Every = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] ReadWrite = ["get", "patch", "update"];

    public IReadOnlyList<string> ShortNames { get; init; } = [];
    public IReadOnlyList<string> Categories { get; init; } = [];
    public IReadOnlyList<ServedPart> Parts { get; init; } = [];
    public string Group { get; init; } = "";
    public string Version { get; init; } = "";

    public static IEnumerable<ServedResource> Of(string group, string version)
    {
        var stored = ServedKinds.All.Where(kind => kind.Group == group && kind.Version == version).Select(From);
        var more = group switch
        {
            "" => [new ServedResource("bindings", "binding", "Binding", true, ["create"])],
            "metrics.k8s.io" => [new("nodes", "", "NodeMetrics", false, ["get", "list"]), new("pods", "", "PodMetrics", true, ["get", "list"])],
            "authentication.k8s.io" => [Review("selfsubjectreviews", "SelfSubjectReview"), Review("tokenreviews", "TokenReview")],
            "authorization.k8s.io" =>
            [
                new("localsubjectaccessreviews", "localsubjectaccessreview", "LocalSubjectAccessReview", true, ["create"]),
                Review("selfsubjectaccessreviews", "SelfSubjectAccessReview"), Review("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
                Review("subjectaccessreviews", "SubjectAccessReview"),
            ],
            _ => Array.Empty<ServedResource>(),
        };
        return stored.Concat(more).OrderBy(resource => resource.Name, StringComparer.Ordinal);
    }

    private static ServedResource Review(string name, string kind) => new(name, kind.ToLowerInvariant(), kind, false, ["create"]);

    private static ServedResource From(ResourceKind kind) =>
        new(kind.Plural, kind.Singular, kind.Kind, kind.Namespaced, kind == Resources.Namespaces ? [.. Every.Where(verb => verb != "deletecollection")] : Every)
        {
            Group = kind.Group,
            Version = kind.Version,
            ShortNames = kind.ShortNames,
            Categories = kind.Categories,
            Parts = [.. PartsOf(kind).OrderBy(part => part.Name, StringComparer.Ordinal)],
        };

    private static IEnumerable<ServedPart> PartsOf(ResourceKind kind)
    {
        if (kind.HasStatus)
        {
            yield return new ServedPart("status", "", "", kind.Kind, ReadWrite);
        }
        if (kind.HasScale)
        {
            yield return new ServedPart("scale", "autoscaling", "v1", "Scale", ReadWrite);
        }
        foreach (var part in kind.Kind switch
        {
            "Pod" =>
            [
                new ServedPart("attach", "", "", "PodAttachOptions", ["create", "get"]), new("binding", "", "", "Binding", ["create"]),
                new("eviction", "policy", "v1", "Eviction", ["create"]), new("exec", "", "", "PodExecOptions", ["create", "get"]), new("log", "", "", "Pod", ["get"]),
                new("portforward", "", "", "PodPortForwardOptions", ["create", "get"]),
            ],
            "Node" => [new ServedPart("proxy", "", "", "NodeProxyOptions", ["get"])],
            "Namespace" => [new ServedPart("finalize", "", "", "Namespace", ["update"])],
            "ServiceAccount" => [new ServedPart("token", "authentication.k8s.io", "v1", "TokenRequest", ["create"])],
            _ => Array.Empty<ServedPart>(),
        })
        {
            yield return part;
        }
    }
}
