using Plumb.Cluster.Api;
using Plumb.Cluster.Network;
using Plumb.Cluster.Scheduling;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// What kube-controller-manager, kube-scheduler and kube-proxy are to Kubernetes: the list of control loops, run until cancelled. Endpoints
/// and the Service network come first, so that traffic leaves a pod before anything else is done about its going.
/// </summary>
internal sealed class ControllerHost : IDisposable
{
    private readonly ReconcileLoop _loop;
    private readonly ServiceNetwork? _network;

    /// <param name="onFault">Told of an exception in a controller, which is a bug; the others go on.</param>
    public ControllerHost(ClusterApi api, ControllerOptions options, Action<string, Exception>? onFault = null)
    {
        List<IController> controllers = [new EndpointsController(api)];
        if (options.ServesNetwork)
        {
            controllers.Add(_network = new ServiceNetwork(api));
        }
        controllers.AddRange(
        [
            new Scheduler(api), new ReplicaSetController(api), new DeploymentController(api), new StatefulSetController(api), new VolumeController(api, options),
            new DisruptionController(api), new NodeLifecycleController(api, options.NodeGrace), new NamespaceController(api), new GarbageCollector(api),
        ]);
        Controllers = controllers;
        _loop = new ReconcileLoop(api, controllers, onFault);
    }

    public IReadOnlyList<IController> Controllers { get; }

    public Task RunAsync(CancellationToken cancel) => _loop.RunAsync(cancel);

    public void Dispose()
    {
        _loop.Dispose();
        _network?.Dispose();
    }
}
