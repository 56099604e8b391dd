using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments;
using Plumb.Experiments.Format;
using Plumb.Experiments.Judging;

namespace Plumb.Cli.Experiments;

/// <summary>The documents that <c>-o json</c> prints.</summary>
internal static class ExperimentJson
{
    private static readonly MeasuresJson Measures = new(CoreJson.Readable(indented: true));

    /// <summary>The JSON of a check, with what was measured under <c>experiment</c>.</summary>
    public static JsonObject Of(ExperimentResult result, string? evidenceFile)
    {
        var json = JsonSerializer.SerializeToNode(result.Report, CoreJson.Indented.CheckReport)!.AsObject();
        var measures = JsonSerializer.SerializeToNode(result.Measures, Measures.ExperimentMeasures)!.AsObject();
        measures["evidenceFile"] = evidenceFile;
        json["experiment"] = measures;
        return json;
    }

    /// <summary>A plan that nobody applied.</summary>
    public static JsonObject DryRun(ExperimentPlan plan) => new()
    {
        ["dryRun"] = true,
        ["experiment"] = plan.Definition.Name,
        ["cluster"] = plan.Cluster.Context,
        ["isLab"] = plan.Cluster.IsLab,
        ["variables"] = plan.Variables.DeepClone(),
        ["steps"] = new JsonArray([.. plan.Plan.Steps.Select(step => new JsonObject { ["title"] = step.Title, ["blastRadius"] = step.BlastRadius, ["undo"] = step.UndoTitle })]),
    };

    public static JsonObject Undone(IReadOnlyList<Applied> recovered) => new()
    {
        ["plans"] = new JsonArray([.. recovered.Select(plan => new JsonObject
        {
            ["plan"] = plan.PlanId,
            ["undone"] = plan.State != PlanState.Open,
            ["problems"] = new JsonArray([.. plan.Problems.Select(problem => JsonValue.Create(problem.ToString()))]),
        })]),
    };

    public static JsonObject Entry(ExperimentDefinition definition) => new()
    {
        ["name"] = definition.Name,
        ["title"] = definition.Title,
        ["description"] = definition.Description,
        ["tags"] = new JsonArray([.. definition.Tags.Select(tag => JsonValue.Create(tag))]),
        ["variables"] = new JsonObject(definition.Configuration.Select(variable => KeyValuePair.Create(variable.Key,
            variable.Value.EnvironmentKey is { } key ? JsonValue.Create($"${key}") : variable.Value.Value?.DeepClone()))),
    };
}
