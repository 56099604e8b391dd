using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Platform.Storage;

namespace Plumb.Lab.Scenes;

/// <summary>
/// Breaks and repairs. A broken scene is a plan of the journal that stays open: so it is taken back by the next reset whatever became of the
/// process that broke it, half-way or wholly.
/// </summary>
public sealed class SceneStage(PlumbHome home, Journal journal, TimeProvider time)
{
    /// <summary>The kinds of steps that a scene is made of.</summary>
    public static IReadOnlyList<string> StepKinds { get; } = [LabFile.StepKind, AwsChange.StepKind, PodFault.StepKind];

    /// <summary>Every scene, whole or broken.</summary>
    public IReadOnlyList<SceneState> States()
    {
        var open = OpenScenes();
        return [.. SceneCatalogue.All.Select(scene => new SceneState(scene, open.TryGetValue(scene.Name, out var plan) ? plan.MadeAt : null))];
    }

    /// <summary>What breaking it would do; it changes nothing.</summary>
    public Plan PlanOf(Scene scene) => Plan.Of(scene.PlanTitle, time, scene.Steps(time.GetUtcNow()));

    /// <summary>The plan that broke it; null while it is whole.</summary>
    public Plan? OpenPlan(string name) => OpenScenes().GetValueOrDefault(name);

    /// <summary>Breaks it. The plan stays open until a reset; on failure what was done is taken back at once.</summary>
    public Task<Problem?> BreakAsync(Scene scene, CancellationToken cancellation) => BreakAsync(scene, PlanOf(scene), cancellation);

    /// <summary>Breaks it by a plan that was shown.</summary>
    public async Task<Problem?> BreakAsync(Scene scene, Plan plan, CancellationToken cancellation)
    {
        if (OpenScenes().ContainsKey(scene.Name))
        {
            return new Problem($"the scene {scene.Name} is broken already", $"Repair it first with 'plumb lab reset {scene.Name}'");
        }
        if (plan.Steps.Any(step => step.Kind != LabFile.StepKind) && LabState.Running(home) is not { IsOk: true, Value.Phase: LabPhase.Ready })
        {
            // Asked before the journal: a step that fails for this reason could not be taken back for the same one.
            return new Problem($"the scene {scene.Name} needs a running lab, and none is ready here (state directory {home.Path})", "Start one with 'plumb up'");
        }
        var applied = await Applier().ApplyAsync(plan, cancellation);
        // It does not belong to the process that broke it: the console's goes on for hours, and any 'plumb lab reset' may repair it.
        journal.Release(plan.Id);
        return applied.Problems.Count == 0 ? null : Joined(applied.Problems);
    }

    /// <summary>Repairs one scene, or all, newest first.</summary>
    /// <param name="name">Null: all.</param>
    /// <returns>The scenes that were open, each with what is still in the way of repairing it.</returns>
    public async Task<IReadOnlyList<(string Scene, Problem? Problem)>> ResetAsync(string? name, CancellationToken cancellation)
    {
        var names = OpenScenes().ToDictionary(open => open.Value.Id, open => open.Key, StringComparer.Ordinal);
        var recovered = await Applier().RecoverAsync(cancellation, plan => Scene.NameOf(plan) is { } scene && (name is null || scene == name));
        foreach (var left in recovered.Where(applied => applied.State == PlanState.Open))
        {
            journal.Release(left.PlanId);
        }
        return [.. recovered.Select(applied => (names.GetValueOrDefault(applied.PlanId, applied.PlanId), applied.IsOk ? null : Joined(applied.Problems)))];
    }

    private Dictionary<string, Plan> OpenScenes()
    {
        var open = new Dictionary<string, Plan>(StringComparer.Ordinal);
        foreach (var plan in journal.OpenPlans())
        {
            if (Scene.NameOf(plan) is { } name)
            {
                open[name] = plan;
            }
        }
        return open;
    }

    private Applier Applier() => new(journal, [new LabFile(home), new AwsChange(home, time), new PodFault(home, time)], time);

    private static Problem Joined(IReadOnlyList<Problem> problems) => problems is [var one] ? one : new Problem(string.Join("; ", problems.Select(problem => problem.What)), problems[0].Remedy);
}
