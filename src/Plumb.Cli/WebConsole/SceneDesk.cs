using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Lab.Scenes;
using Plumb.Platform.Storage;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// The lab's scenes for the pages: what can be broken and what is; a plan that breaks or repairs; and doing it, when the plan was shown and confirmed. The journal is the
/// same as that of <c>plumb lab break</c>, so either repairs what the other broke.
/// </summary>
internal sealed class SceneDesk(PlumbHome home, TimeProvider time) : IDisposable
{
    private const string Break = "break";
    private const string Reset = "reset";

    private readonly SemaphoreSlim _one = new(1);
    private Plan? _shown;

    public void Dispose() => _one.Dispose();

    public Task ListAsync(HttpContext context) => WithStageAsync(context, stage => AnswerListAsync(context, stage));

    /// <summary>POST <c>NAME/plan</c>, <c>NAME/break</c> and <c>NAME/reset</c>.</summary>
    public async Task HandleAsync(HttpContext context, string rest)
    {
        if (rest.Split('/') is not [var name, "plan" or Break or Reset] || SceneCatalogue.Find(name) is not { } scene)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, new("There is no such scene", "Reload the page."));
            return;
        }
        // One at a time: a scene that is half broken is not to be repaired by another click.
        await _one.WaitAsync(context.RequestAborted);
        try
        {
            await WithStageAsync(context, stage => rest.EndsWith("/plan", StringComparison.Ordinal) ? PlanAsync(context, stage, scene) : ActAsync(context, stage, scene, rest[(name.Length + 1)..]));
        }
        finally
        {
            _one.Release();
        }
    }

    private Task PlanAsync(HttpContext context, SceneStage stage, Scene scene)
    {
        var open = stage.OpenPlan(scene.Name);
        _shown = open ?? stage.PlanOf(scene);
        PlanStepView[] steps = open is null ? [.. _shown.Steps.Select(step => new PlanStepView(step.Title, step.UndoTitle))] : [.. open.Steps.Reverse().Select(step => new PlanStepView(step.UndoTitle, ""))];
        return Answer.WriteAsync(context, new ScenePlanView(_shown.Id, scene.Name, open is null ? Break : Reset, scene.Breaks, string.Join("; ", _shown.Steps.Select(step => step.BlastRadius).Distinct(StringComparer.Ordinal)), steps),
            ConsoleJson.Default.ScenePlanView);
    }

    private async Task ActAsync(HttpContext context, SceneStage stage, Scene scene, string action)
    {
        ConfirmRequest? asked;
        try
        {
            asked = await JsonSerializer.DeserializeAsync(context.Request.Body, ConsoleJson.Default.ConfirmRequest, context.RequestAborted);
        }
        catch (JsonException)
        {
            asked = null;
        }
        if (asked is not { Confirm: true })
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, new("It was not confirmed", "Read the plan, then confirm it."));
            return;
        }
        if (_shown is not { } plan || plan.Id != asked.PlanId || Scene.NameOf(plan) != scene.Name || (action == Reset) != (stage.OpenPlan(scene.Name)?.Id == plan.Id))
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, new("That plan is not the current one", "Show the plan again: somebody may have broken or repaired the scene meanwhile."));
            return;
        }
        _shown = null;
        // The page may be closed meanwhile; what was begun is brought to its end.
        var problem = action == Break ? await stage.BreakAsync(scene, plan, CancellationToken.None) : (await stage.ResetAsync(scene.Name, CancellationToken.None)).Select(repaired => repaired.Problem).FirstOrDefault();
        if (problem is not null)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, problem);
            return;
        }
        await AnswerListAsync(context, stage);
    }

    private static Task AnswerListAsync(HttpContext context, SceneStage stage) => Answer.WriteAsync(context,
        new SceneList([.. stage.States().Select(state => new SceneView(state.Scene.Name, state.Scene.Breaks, state.Scene.FoundBy, state.Since))]), ConsoleJson.Default.SceneList);

    private async Task WithStageAsync(HttpContext context, Func<SceneStage, Task> work)
    {
        var store = StateStore.Open(home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));
        if (!store.IsOk)
        {
            await RefuseAsync(context, StatusCodes.Status500InternalServerError, store.Problem);
            return;
        }
        using var open = store.Value;
        await work(new SceneStage(home, open.Journal, time));
    }

    private static Task RefuseAsync(HttpContext context, int status, Problem problem)
    {
        context.Response.StatusCode = status;
        return Answer.WriteAsync(context, problem);
    }
}

/// <summary>One scene. <c>Since</c>: when it was broken; null while it is whole.</summary>
internal sealed record SceneView(string Name, string Breaks, string FoundBy, DateTimeOffset? Since);

internal sealed record SceneList(IReadOnlyList<SceneView> Scenes);

/// <summary>What would be done. <c>Action</c> is break or reset; a step of a reset is its own undo.</summary>
internal sealed record ScenePlanView(string PlanId, string Scene, string Action, string Breaks, string BlastRadius, IReadOnlyList<PlanStepView> Steps);
