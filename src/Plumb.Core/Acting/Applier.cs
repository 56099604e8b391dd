namespace Plumb.Core.Acting;

/// <summary>What became of a plan.</summary>
/// <param name="State">Open: done and waiting for the caller's word, or not wholly taken back (then there are problems).</param>
/// <param name="Problems">In the order in which they happened; empty when all went as planned.</param>
public sealed record Applied(string PlanId, PlanState State, IReadOnlyList<Problem> Problems)
{
    public bool IsOk => Problems.Count == 0;
}

/// <summary>
/// The one way in which the program changes the outside world. Each step stands in the journal before it is done; when a step fails, or
/// the caller cancels, what was done is taken back in reverse; what a crash leaves open is finished or taken back by
/// <see cref="RecoverAsync"/> at the next start.
/// </summary>
public sealed class Applier
{
    /// <summary>An undo runs although the caller has cancelled, so it has its own limit; a longer one looks like a hung terminal.</summary>
    public static readonly TimeSpan UndoTimeout = TimeSpan.FromSeconds(30);

    private readonly IJournal _journal;
    private readonly Dictionary<string, IStepHandler> _handlers;
    private readonly TimeProvider _time;

    public Applier(IJournal journal, IEnumerable<IStepHandler> handlers, TimeProvider time)
    {
        _journal = journal;
        _handlers = handlers.ToDictionary(handler => handler.Kind);
        _time = time;
    }

    /// <summary>
    /// Does the plan. On success it stays open: the caller ends it with <see cref="Keep"/> or <see cref="UndoAsync(string)"/>, and until then a crash
    /// takes it back. On failure or cancellation it is taken back before this returns.
    /// </summary>
    public async Task<Applied> ApplyAsync(Plan plan, CancellationToken cancellation)
    {
        if (plan.Steps.FirstOrDefault(step => !_handlers.ContainsKey(step.Kind)) is { } unknown)
        {
            // Before the journal: a plan that this program cannot do is not started.
            return new Applied(plan.Id, PlanState.Undone, [NoHandler(unknown)]);
        }
        _journal.Open(plan);
        return await GoOnAsync(new JournaledPlan(plan, [.. plan.Steps.Select(_ => StepState.Planned)]), cancellation);
    }

    /// <summary>The plan is done and meant to stay: nothing will take it back.</summary>
    public void Keep(string planId) => _journal.Close(planId, PlanState.Kept);

    /// <summary>Takes back an open plan of this process, last step first.</summary>
    public Task<Applied> UndoAsync(string planId) => _journal.Find(planId) is { } open
        ? UndoAsync(open, [])
        : throw new ArgumentException($"No open plan '{planId}'.", nameof(planId));

    /// <summary>
    /// Finishes or takes back what dead processes left open; one entry a plan, newest first. Plans with steps of other kinds are left to those who
    /// can do them: a lab's scene is no experiment.
    /// </summary>
    /// <param name="which">Only these of them; null: all.</param>
    public async Task<IReadOnlyList<Applied>> RecoverAsync(CancellationToken cancellation, Func<Plan, bool>? which = null)
    {
        var recovered = new List<Applied>();
        foreach (var open in _journal.TakeOverAbandoned(plan => plan.Steps.All(step => _handlers.ContainsKey(step.Kind)) && which?.Invoke(plan) != false))
        {
            var finish = open.Plan.OnCrash == OnCrash.Finish && !open.States.Any(state => state is StepState.Undone or StepState.UndoFailed);
            var applied = finish ? await GoOnAsync(open, cancellation) : await UndoAsync(open, []);
            if (finish && applied.IsOk)
            {
                Keep(open.Plan.Id);
                applied = applied with { State = PlanState.Kept };
            }
            recovered.Add(applied);
        }
        return recovered;
    }

    private async Task<Applied> GoOnAsync(JournaledPlan open, CancellationToken cancellation)
    {
        var (plan, states) = (open.Plan, open.States.ToArray());
        for (var i = 0; i < plan.Steps.Count; i++)
        {
            if (states[i] == StepState.Done)
            {
                continue;
            }
            if (cancellation.IsCancellationRequested)
            {
                return await UndoAsync(open with { States = states }, [new Problem($"'{plan.Title}' was interrupted")]);
            }
            states[i] = Mark(plan, i, StepState.Started);
            var step = plan.Steps[i];
            if (await AttemptAsync(step, (handler, token) => handler.DoAsync(step.Arguments, token), cancellation) is { } problem)
            {
                return await UndoAsync(open with { States = states }, [problem]);
            }
            states[i] = Mark(plan, i, StepState.Done);
        }
        return new Applied(plan.Id, PlanState.Open, []);
    }

    private async Task<Applied> UndoAsync(JournaledPlan open, List<Problem> problems)
    {
        var plan = open.Plan;
        var allTakenBack = true;
        for (var i = plan.Steps.Count - 1; i >= 0; i--)
        {
            if (open.States[i] is StepState.Planned or StepState.Undone)
            {
                continue;
            }
            var step = plan.Steps[i];
            using var limit = new CancellationTokenSource(UndoTimeout, _time);
            if (step.Undo is { } arguments
                && await AttemptAsync(step, (handler, token) => handler.UndoAsync(arguments, token), limit.Token) is { } problem)
            {
                problems.Add(new Problem($"Not taken back: {step.UndoTitle}: {problem.What}", problem.Remedy ?? "The next start tries again"));
                Mark(plan, i, StepState.UndoFailed);
                allTakenBack = false;
                continue;
            }
            Mark(plan, i, StepState.Undone);
        }
        if (!allTakenBack)
        {
            return new Applied(plan.Id, PlanState.Open, problems);
        }
        _journal.Close(plan.Id, PlanState.Undone);
        return new Applied(plan.Id, PlanState.Undone, problems);
    }

    private StepState Mark(Plan plan, int step, StepState state)
    {
        _journal.Mark(plan.Id, step, state);
        return state;
    }

    private async Task<Problem?> AttemptAsync(PlanStep step, Func<IStepHandler, CancellationToken, Task<Problem?>> attempt, CancellationToken cancellation)
    {
        if (!_handlers.TryGetValue(step.Kind, out var handler))
        {
            return NoHandler(step);
        }
        try
        {
            return await attempt(handler, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return new Problem($"'{step.Title}' was interrupted");
        }
        catch (Exception bug)
        {
            // A bug in one step must not leave the other steps' effects behind.
            return new Problem($"'{step.Title}' failed unexpectedly: {bug.GetType().Name}: {bug.Message}");
        }
    }

    private static Problem NoHandler(PlanStep step) =>
        new($"This version of the program cannot do steps of the kind '{step.Kind}'", "Use the version that wrote the plan");
}
