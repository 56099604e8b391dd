using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Plumb.Core;

namespace Plumb.Experiments.Measuring;

/// <summary>
/// Everything that a run measured, and nothing that it concluded: the judge makes the verdict of this alone, now or years later.
/// Times are milliseconds since the run began, by a monotonic clock.
/// </summary>
/// <param name="Settings">What was asked: limits, the client's rate, the phases.</param>
/// <param name="Marks">When each part of the run began; null for parts that it did not come to.</param>
/// <param name="Stopped">Why the run ended early; null when it came to its end.</param>
public sealed record ExperimentEvidence(
    string Experiment,
    string Title,
    string Cluster,
    RunSettings Settings,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    Marks Marks,
    IReadOnlyList<StepFact> Steps,
    IReadOnlyList<ProbeFact> Probes,
    IReadOnlyList<RequestFact> Requests,
    IReadOnlyList<PodFact> Pods,
    IReadOnlyList<EndpointsFact> Endpoints,
    IReadOnlyList<EventFact> Events,
    IReadOnlyList<WatchGap> Gaps,
    IReadOnlyList<Problem> Problems,
    IReadOnlyList<Problem> UndoProblems,
    string? Stopped,
    string? Trap,
    string? Fix);

/// <summary>The settings that a verdict depends on.</summary>
/// <param name="Client">In words, for people: what the client sent, how often, over which connections. Null when there was no client.</param>
/// <param name="IntervalMs">Between two requests.</param>
/// <param name="WantedReady">Ready pods that the watch saw before the fault; null when nothing was watched.</param>
public sealed record RunSettings(
    JsonObject Variables,
    string HypothesisTitle,
    string? Client,
    double? IntervalMs,
    double? TimeoutMs,
    string? Namespace,
    string? Selector,
    string? Service,
    int? WantedReady,
    double? MaxDowntimeMs,
    double? MaxFailedPercent,
    double? MaxRecoveryMs);

/// <summary>When the parts of a run began. FaultSent: right before the request of the fault left; FaultAnswered: its answer was there.</summary>
/// <param name="Recovered">The watch had seen as many Ready pods in the endpoints as before, or waiting for it ended.</param>
public sealed record Marks(double? Before, double? FaultSent, double? FaultAnswered, double? UndoStarted, double? Recovered, double? End);

/// <summary>A step of the plan that is part of the fault.</summary>
/// <param name="Uid">Of the pod that it deletes; null for other steps.</param>
/// <param name="Controller">The uid of that pod's controller.</param>
public sealed record StepFact(string Kind, string Title, string BlastRadius, string Undo, string? Pod, string? Uid, string? Controller);

public enum Phase
{
    [JsonStringEnumMemberName("before")]
    Before = 0,

    [JsonStringEnumMemberName("during")]
    During = 1,

    [JsonStringEnumMemberName("after")]
    After = 2,
}

/// <summary>One look of one probe.</summary>
/// <param name="Tolerance">What it had to be, in words.</param>
/// <param name="Holds">Null: it could not be judged.</param>
public sealed record ProbeFact(Phase Phase, string Name, double AtMs, JsonNode? Value, string? Failure, string? Tolerance, bool? Holds);

/// <summary>One request of the outside client.</summary>
/// <param name="AtMs">When it was meant to start: its number times the interval.</param>
/// <param name="LateMs">How much later it did start.</param>
/// <param name="TookMs">From the intended start to the end of its answer.</param>
/// <param name="Status">Null: no answer.</param>
/// <param name="Failure">Why it failed; null when it succeeded (a 2xx in time).</param>
/// <param name="Trace">Its W3C trace id, when it failed: it leads into the services' logs.</param>
public sealed record RequestFact(double AtMs, double LateMs, double TookMs, int? Status, string? Failure, string? Trace);

/// <summary>A pod's state as a watch event brought it.</summary>
/// <param name="Change">added, modified, deleted.</param>
/// <param name="FromList">True: found by listing after a gap, so it happened some time before.</param>
public sealed record PodFact(double AtMs, string Name, string Uid, string? Controller, string Change, string Phase, string? Node, bool IsReady, bool IsTerminating, string? Trouble, bool FromList);

/// <summary>The Service's ready endpoints (pod names), over all its slices, after a change.</summary>
public sealed record EndpointsFact(double AtMs, IReadOnlyList<string> Ready);

/// <summary>An Event object that was new or counted up.</summary>
public sealed record EventFact(double AtMs, string About, string Reason, string Message, string Source);

/// <summary>A watch was interrupted: what came next came late.</summary>
/// <param name="IsFinal">The watch ended for good: from here on nothing was seen.</param>
public sealed record WatchGap(double AtMs, string What, string Cause, bool IsFinal);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExperimentEvidence))]
public sealed partial class EvidenceJson : JsonSerializerContext;
