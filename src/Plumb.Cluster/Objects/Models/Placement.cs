namespace Plumb.Cluster.Objects.Models;

internal sealed record Affinity
{
    public NodeAffinity? NodeAffinity { get; set; }
    public PodAffinity? PodAffinity { get; set; }
    public PodAffinity? PodAntiAffinity { get; set; }
}

internal sealed record NodeAffinity
{
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }
    public IReadOnlyList<PreferredNodes>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

/// <summary>Terms of which one must match.</summary>
internal sealed record NodeSelector
{
    public IReadOnlyList<NodeSelectorTerm> NodeSelectorTerms { get; set; } = [];
}

/// <summary>Expressions of which all must match; a term without any matches nothing.</summary>
internal sealed record NodeSelectorTerm
{
    public IReadOnlyList<LabelRequirement>? MatchExpressions { get; set; }
    public IReadOnlyList<LabelRequirement>? MatchFields { get; set; }
}

/// <param name="Weight">1 to 100.</param>
internal sealed record PreferredNodes(int Weight, NodeSelectorTerm Preference);

/// <summary>Of podAffinity or podAntiAffinity: which one is said by the field that holds it.</summary>
internal sealed record PodAffinity
{
    public IReadOnlyList<PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }
    public IReadOnlyList<PreferredPods>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

internal sealed record PodAffinityTerm
{
    public LabelSelector? LabelSelector { get; set; }
    public IReadOnlyList<string>? Namespaces { get; set; }
    public LabelSelector? NamespaceSelector { get; set; }
    public string TopologyKey { get; set; } = "";
}

/// <param name="Weight">1 to 100.</param>
internal sealed record PreferredPods(int Weight, PodAffinityTerm PodAffinityTerm);

internal sealed record TopologySpreadConstraint
{
    public int MaxSkew { get; set; } = 1;
    public string TopologyKey { get; set; } = "";
    /// <summary>DoNotSchedule or ScheduleAnyway.</summary>
    public string WhenUnsatisfiable { get; set; } = "DoNotSchedule";
    public LabelSelector? LabelSelector { get; set; }
    public IReadOnlyList<string>? MatchLabelKeys { get; set; }
    public int? MinDomains { get; set; }
}
