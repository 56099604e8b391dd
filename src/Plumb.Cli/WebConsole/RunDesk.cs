using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// Plans, confirms and runs experiments for the pages: one run at a time, and only a plan that was shown. A run outlives the page that
/// started it; when the console stops, the run is cancelled, which undoes it.
/// </summary>
internal sealed class RunDesk(IExperimentDesk desk, LiveHub hub, TimeProvider time) : IAsyncDisposable
{
    /// <summary>A plan that was looked at long ago may be about pods that are gone; after this it must be made again.</summary>
    internal static readonly TimeSpan PlanLasts = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private PlanView? _plan;
    private DateTimeOffset _plannedAt;
    private CancellationTokenSource? _cancel;
    private Task _running = Task.CompletedTask;
    private int _runs;

    internal IReadOnlyList<ExperimentView> Catalogue => desk.Catalogue;

    /// <summary>POST <c>NAME/plan</c>, <c>NAME/run</c> and <c>NAME/stop</c>.</summary>
    internal async Task HandleAsync(HttpContext context, string rest)
    {
        var parts = rest.Split('/');
        if (parts.Length != 2 || !desk.Catalogue.Any(e => e.Name == parts[0]))
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, new("There is no such experiment", "Reload the page."));
            return;
        }

        switch (parts[1])
        {
            case "plan":
                await PlanAsync(context, parts[0]);
                break;
            case "run":
                await RunAsync(context, parts[0]);
                break;
            case "stop":
                Stop();
                context.Response.StatusCode = StatusCodes.Status202Accepted;
                break;
            default:
                await RefuseAsync(context, StatusCodes.Status404NotFound, new("An experiment can be planned, run or stopped", "Reload the page."));
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _running;
    }

    private async Task PlanAsync(HttpContext context, string experiment)
    {
        var (plan, problem) = await desk.PlanAsync(experiment, context.RequestAborted);
        if (plan is null)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, problem ?? new("No plan could be made", "Try again."));
            return;
        }

        lock (_lock)
        {
            (_plan, _plannedAt) = (plan, time.GetUtcNow());
        }

        await Answer.WriteAsync(context, plan, ConsoleJson.Default.PlanView);
    }

    private async Task RunAsync(HttpContext context, string experiment)
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

        if (Begin(experiment, asked) is { } problem)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, problem);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private Problem? Begin(string experiment, ConfirmRequest? asked)
    {
        lock (_lock)
        {
            if (asked is not { Confirm: true })
            {
                return new("The run was not confirmed", "Read the plan, then confirm it.");
            }

            if (_cancel is not null)
            {
                return new("An experiment is already running", "Wait until it has finished, or stop it.");
            }

            if (_plan is not { } plan || plan.Experiment != experiment || plan.PlanId != asked.PlanId || time.GetUtcNow() - _plannedAt > PlanLasts)
            {
                return new("That plan is not the current one", "Make the plan again: the cluster may have changed since.");
            }

            _plan = null;
            _cancel = new CancellationTokenSource();
            var run = new RunView((++_runs).ToString(CultureInfo.InvariantCulture), experiment, plan.Title, "running", time.GetUtcNow(), [], null);
            hub.Show(run);
            _running = CarryOutAsync(plan, _cancel);
            return null;
        }
    }

    private async Task CarryOutAsync(PlanView plan, CancellationTokenSource cancel)
    {
        await Task.Yield();
        var result = await desk.RunAsync(plan, hub.Tell, cancel.Token);
        lock (_lock)
        {
            hub.Change(run => run with { State = "finished", Result = result });
            _cancel = null;
            cancel.Dispose();
        }
    }

    private void Stop()
    {
        lock (_lock)
        {
            if (_cancel is not null)
            {
                hub.Change(run => run with { State = "undoing" });
                _cancel.Cancel();
            }
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, Problem problem)
    {
        context.Response.StatusCode = status;
        return Answer.WriteAsync(context, problem);
    }
}
