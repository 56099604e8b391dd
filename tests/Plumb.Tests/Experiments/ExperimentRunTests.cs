using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments;
using Plumb.Experiments.Activities;
using Plumb.Experiments.Format;
using Plumb.Experiments.Measuring;
using Plumb.Lab.Experiments;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Storage;
using Plumb.Tests.Platform.Kubernetes;
using Xunit;

namespace Plumb.Tests.Experiments;

public sealed class ExperimentRunTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryDirectory _home = new();
    private readonly ClusterDoor _door = new(TimeProvider.System);
    private PlayedKubelet _cluster = null!;
    private FakeKube _gateway = null!;
    private StateStore _store = null!;
    private Func<int> _status = () => 200;

    public async ValueTask InitializeAsync()
    {
        _cluster = await PlayedKubelet.StartAsync();
        _gateway = await FakeKube.StartAsync(context => FakeKube.AnswerAsync(context, context.Request.Path == "/ready" ? 200 : _status(), "{}"));
        _store = StateStore.Open(new PlumbHome(_home.Path)).Value!;
    }

    public async ValueTask DisposeAsync()
    {
        _door.Dispose();
        _store.Dispose();
        await _gateway.DisposeAsync();
        await _cluster.DisposeAsync();
        _home.Dispose();
    }

    [Fact]
    public async Task Kill_pod_deletes_one_pod_and_measures_its_replacement()
    {
        var before = await NamesAsync();
        var events = new Events();

        var result = await Runner().RunAsync(await PlanAsync("kill-pod"), events, None);

        Assert.True(result.Report.Outcome == Outcome.Pass, result.Report.Summary + string.Join("; ", result.Report.Findings.Select(finding => finding.Summary)));
        var after = await NamesAsync();
        Assert.Single(before.Intersect(after));
        var recovery = result.Measures.Recovery!;
        Assert.True(recovery is { EndpointsChangedMs: >= 0, RunningMs: >= 0, ReadyMs: >= 0, ServingMs: >= 0, GoneMs: >= 0 }, recovery.ToString());
        // No order between them: pods and endpoints come over two watches, and each time is when a watch told us.
        Assert.Equal(0, result.Measures.Downtime!.Failed);
        Assert.All(result.Measures.Requests, phase => Assert.True(phase.Requests > 0));
        Assert.Contains(result.Measures.Sequence, moment => moment.Source == "endpoints");
        Assert.Contains(events.All, item => item.Stage == RunStage.Undo);
        Assert.Equal(RunStage.Done, events.All[^1].Stage);
        Assert.Empty(_store.Journal.TakeOverAbandoned(_ => true));
    }

    [Fact]
    public async Task Failed_requests_are_seen_and_judged()
    {
        var deleted = false;
        var left = 5;
        _status = () => deleted && Interlocked.Decrement(ref left) >= 0 ? 503 : 200;
        var events = new Events { On = item => deleted |= item.Stage == RunStage.During };

        var result = await Runner().RunAsync(await PlanAsync("kill-pod"), events, None);

        Assert.Equal(Outcome.Fail, result.Report.Outcome);
        Assert.Equal(5, result.Measures.Downtime!.Failed);
        Assert.Equal(5, result.Measures.Requests.Sum(phase => phase.Reasons.GetValueOrDefault("status 503")));
        Assert.NotEmpty(result.Measures.Downtime.FailedTraces);
    }

    [Fact]
    public async Task A_system_that_is_not_steady_is_left_alone()
    {
        var before = await NamesAsync();
        _status = () => 500;

        var result = await Runner().RunAsync(await PlanAsync("kill-pod"), null, None);

        Assert.Equal(Outcome.Inconclusive, result.Report.Outcome);
        Assert.Equal(before, await NamesAsync());
        Assert.Contains("requests failed", result.Report.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_replacement_that_comes_too_late_is_a_fail()
    {
        _cluster.Starts = false;
        var plan = await PlanAsync("kill-pod", text => text.Replace("during: 60s", "during: 300ms", StringComparison.Ordinal).Replace("recovery: 60s", "recovery: 200ms", StringComparison.Ordinal));
        var events = new Events { On = item => _cluster.Start(item.Stage == RunStage.Undo) };

        var result = await Runner().RunAsync(plan, events, None);

        Assert.Equal(Outcome.Fail, result.Report.Outcome);
        Assert.Contains(result.Report.Findings, finding => finding.Kind == "recovery");
        Assert.Empty(result.Evidence.UndoProblems);
    }

    [Fact]
    public async Task A_scale_is_taken_back_when_the_run_is_interrupted()
    {
        using var interrupt = new CancellationTokenSource();
        var plan = await PlanAsync("ledger-outage");
        var events = new Events { On = item => { if (item.Stage == RunStage.Fault) { interrupt.CancelAfter(300); } } };

        var result = await Runner().RunAsync(plan, events, interrupt.Token);

        Assert.Equal(Outcome.Inconclusive, result.Report.Outcome);
        Assert.Contains("interrupted", string.Join(' ', result.Report.Findings.Select(finding => finding.Summary)), StringComparison.Ordinal);
        Assert.Equal(2, await ScaleAsync());
    }

    [Fact]
    public async Task What_a_killed_process_left_is_taken_back_by_the_next_one()
    {
        var plan = await PlanAsync("ledger-outage");
        // A journal whose owner is gone: the plan was written, its step done, and then nothing more.
        var journal = new AbandonedJournal();
        var applied = await new Applier(journal, ExperimentRunner.Handlers(_door, Guard(), null, TimeProvider.System), TimeProvider.System)
            .ApplyAsync(plan.Plan with { Id = "dead" }, None);
        Assert.True(applied.IsOk);
        Assert.Equal(0, await ScaleAsync());

        var recovered = await new ExperimentRunner(_door, Guard(), journal, TimeProvider.System).RecoverAsync(None);

        Assert.Equal(PlanState.Undone, Assert.Single(recovered).State);
        Assert.Equal(2, await ScaleAsync());
        Assert.Empty(await new ExperimentRunner(_door, Guard(), journal, TimeProvider.System).RecoverAsync(None));
    }

    [Fact]
    public async Task A_plan_changes_nothing_and_names_blast_radius_and_undo()
    {
        var before = await NamesAsync();

        var plan = await PlanAsync("kill-pod");

        Assert.Equal(before, await NamesAsync());
        var step = Assert.Single(plan.Faults);
        Assert.StartsWith("delete pod payments/ledger-", step.Title, StringComparison.Ordinal);
        Assert.Contains("1 of 2 Ready pods", step.BlastRadius, StringComparison.Ordinal);
        Assert.Contains("waits until 2 are Ready", step.UndoTitle, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-token", plan.Plan.ToString() + plan.Variables.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disruption_budget_that_allows_nothing_stops_a_plain_delete()
    {
        await _cluster.CreateAsync(KubeResource.DisruptionBudgets, "payments", """{"metadata":{"name":"ledger"},"spec":{"minAvailable":2,"selector":{"matchLabels":{"app":"ledger"}}}}""");

        Assert.Contains("disruption budget payments/ledger allows 0", (await TryPlanAsync("kill-pod", Guard(), isLab: true)).Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_cluster_needs_the_namespace_to_be_allowed_and_protected_ones_never_are()
    {
        Assert.Contains("is not allowed for experiments", (await TryPlanAsync("kill-pod", Guard(), isLab: false)).Problem!.What, StringComparison.Ordinal);
        Assert.True((await TryPlanAsync("kill-pod", Guard("payments"), isLab: false)).IsOk);
        Assert.Contains("belongs to Kubernetes itself", (await TryPlanAsync("kill-pod", Guard("kube-system"), isLab: true, ("namespace", "kube-system"))).Problem!.What, StringComparison.Ordinal);
        Assert.Contains("Plumb itself runs", (await TryPlanAsync("kill-pod", new NamespaceGuard(["payments"], "payments"), isLab: true)).Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_guard_is_asked_again_when_the_step_acts()
    {
        var plan = (await TryPlanAsync("kill-pod", Guard("payments"), isLab: false)).Value!;
        var before = await NamesAsync();

        var result = await new ExperimentRunner(_door, Guard(), _store.Journal, TimeProvider.System).RunAsync(plan, null, None);

        Assert.Equal(Outcome.Error, result.Report.Outcome);
        Assert.Equal(before, await NamesAsync());
    }

    [Fact]
    public async Task A_program_is_not_run_unless_it_is_allowed()
    {
        var definition = Definition("kill-pod", text => text.Replace("type: http\n        url: ${gateway}/ready\n        timeout: 3", "type: process\n        path: /bin/true", StringComparison.Ordinal));

        var planned = await new ExperimentPlanner(_door, Guard(), TimeProvider.System, allowProcess: false).PlanAsync(definition, Bind(definition), Cluster(true), None);

        Assert.Contains("runs the program /bin/true", planned.Problem!.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_recorder_tells_when_watching_cannot_begin()
    {
        using var door = new ClusterDoor(TimeProvider.System);
        await using var refusing = await FakeKube.StartAsync(context => FakeKube.RefuseAsync(context, 403, "Forbidden", "pods is forbidden"));
        using var client = refusing.Client();
        await using var recorder = new ClusterRecorder(client, new WatchSettings("payments", "app=ledger", "ledger"), new RunClock(TimeProvider.System));

        Assert.Equal(KubeErrorKind.Forbidden, (await recorder.StartAsync(None))!.Kind);
    }

    private ExperimentRunner Runner() => new(_door, Guard(), _store.Journal, TimeProvider.System);

    private static NamespaceGuard Guard(params string[] allowed) => new(allowed, own: null);

    private ClusterRef Cluster(bool isLab) => new([_cluster.KubeconfigPath], "plumb", isLab);

    private async Task<ExperimentPlan> PlanAsync(string name, Func<string, string>? edit = null)
    {
        var definition = Definition(name, edit);
        var planned = await new ExperimentPlanner(_door, Guard(), TimeProvider.System, allowProcess: false).PlanAsync(definition, Bind(definition), Cluster(true), None);
        return planned.IsOk ? planned.Value : throw new InvalidOperationException(planned.Problem!.ToString());
    }

    private async Task<Result<ExperimentPlan>> TryPlanAsync(string name, NamespaceGuard guard, bool isLab, params (string Name, string Value)[] given)
    {
        var definition = Definition(name, null);
        return await new ExperimentPlanner(_door, guard, TimeProvider.System, allowProcess: false).PlanAsync(definition, Bind(definition, given), Cluster(isLab), None);
    }

    private Binding Bind(ExperimentDefinition definition, params (string Name, string Value)[] given) =>
        Binding.Of(definition, given.ToDictionary(pair => pair.Name, pair => pair.Value), key => key == "PLUMB_LAB_GATEWAY" ? _gateway.Url.AbsoluteUri.TrimEnd('/') : "secret-token").Value!;

    /// <summary>The catalogue's own file, only quicker and without a limit on time: a busy machine must not fail a test.</summary>
    private static ExperimentDefinition Definition(string name, Func<string, string>? edit)
    {
        var text = Catalogue.Text(name)!.Replace("before: 3s", "before: 300ms", StringComparison.Ordinal).Replace("after: 3s", "after: 300ms", StringComparison.Ordinal)
            .Replace("recovery: 10s", "recovery: 60s", StringComparison.Ordinal).Replace("timeout: 2s", "timeout: 20s", StringComparison.Ordinal);
        return ExperimentReader.Read($"{name}.yaml", edit?.Invoke(text) ?? text).Definition!;
    }

    private async Task<string[]> NamesAsync() =>
        [.. (await _cluster.Client.ListAsync(KubeResource.Pods, "payments", null, None)).Value!.Items.Where(pod => !pod.IsTerminating).Select(pod => pod.Name).Order()];

    private async Task<int> ScaleAsync() => (await _cluster.Client.GetScaleAsync(KubeResource.Deployments, "payments", "ledger", None)).Value;

    private sealed class Events : IProgress<RunEvent>
    {
        public List<RunEvent> All { get; } = [];

        public Action<RunEvent>? On { get; init; }

        public void Report(RunEvent value)
        {
            All.Add(value);
            On?.Invoke(value);
        }
    }

    /// <summary>A journal in memory whose every open plan counts as left by a dead process.</summary>
    private sealed class AbandonedJournal : IJournal
    {
        private readonly Dictionary<string, (Plan Plan, StepState[] States)> _open = [];

        public void Open(Plan plan) => _open[plan.Id] = (plan, new StepState[plan.Steps.Count]);

        public void Mark(string planId, int step, StepState state) => _open[planId].States[step] = state;

        public void Close(string planId, PlanState state) => _open.Remove(planId);

        public JournaledPlan? Find(string planId) => _open.TryGetValue(planId, out var open) ? new JournaledPlan(open.Plan, open.States) : null;

        public IReadOnlyList<JournaledPlan> TakeOverAbandoned(Func<Plan, bool> mine) => [.. _open.Values.Where(open => mine(open.Plan)).Select(open => new JournaledPlan(open.Plan, open.States))];
    }
}
