using System.Text.Json.Nodes;
using Plumb.Cli;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core.Acting;
using Plumb.Experiments;
using Plumb.Experiments.Activities;
using Plumb.Platform.Storage;
using Xunit;

namespace Plumb.Tests.Cli;

/// <summary>What a newer version left open is passed over by recovery, and said.</summary>
public sealed class ForeignPlanTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StringWriter _out = new() { NewLine = "\n" };
    private readonly StringWriter _error = new() { NewLine = "\n" };

    private PlumbHome Home => new(_directory.Path);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_plan_of_a_newer_version_is_told_with_what_may_be_in_effect_and_stays_in_the_journal()
    {
        Leave("secrets.rotate", StepState.Started);
        Assert.Equal(2, await RunAsync("lab", "reset"));
        Assert.DoesNotContain("Nothing is broken", _out.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("plumb: the plan 'rotate the password' of 20", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("does not know steps of the kind secrets.rotate; in effect may be: set a new password. Take it back with the version that made it", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("or by hand: set the old password again", _error.ToString(), StringComparison.Ordinal);
        using var store = StateStore.Open(Home).Value!;
        Assert.Single(store.Journal.OpenPlans());
    }

    [Fact]
    public async Task The_doctor_names_it_with_the_remedy()
    {
        Leave("secrets.rotate", StepState.Planned);
        await RunAsync("doctor", "-o", "json");
        var item = Assert.Single(JsonNode.Parse(_out.ToString())!["items"]!.AsArray(), item => (string)item!["name"]! == "journal")!;
        Assert.Contains("none of its steps was begun", (string)item["detail"]!, StringComparison.Ordinal);
        Assert.Contains("version that made it", (string)item["remedy"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_such_a_plan_nothing_is_said_and_no_state_is_made()
    {
        await RunAsync("doctor", "-o", "json");
        Assert.DoesNotContain("\"journal\"", _out.ToString(), StringComparison.Ordinal);
        Assert.Empty(ForeignPlans.Of(Home));
        Assert.False(File.Exists(Home.File("state.db")));
        Leave(DeletePod.StepKind, StepState.Started);
        Assert.Empty(ForeignPlans.Of(Home));
    }

    [Fact]
    public void Every_kind_that_an_experiment_can_do_is_one_that_it_names() =>
        Assert.Equal(ExperimentRunner.Handlers(new ClusterDoor(TimeProvider.System), new NamespaceGuard([], null), null, TimeProvider.System).Select(handler => handler.Kind).Order(), ExperimentRunner.StepKinds.Order());

    private void Leave(string kind, StepState state)
    {
        using var store = StateStore.Open(Home).Value!;
        var plan = Plan.Of("rotate the password", TimeProvider.System, new PlanStep(kind, "set a new password", "logins", [], [], "set the old password again"));
        store.Journal.Open(plan);
        store.Journal.Mark(plan.Id, 0, state);
        store.Write(connection => connection.Run("UPDATE plans SET owner='other-boot:1:1'"));
    }

    private Task<int> RunAsync(params string[] args) =>
        new CommandLine(Program.Contents, new Terminal(_out, _error, false, false, () => 80, false), TimeProvider.System, Home).RunAsync(args, TestContext.Current.CancellationToken);
}
