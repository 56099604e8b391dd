using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments;
using Plumb.Lab.Scenes;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Framework;

/// <summary>Plans that a newer version left open and this one cannot take back: what they may still be doing must not go unsaid.</summary>
internal static class ForeignPlans
{
    private static readonly string[] Known = [.. ExperimentRunner.StepKinds, .. SceneStage.StepKinds];

    /// <summary>What the journal of this home has of them; nothing where there is no journal. It makes none.</summary>
    public static IReadOnlyList<Problem> Of(PlumbHome home)
    {
        if (!File.Exists(home.File("state.db")))
        {
            return [];
        }
        var opened = StateStore.Open(home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));
        if (!opened.IsOk)
        {
            return [opened.Problem with { What = $"whether something was left behind cannot be read: {opened.Problem.What}" }];
        }
        using var store = opened.Value;
        return Of(store.Journal);
    }

    public static IReadOnlyList<Problem> Of(Journal journal) => [.. journal.Foreign(Known).Select(Tell)];

    private static Problem Tell(JournaledPlan open)
    {
        var begun = open.Plan.Steps.Where((_, i) => open.States[i] is not (StepState.Planned or StepState.Undone)).ToArray();
        var kinds = string.Join(", ", open.Plan.Steps.Select(step => step.Kind).Except(Known, StringComparer.Ordinal).Distinct());
        var effect = begun.Length == 0 ? "none of its steps was begun" : $"in effect may be: {string.Join("; ", begun.Select(step => step.Title))}";
        var undo = begun.Select(step => step.UndoTitle).Reverse().ToArray();
        return new Problem($"the plan '{open.Plan.Title}'{(open.Plan.MadeAt is { } at ? $" of {at:u}" : "")} was left open and cannot be taken back by this version, which does not know steps of the kind {kinds}; {effect}",
            $"Take it back with the version that made it ('plumb experiment undo' or 'plumb lab reset'){(undo.Length == 0 ? "" : $", or by hand: {string.Join("; ", undo)}")}");
    }
}
