using System.Text.Json;
using Microsoft.Data.Sqlite;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Platform.Processes;

namespace Plumb.Platform.Storage;

/// <summary>The journal of plans in the state store. An open plan belongs to a process; when that is gone the plan is abandoned.</summary>
public sealed class Journal : IJournal
{
    /// <summary>Closed plans that are kept for the record; older ones are dropped.</summary>
    public const int MaxClosedPlans = 1_000;

    private readonly StateStore _store;

    internal Journal(StateStore store) => _store = store;

    public void Open(Plan plan) => _store.Write(connection =>
    {
        connection.Run("INSERT INTO plans(id, json, state, owner) VALUES($0, $1, $2, $3)",
            plan.Id, JsonSerializer.Serialize(plan, CoreJson.Compact.Plan), (int)PlanState.Open, $"{ProcessIdentity.Current}");
        for (var i = 0; i < plan.Steps.Count; i++)
        {
            connection.Run("INSERT INTO steps(plan, step, state) VALUES($0, $1, $2)", plan.Id, i, (int)StepState.Planned);
        }
        return 0;
    });

    public void Mark(string planId, int step, StepState state)
    {
        if (_store.Write(connection => connection.Run("UPDATE steps SET state=$2 WHERE plan=$0 AND step=$1", planId, step, (int)state)) != 1)
        {
            throw new ArgumentException($"The journal has no step {step} of plan '{planId}'.", nameof(step));
        }
    }

    public void Close(string planId, PlanState state) => _store.Write(connection =>
    {
        connection.Run("UPDATE plans SET state=$1 WHERE id=$0", planId, (int)state);
        // Ids sort by time.
        return connection.Run("DELETE FROM plans WHERE state<>$0 AND id NOT IN (SELECT id FROM plans WHERE state<>$0 ORDER BY id DESC LIMIT $1)",
            (int)PlanState.Open, MaxClosedPlans);
    });

    /// <summary>
    /// The plan stays open and belongs to nobody: whoever asks next may take it over, though this process goes on. For what is meant to stay until somebody takes it back.
    /// </summary>
    public void Release(string planId) => _store.Write(connection => connection.Run("UPDATE plans SET owner='' WHERE id=$0", planId));

    public JournaledPlan? Find(string planId) => _store.Read(connection =>
        connection.Rows("SELECT json FROM plans WHERE id=$0 AND state=$1", row => row.GetString(0), planId, (int)PlanState.Open) is [var json] ? Load(connection, json) : null);

    public IReadOnlyList<JournaledPlan> TakeOverAbandoned(Func<Plan, bool> mine) => _store.Write(connection =>
    {
        var abandoned = Abandoned(connection).Where(open => mine(open.Plan)).ToArray();
        foreach (var open in abandoned)
        {
            connection.Run("UPDATE plans SET owner=$1 WHERE id=$0", open.Plan.Id, $"{ProcessIdentity.Current}");
        }
        return abandoned;
    });

    /// <summary>
    /// Abandoned plans with a step of a kind that nobody here can do or take back: a newer version wrote them. No recovery touches them, so they have to be told.
    /// </summary>
    /// <param name="known">Every kind of step that this program has a handler for.</param>
    public IReadOnlyList<JournaledPlan> Foreign(IReadOnlyCollection<string> known) =>
        _store.Read(connection => Abandoned(connection).Where(open => open.Plan.Steps.Any(step => !known.Contains(step.Kind))).ToArray());

    /// <summary>Every open plan, whoever has it, newest first.</summary>
    public IReadOnlyList<Plan> OpenPlans() => _store.Read(connection =>
        connection.Rows("SELECT json FROM plans WHERE state=$0 ORDER BY id DESC", row => JsonSerializer.Deserialize(row.GetString(0), CoreJson.Compact.Plan)!, (int)PlanState.Open));

    private static IEnumerable<JournaledPlan> Abandoned(SqliteConnection connection) =>
        connection.Rows("SELECT json, owner FROM plans WHERE state=$0 ORDER BY id DESC", row => (Json: row.GetString(0), Owner: row.GetString(1)), (int)PlanState.Open)
            .Where(plan => ProcessIdentity.Parse(plan.Owner) is not { } owner || !owner.IsRunning())
            .Select(plan => Load(connection, plan.Json));

    private static JournaledPlan Load(SqliteConnection connection, string json)
    {
        var plan = JsonSerializer.Deserialize(json, CoreJson.Compact.Plan)!;
        return new JournaledPlan(plan, connection.Rows("SELECT state FROM steps WHERE plan=$0 ORDER BY step", row => (StepState)row.GetInt32(0), plan.Id));
    }
}
