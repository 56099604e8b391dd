using Plumb.Cli.WebConsole;
using Plumb.Core;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>An experiment whose course a test decides, so that a page can be looked at in the middle of it.</summary>
internal sealed class ScriptedDesk : IExperimentDesk
{
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _plans;

    internal int Runs { get; private set; }

    internal bool WasCancelled { get; private set; }

    public IReadOnlyList<ExperimentView> Catalogue { get; } = [new("kill-pod", "Kill a ledger pod", "Deletes one ledger pod and measures what a client outside the cluster notices until its replacement is Ready.", null)];

    internal void GoOn() => _goOn.TrySetResult();

    public Task<(PlanView? Plan, Problem? Problem)> PlanAsync(string experiment, CancellationToken cancellationToken) => Task.FromResult<(PlanView?, Problem?)>((
        new PlanView(
            $"plan-{++_plans}", experiment, "Kill a ledger pod", "payments in lab", "Payments are made, and the ledger has all its pods.", "POST http://127.0.0.1:8080/api/payments, 50 a second, a new connection each, time-out 2 s",
            "One of two ledger pods: half of the capacity for a few seconds, and the requests that it was answering.",
            [new("Delete pod payments/" + PaymentsFeed.Ledger + " (grace 5 s)", "None needed: its ReplicaSet makes a new one. The run waits until it is Ready.")],
            []), null));

    public async Task<ResultView> RunAsync(PlanView plan, Action<ProgressView> tell, CancellationToken cancellationToken)
    {
        Runs++;
        tell(new(0, "before", "The hypothesis holds: 300 of 300 requests succeeded."));
        tell(new(3012, "fault", "Deleted pod payments/" + PaymentsFeed.Ledger + "."));
        try
        {
            await _goOn.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            WasCancelled = true;
            tell(new(4000, "undo", "Nothing to undo: the ReplicaSet replaced the pod."));
            return new("inconclusive", "Stopped before the end.", null, null, [], [], [], [], "Nothing was left to undo.", ["Everything after the stop."], null, null, null, null);
        }

        tell(new(5900, "after", "The hypothesis holds again."));
        return new(
            "fail", "7 of 412 requests failed while the cluster said that all was well.", 412, 11,
            [new("Requests failed", "7 of 412", null), new("Endpoints changed after", "38 ms", null), new("Replacement running after", "640 ms", null), new("Replacement Ready after", "1,482 ms", null)],
            [new("high", "7 of 412 requests failed; at most 1% may.")],
            [new("the gateway says it is ready", "pass", null, "pass", null), new("at most 1% of requests fail", "pass", "fail", "pass", null), new("at most 500 ms of downtime", null, "pass", null, null)],
            [new(0, "runner", "Pod deleted."), new(38, "endpoints", "The pod's address left the Service."), new(212, "client", "First failed request: connection refused."), new(624, "client", "Last failed request."), new(1482, "pods", "The replacement is Ready.")],
            "None needed: its ReplicaSet made a new pod.",
            ["Clients with their own retries would have seen less.", "One run is one sample: the next may differ."],
            "The pod stopped listening before the Service stopped sending to it.",
            "Keep serving for a moment after SIGTERM (a preStop sleep), so that the endpoints change first.",
            "Is 412 ms of failed requests at each pod loss acceptable?", "/var/lib/plumb/evidence/20261122T045216Z-kill-pod.json");
    }
}
