using Plumb.Cluster.Api;
using Plumb.Cluster.Scheduling;

namespace Plumb.Cluster.Controllers;

/// <summary>What kube-controller-manager is to Kubernetes: the list of control loops, run until cancelled.</summary>
internal sealed class ControllerHost : IDisposable
{
    private readonly ReconcileLoop _loop;

    /// <param name="onFault">Told of an exception in a controller, which is a bug; the others go on.</param>
    public ControllerHost(ClusterApi api, Action<string, Exception>? onFault = null)
    {
        Controllers = [new Scheduler(api), new DeploymentController(api), new ReplicaSetController(api)];
        _loop = new ReconcileLoop(api, Controllers, onFault);
    }

    public IReadOnlyList<IController> Controllers { get; }

    public Task RunAsync(CancellationToken cancel) => _loop.RunAsync(cancel);

    /// <summary>Does all there is to do now, on the caller's thread; for tests, which then need no waiting.</summary>
    public void Step() => _loop.Step();

    public void Dispose() => _loop.Dispose();
}
