using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

// These records hold the fields that the cluster itself reads or writes. They are no full schema: whoever changes an
// object changes its JSON (KubeObject.ToMutable), so a field that is not named here survives.

internal sealed record ObjectMeta
{
    public string Name { get; init; } = "";
    public string? GenerateName { get; init; }
    public string? Namespace { get; init; }
    public string Uid { get; init; } = "";
    public string? ResourceVersion { get; init; }
    public long? Generation { get; init; }
    public DateTimeOffset? CreationTimestamp { get; init; }
    public DateTimeOffset? DeletionTimestamp { get; init; }
    public long? DeletionGracePeriodSeconds { get; init; }
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
    public IReadOnlyList<OwnerReference>? OwnerReferences { get; init; }
    public IReadOnlyList<string>? Finalizers { get; init; }
}

internal sealed record OwnerReference
{
    public string ApiVersion { get; init; } = "";
    public string Kind { get; init; } = "";
    public string Name { get; init; } = "";
    public string Uid { get; init; } = "";
    public bool? Controller { get; init; }
    public bool? BlockOwnerDeletion { get; init; }
}

internal sealed record Condition
{
    public string Type { get; init; } = "";
    public string Status { get; init; } = "";
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public DateTimeOffset? LastTransitionTime { get; init; }
    public DateTimeOffset? LastProbeTime { get; init; }
    public DateTimeOffset? LastUpdateTime { get; init; }
    public DateTimeOffset? LastHeartbeatTime { get; init; }
    public long? ObservedGeneration { get; init; }
}

internal sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }
    public IReadOnlyList<LabelRequirement>? MatchExpressions { get; init; }

    /// <summary>An empty selector matches everything, as the API defines it; a null selector matches nothing (the caller's check).</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) =>
        (MatchLabels is null || MatchLabels.All(pair => labels is not null && labels.TryGetValue(pair.Key, out var value) && value == pair.Value))
        && (MatchExpressions is null || MatchExpressions.All(requirement => requirement.Matches(labels)));
}

internal sealed record LabelRequirement
{
    public string Key { get; init; } = "";
    public string Operator { get; init; } = "";
    public IReadOnlyList<string>? Values { get; init; }

    public bool Matches(IReadOnlyDictionary<string, string>? labels)
    {
        string? value = null;
        var present = labels is not null && labels.TryGetValue(Key, out value);
        return Operator switch
        {
            "In" => present && Values is not null && Values.Contains(value),
            "NotIn" => !present || Values is null || !Values.Contains(value),
            "Exists" => present,
            "DoesNotExist" => !present,
            _ => false,
        };
    }
}

/// <summary>Reference to an object, as events and endpoints carry it.</summary>
internal sealed record ObjectReference
{
    public string? ApiVersion { get; init; }
    public string? Kind { get; init; }
    public string? Namespace { get; init; }
    public string? Name { get; init; }
    public string? Uid { get; init; }
    public string? ResourceVersion { get; init; }
    public string? FieldPath { get; init; }
}

/// <summary>An int-or-string field (ports, maxSurge): kept as JSON and read where its meaning is known.</summary>
internal static class IntOrString
{
    public static string? AsText(JsonElement? value) => value switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };
}
