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
            $"plan-{++_plans}", experiment, "Kill a ledger pod", "payments in lab", "9 of 10 requests to the gateway succeed, each within 500 ms.",
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
            return new("inconclusive", "Stopped before the end.", null, null, [], [], [], ["Everything after the stop."], null, null, null);
        }

        tell(new(5900, "after", "The hypothesis holds again."));
        return new(
            "fail", "7 of 412 requests failed while the cluster said that all was well.", 412, 11,
            [new("Requests failed", "7 of 412", null), new("Endpoints changed after", "38 ms", null), new("Replacement running after", "640 ms", null), new("Replacement Ready after", "1,482 ms", null)],
            [new("before", "pass", "300 of 300 requests succeeded."), new("during", "fail", "405 of 412 requests succeeded."), new("after", "pass", "300 of 300 requests succeeded.")],
            [new(0, "runner", "Pod deleted."), new(38, "endpoints", "The pod's address left the Service."), new(212, "client", "First failed request: connection refused."), new(624, "client", "Last failed request."), new(1482, "pods", "The replacement is Ready.")],
            ["Clients with their own retries would have seen less.", "One run is one sample: the next may differ."],
            "The pod stopped listening before the Service stopped sending to it.",
            "Keep serving for a moment after SIGTERM (a preStop sleep), so that the endpoints change first.",
            "Is 412 ms of failed requests at each pod loss acceptable?");
    }
}
