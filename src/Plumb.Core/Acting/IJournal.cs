namespace Plumb.Core.Acting;

public enum StepState
{
    /// <summary>Written down, not begun.</summary>
    Planned = 0,

    /// <summary>Written before the first effect: from here on the step may have taken effect.</summary>
    Started = 1,
    Done = 2,

    /// <summary>Taken back.</summary>
    Undone = 3,

    /// <summary>The undo was tried and failed; the plan stays open and the next start tries again.</summary>
    UndoFailed = 4,
}

public enum PlanState
{
    /// <summary>Somebody is at it, or died at it.</summary>
    Open = 0,

    /// <summary>Done and meant to stay.</summary>
    Kept = 1,
    Undone = 2,
}

/// <summary>A plan as it stands in the journal.</summary>
/// <param name="States">One a step, in the plan's order.</param>
public sealed record JournaledPlan(Plan Plan, IReadOnlyList<StepState> States);

/// <summary>
/// The record that makes an undo survive a crash. When a method returns, what it wrote survives a <c>kill -9</c>.
/// </summary>
public interface IJournal
{
    /// <summary>Writes the whole plan, all steps Planned, owned by this process.</summary>
    void Open(Plan plan);

    void Mark(string planId, int step, StepState state);

    void Close(string planId, PlanState state);

    /// <summary>Open plan of that id, or null.</summary>
    JournaledPlan? Find(string planId);

    /// <summary>
    /// Takes over the open plans that are <paramref name="mine"/> and whose process no longer runs, newest first, so that effects are taken back in
    /// reverse order.
    /// Two processes that ask at the same time never get the same plan.
    /// </summary>
    IReadOnlyList<JournaledPlan> TakeOverAbandoned(Func<Plan, bool> mine);
}
