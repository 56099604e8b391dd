using Plumb.Core;
using Plumb.Drift.Rules;
using Plumb.Drift.States;

namespace Plumb.Drift.SecurityGroups;

/// <summary>One difference between the states and AWS, before who did it is known.</summary>
/// <param name="IsDrift">False: worth knowing, and no reason to fail.</param>
/// <param name="Atom">The rule as it is now, or as it was when it is gone; null when it is about the group.</param>
/// <param name="Before">The rule of the state, when it was changed into <paramref name="Atom"/>.</param>
/// <param name="Opens">What is newly reachable: allowed now, and by no rule of the state.</param>
/// <param name="Closes">What is no longer reachable.</param>
/// <param name="Origins">Where Terraform has it; empty when it has not.</param>
/// <param name="Style">How the group's rules are written.</param>
/// <param name="IsSensitive">The state marks the values: they may not be shown.</param>
/// <param name="Steps">How the verdict came, atom by atom.</param>
internal sealed record GroupDifference(
    string Kind, Severity Severity, bool IsDrift, GroupIdentity Group, RuleAtom? Atom, string Description, RuleAtom? Before, string? BeforeDescription,
    IReadOnlyList<Opening> Opens, IReadOnlyList<Opening> Closes, IReadOnlyList<ResourceOrigin> Origins, RuleStyle Style, bool IsSensitive, IReadOnlyList<string> Steps)
{
    /// <summary>All rules of an unmanaged group, to write them down in Terraform.</summary>
    public IReadOnlyList<CloudRule> Rules { get; init; } = [];

    /// <summary>AWS's description of an unmanaged group.</summary>
    public string? GroupDescription { get; init; }

    /// <summary>The id of the rule in AWS, sgr-…, where it was asked for.</summary>
    public string? RuleId { get; init; }
}

internal sealed record GroupIdentity(string Id, string? Name, string? VpcId, string? Account, string? Region)
{
    /// <summary>123456789012/eu-west-1</summary>
    public string Scope => $"{Account ?? "?"}/{Region ?? "?"}";
}

internal static class DriftKind
{
    public const string AddedOutside = "added-outside";
    public const string RemovedOutside = "removed-outside";
    public const string Changed = "changed";
    public const string DeletedGroup = "deleted-group";
    public const string UnmanagedGroup = "unmanaged-group";
    public const string UnmanagedDefaultGroup = "unmanaged-default-group";
    public const string PartlyManagedGroup = "partly-managed-group";
    public const string InlineAndStandalone = "inline-and-standalone";
    public const string ClaimedTwice = "claimed-twice";
}
