using System.Text.Json.Nodes;
using Plumb.Core.Acting;
using Plumb.Experiments.Activities;
using Plumb.Experiments.Format;

namespace Plumb.Experiments;

/// <summary>An experiment made concrete: this cluster, these pods, every variable filled in. Making it changes nothing; printing it is the dry run.</summary>
/// <param name="Variables">The values that may be shown.</param>
/// <param name="IsSelfHealing">The cluster is expected to mend the fault itself; else only the undo does.</param>
public sealed record ExperimentPlan(
    ExperimentDefinition Definition,
    ClusterRef Cluster,
    JsonObject Variables,
    IReadOnlyList<Activity> Probes,
    Plan Plan,
    ClientSettings? Client,
    WatchSettings? Watch,
    bool IsSelfHealing)
{
    /// <summary>The steps that act on the world, without the pauses and probes between them.</summary>
    public IEnumerable<PlanStep> Faults => Plan.Steps.Where(step => step.Kind is DeletePod.StepKind or Scale.StepKind);
}
