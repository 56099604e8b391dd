using System.Text.Json.Nodes;

namespace Plumb.Experiments.Activities;

/// <summary>What the steps of a run tell while they act; nobody listens when a later process takes a step back.</summary>
public interface IRunLog
{
    /// <summary>Called right before the request that does harm leaves.</summary>
    void FaultSent(string step);

    /// <summary>Called when its answer is there.</summary>
    void FaultAnswered();

    /// <summary>A probe inside the method returned this.</summary>
    void Probed(string name, ProbeAnswer answer);
}

/// <summary>What a probe saw: a value, or why there is none.</summary>
public sealed record ProbeAnswer(JsonNode? Value, string? Failure);
