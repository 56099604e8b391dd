using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

// These records hold the fields that the cluster itself reads or writes. They are no full schema: whoever changes an
// object changes its JSON (KubeObject.ToMutable), so a field that is not named here survives.
// Their properties are settable, not init-only: the source-generated reader would overwrite the default of an absent init-only property with null.

internal sealed record ObjectMeta
{
    public string Name { get; set; } = "";
    public string? GenerateName { get; set; }
    public string? Namespace { get; set; }
    public string Uid { get; set; } = "";
    public string? ResourceVersion { get; set; }
    public long? Generation { get; set; }
    public DateTimeOffset? CreationTimestamp { get; set; }
    public DateTimeOffset? DeletionTimestamp { get; set; }
    public long? DeletionGracePeriodSeconds { get; set; }
    public IReadOnlyDictionary<string, string>? Labels { get; set; }
    public IReadOnlyDictionary<string, string>? Annotations { get; set; }
    public IReadOnlyList<OwnerReference>? OwnerReferences { get; set; }
    public IReadOnlyList<string>? Finalizers { get; set; }
}

internal sealed record OwnerReference
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
    public string Uid { get; set; } = "";
    public bool? Controller { get; set; }
    public bool? BlockOwnerDeletion { get; set; }
}

internal sealed record Condition
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
    public DateTimeOffset? LastProbeTime { get; set; }
    public DateTimeOffset? LastUpdateTime { get; set; }
    public DateTimeOffset? LastHeartbeatTime { get; set; }
    public long? ObservedGeneration { get; set; }
}

internal sealed record LabelSelector
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; set; }
    public IReadOnlyList<LabelRequirement>? MatchExpressions { get; set; }

    /// <summary>An empty selector matches everything, as the API defines it; a null selector matches nothing (the caller's check).</summary>
    public bool Matches(IReadOnlyDictionary<string, string>? labels) =>
        (MatchLabels is null || MatchLabels.All(pair => labels is not null && labels.TryGetValue(pair.Key, out var value) && value == pair.Value))
        && (MatchExpressions is null || MatchExpressions.All(requirement => requirement.Matches(labels)));
}

internal sealed record LabelRequirement
{
    public string Key { get; set; } = "";
    public string Operator { get; set; } = "";
    public IReadOnlyList<string>? Values { get; set; }

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
    public string? ApiVersion { get; set; }
    public string? Kind { get; set; }
    public string? Namespace { get; set; }
    public string? Name { get; set; }
    public string? Uid { get; set; }
    public string? ResourceVersion { get; set; }
    public string? FieldPath { get; set; }
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
