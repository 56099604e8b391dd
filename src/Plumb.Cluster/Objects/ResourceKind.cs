namespace Plumb.Cluster.Objects;

/// <summary>One kind of object that the API serves: where it lives in URLs and how clients may call it.</summary>
/// <param name="Group">API group; empty for core.</param>
/// <param name="Plural">The name in URLs, for instance <c>pods</c>.</param>
internal sealed record ResourceKind(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>Groups of kinds that clients can ask for together; <c>all</c> makes <c>kubectl get all</c> work.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    public string Singular { get; init; } = Kind.ToLowerInvariant();

    /// <summary>True when status is written apart from the rest (PUT/PATCH …/status), and ignored in ordinary writes.</summary>
    public bool HasStatus { get; init; }

    public bool HasScale { get; init; }

    /// <summary>True when metadata.generation counts changes of the specification.</summary>
    public bool HasGeneration { get; init; }

    /// <summary><c>v1</c> or <c>apps/v1</c>: the value of <c>apiVersion</c> in the objects.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary><c>pods</c> or <c>deployments.apps</c>: how the server names the resource in messages.</summary>
    public string QualifiedPlural => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary><c>Pod</c> or <c>Deployment.apps</c>: how the server names the kind in validation messages.</summary>
    public string QualifiedKind => Group.Length == 0 ? Kind : $"{Kind}.{Group}";

    public override string ToString() => QualifiedPlural;
}
