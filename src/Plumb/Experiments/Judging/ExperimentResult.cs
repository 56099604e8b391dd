using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Plumb.Core;
using Plumb.Experiments.Measuring;

namespace Plumb.Experiments.Judging;

/// <summary>A run's verdict with the measurements that it rests on. All times in milliseconds.</summary>
/// <param name="Evidence">What it was made of; the same judge makes the same result of it again.</param>
public sealed record ExperimentResult(CheckReport Report, ExperimentMeasures Measures, ExperimentEvidence Evidence);

/// <summary>What was measured, made readable. Null means not measured, which is not zero.</summary>
public sealed record ExperimentMeasures(
    string Title,
    string Cluster,
    JsonObject Variables,
    IReadOnlyList<StepFact> Fault,
    double? FaultAnsweredMs,
    string Hypothesis,
    IReadOnlyList<HypothesisRow> Holds,
    string? Client,
    IReadOnlyList<ClientPhase> Requests,
    Downtime? Downtime,
    Recovery? Recovery,
    IReadOnlyList<Moment> Sequence,
    string Undo,
    string? Trap,
    string? Fix);

/// <summary>One claim of the hypothesis over the phases; a phase without a word was not measured.</summary>
public sealed record HypothesisRow(string Claim, Outcome? Before, Outcome? During, Outcome? After, string? Detail);

/// <summary>The outside client's requests of one phase. Latency counts from the intended start and of successful requests only.</summary>
/// <param name="Reasons">How many failed, by reason.</param>
public sealed record ClientPhase(Phase Phase, int Requests, int Failed, double? P50Ms, double? P99Ms, double? MaxMs, IReadOnlyDictionary<string, int> Reasons);

/// <summary>What the outside client saw from the fault on.</summary>
/// <param name="Ms">The sum of all outages.</param>
/// <param name="BoundMs">The true sum is within this of <paramref name="Ms"/>.</param>
/// <param name="LongestMs">The longest single outage.</param>
/// <param name="IsOver">False: the last request failed too, so the outage was still on when measuring ended.</param>
/// <param name="How">How it is computed, in words.</param>
/// <param name="FailedTraces">W3C trace ids of the first failed requests.</param>
public sealed record Downtime(double Ms, double BoundMs, double LongestMs, bool IsOver, int Requests, int Failed, IReadOnlyList<Outage> Outages, string How, IReadOnlyList<string> FailedTraces);

/// <summary>A run of failed requests.</summary>
/// <param name="FromMs">Since the fault: the intended start of its first failed request.</param>
/// <param name="Ms">Until the intended start of the next successful one.</param>
public sealed record Outage(double FromMs, double Ms, int Failed);

/// <summary>When the watch saw the cluster act, since the fault was sent.</summary>
/// <param name="EndpointsChangedMs">The deleted pods were no longer among the Service's ready endpoints.</param>
/// <param name="RunningMs">The replacement's phase was Running.</param>
/// <param name="ReadyMs">The replacement was Ready.</param>
/// <param name="ServingMs">The replacement was among the Service's ready endpoints.</param>
/// <param name="GoneMs">The deleted pods were gone.</param>
/// <param name="BoundMs">The fault took effect up to this much after it was sent: the time until its answer.</param>
/// <param name="IsExact">False: a watch was interrupted meanwhile, so a time may be late by the interruption.</param>
public sealed record Recovery(double? EndpointsChangedMs, double? RunningMs, double? ReadyMs, double? ServingMs, double? GoneMs, double BoundMs, bool IsExact, string How);

/// <summary>One line of the sequence.</summary>
/// <param name="AtMs">Since the fault.</param>
public sealed record Moment(double AtMs, string Source, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExperimentMeasures))]
public sealed partial class MeasuresJson : JsonSerializerContext;
