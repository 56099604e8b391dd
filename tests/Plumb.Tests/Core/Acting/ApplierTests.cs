using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Core;
using Plumb.Core.Acting;
using Xunit;

namespace Plumb.Tests.Core.Acting;

public sealed class ApplierTests
{
    private readonly SortedSet<string> _world = [];
    private readonly MemoryJournal _journal = new();

    [Fact]
    public async Task A_plan_that_nobody_applies_changes_nothing()
    {
        var plan = Plan.Of("three steps", TimeProvider.System, Steps(3));
        Assert.Equal(3, plan.Steps.Count);
        Assert.Empty(_world);
        Assert.Empty(await Applier().RecoverAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Every_step_is_in_the_journal_before_it_is_done()
    {
        var seen = new List<StepState>();
        var handler = new SetHandler(_world) { OnDo = step => seen.Add(_journal.Find("p")!.States[step]) };
        await new Applier(_journal, [handler], TimeProvider.System).ApplyAsync(PlanOf(3), TestContext.Current.CancellationToken);
        Assert.Equal([StepState.Started, StepState.Started, StepState.Started], seen);
    }

    [Fact]
    public async Task An_applied_plan_stays_open_until_it_is_kept_or_taken_back()
    {
        var applied = await Applier().ApplyAsync(PlanOf(2), TestContext.Current.CancellationToken);
        Assert.Equal((PlanState.Open, true, 2), (applied.State, applied.IsOk, _world.Count));

        var undone = await Applier().UndoAsync("p");
        Assert.Equal((PlanState.Undone, true, 0), (undone.State, undone.IsOk, _world.Count));
        Assert.Null(_journal.Find("p"));
    }

    [Fact]
    public async Task A_step_that_fails_takes_back_the_steps_before_it_and_itself_last_first()
    {
        var handler = new SetHandler(_world) { FailAt = 2 };
        var applied = await new Applier(_journal, [handler], TimeProvider.System).ApplyAsync(PlanOf(4), TestContext.Current.CancellationToken);
        Assert.Equal(PlanState.Undone, applied.State);
        Assert.Equal("step 2 was told to fail", Assert.Single(applied.Problems).What);
        Assert.Empty(_world);
        Assert.Equal(["do 0", "do 1", "do 2", "undo 2", "undo 1", "undo 0"], handler.Calls);
    }

    [Fact]
    public async Task A_handler_with_a_bug_still_leaves_nothing_behind()
    {
        var handler = new SetHandler(_world) { OnDo = step => throw new InvalidOperationException($"bug in {step}") };
        var applied = await new Applier(_journal, [handler], TimeProvider.System).ApplyAsync(PlanOf(2), TestContext.Current.CancellationToken);
        Assert.Contains("InvalidOperationException: bug in 0", Assert.Single(applied.Problems).What, StringComparison.Ordinal);
        Assert.Equal(PlanState.Undone, applied.State);
    }

    [Fact]
    public async Task A_cancelled_plan_is_taken_back_although_the_caller_has_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var handler = new SetHandler(_world) { OnDo = step => { if (step == 1) { cancel.Cancel(); } } };
        var applied = await new Applier(_journal, [handler], TimeProvider.System).ApplyAsync(PlanOf(3), cancel.Token);
        Assert.Equal(PlanState.Undone, applied.State);
        Assert.Empty(_world);
        Assert.Contains("interrupted", applied.Problems[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_undo_that_fails_keeps_the_plan_open_and_the_next_start_tries_again()
    {
        var handler = new SetHandler(_world) { FailUndoOf = 1 };
        var applier = new Applier(_journal, [handler], TimeProvider.System);
        await applier.ApplyAsync(PlanOf(3), TestContext.Current.CancellationToken);

        var undone = await applier.UndoAsync("p");
        Assert.Equal(PlanState.Open, undone.State);
        Assert.Contains("Not taken back: remove 1", Assert.Single(undone.Problems).What, StringComparison.Ordinal);
        Assert.Equal(["1"], _world);

        handler.FailUndoOf = null;
        Assert.True(Assert.Single(await applier.RecoverAsync(TestContext.Current.CancellationToken)).IsOk);
        Assert.Empty(_world);
    }

    [Fact]
    public async Task A_plan_with_a_step_that_nobody_can_do_is_not_started()
    {
        var plan = new Plan("p", "odd", [.. Steps(1), new PlanStep("unknown", "t", "b", [], null, "none")]);
        var applied = await Applier().ApplyAsync(plan, TestContext.Current.CancellationToken);
        Assert.Contains("'unknown'", Assert.Single(applied.Problems).What, StringComparison.Ordinal);
        Assert.Empty(_world);
        Assert.Null(_journal.Find("p"));
    }

    [Fact]
    public void Wherever_the_process_dies_the_next_start_restores_the_world() =>
        Prop.ForAll(Gen.Choose(1, 6).ToArbitrary(), Gen.Choose(1, 40).ToArbitrary(), (steps, lastWrite) =>
        {
            var (applied, world) = CrashAndRecover(steps, lastWrite, OnCrash.Undo);
            return applied.All(plan => plan.IsOk && plan.State == PlanState.Undone) && world.Count == (applied.Count == 0 && lastWrite > 2 * steps ? steps : 0);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Wherever_the_process_dies_a_plan_that_says_finish_is_finished() =>
        Prop.ForAll(Gen.Choose(1, 6).ToArbitrary(), Gen.Choose(2, 40).ToArbitrary(), (steps, lastWrite) =>
        {
            var (applied, world) = CrashAndRecover(steps, lastWrite, OnCrash.Finish);
            return applied.All(plan => plan.IsOk && plan.State == PlanState.Kept) && world.Count == steps;
        }).QuickCheckThrowOnFailure();

    /// <summary>The process "dies" at its n-th journal write: after the write, before whatever would come next.</summary>
    private static (IReadOnlyList<Applied> Applied, SortedSet<string> World) CrashAndRecover(int steps, int lastWrite, OnCrash onCrash)
    {
        var world = new SortedSet<string>();
        var journal = new MemoryJournal { DieAtWrite = lastWrite };
        var plan = PlanOf(steps) with { OnCrash = onCrash };
        var doing = new Applier(journal, [new SetHandler(world)], TimeProvider.System);
        var died = Record.Exception(() =>
        {
            doing.ApplyAsync(plan, CancellationToken.None).GetAwaiter().GetResult();
            doing.Keep(plan.Id);
        });
        Assert.Equal(lastWrite <= 2 * steps + 2, died is Died);
        journal.DieAtWrite = null;
        return (new Applier(journal, [new SetHandler(world)], TimeProvider.System).RecoverAsync(CancellationToken.None).GetAwaiter().GetResult(), world);
    }

    private Applier Applier() => new(_journal, [new SetHandler(_world)], TimeProvider.System);

    private static Plan PlanOf(int steps) => new("p", "fill the set", Steps(steps));

    private static PlanStep[] Steps(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new PlanStep("set", $"add {i}", "one entry", new JsonObject { ["n"] = i }, new JsonObject { ["n"] = i }, $"remove {i}"))];

    private sealed class Died : Exception;

    private sealed class SetHandler(SortedSet<string> world) : IStepHandler
    {
        public List<string> Calls { get; } = [];

        public Action<int>? OnDo { get; init; }

        public int? FailAt { get; init; }

        public int? FailUndoOf { get; set; }

        public string Kind => "set";

        public Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation)
        {
            var n = (int)arguments["n"]!;
            Calls.Add($"do {n}");
            OnDo?.Invoke(n);
            cancellation.ThrowIfCancellationRequested();
            world.Add($"{n}");
            return Task.FromResult(FailAt == n ? new Problem($"step {n} was told to fail") : null);
        }

        public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation)
        {
            var n = (int)arguments["n"]!;
            Calls.Add($"undo {n}");
            if (FailUndoOf == n)
            {
                return Task.FromResult<Problem?>(new Problem("the set is stuck"));
            }
            world.Remove($"{n}");
            return Task.FromResult<Problem?>(null);
        }
    }

    /// <summary>A journal that can die, which the real one does only with its process; the real one is tested in StateStoreTests.</summary>
    private sealed class MemoryJournal : IJournal
    {
        private readonly Dictionary<string, JournaledPlan> _open = [];
        private int _writes;

        public int? DieAtWrite { get; set; }

        public void Open(Plan plan) => Write(() => _open[plan.Id] = new JournaledPlan(plan, new StepState[plan.Steps.Count]));

        public void Mark(string planId, int step, StepState state) => Write(() =>
        {
            var states = _open[planId].States.ToArray();
            states[step] = state;
            _open[planId] = _open[planId] with { States = states };
        });

        public void Close(string planId, PlanState state) => Write(() => _open.Remove(planId));

        public JournaledPlan? Find(string planId) => _open.GetValueOrDefault(planId);

        public IReadOnlyList<JournaledPlan> TakeOverAbandoned(Func<Plan, bool> mine) => [.. _open.Values.Where(open => mine(open.Plan))];

        private void Write(Action write)
        {
            write();
            if (++_writes == DieAtWrite)
            {
                throw new Died();
            }
        }
    }
}
