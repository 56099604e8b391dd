using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Controllers;

/// <summary>
/// Moves a Deployment's ReplicaSets towards its template: rolling update within maxSurge and maxUnavailable, Recreate, pause, scaling in
/// proportion, revisions. The steps and their order are those of the field's own controller, so clients see the same sequence.
/// </summary>
internal sealed class DeploymentController(ClusterApi api) : IController
{
    private readonly EventRecorder _events = new(api, "deployment-controller");

    public string Name => "deployment";

    public IReadOnlyList<ResourceKind> Watches { get; } = [Resources.Deployments, Resources.ReplicaSets, Resources.Pods];

    public void Route(StoreEvent change, Action<ObjectKey> enqueue)
    {
        if (change.Object.Kind == Resources.Deployments)
        {
            enqueue(change.Object.Key);
        }
        else if (change.Object.Kind == Resources.ReplicaSets)
        {
            if (change.Object.ControllerKey(Resources.Deployments) is { } owner)
            {
                enqueue(owner);
            }
            else
            {
                EnqueueSelecting(change.Object, enqueue);
            }
        }
        else if (change.Type == StoreEventType.Deleted || (change.Object.AsPod().IsTerminal() && change.Previous?.AsPod().IsTerminal() == false))
        {
            // Only Recreate waits for pods themselves to end.
            if (change.Object.ControllerKey(Resources.ReplicaSets) is { } set
                && api.Get(Resources.ReplicaSets, set.Namespace, set.Name)?.ControllerKey(Resources.Deployments) is { } owner)
            {
                enqueue(owner);
            }
        }
    }

    public IEnumerable<ObjectKey> AllKeys() => api.List(Resources.Deployments).Select(item => item.Key);

    public TimeSpan? Reconcile(ObjectKey key)
    {
        if (api.Get(Resources.Deployments, key.Namespace, key.Name) is not { } deployment)
        {
            return null;
        }
        var scope = new DeploymentScope(api, _events, deployment);
        var status = new DeploymentStatusWriter(scope, api.Time.GetUtcNow());
        if (deployment.IsTerminating)
        {
            status.Write();
            return null;
        }
        TellPaused(scope);
        if (scope.Model.Spec.Paused || IsScaling(scope))
        {
            scope.SyncRevision(create: false);
            DeploymentScaling.Apply(scope);
            if (scope.Model.Spec.Paused)
            {
                scope.CleanUp();
            }
            return status.Write();
        }
        return scope.Model.Spec.Strategy.Type == "Recreate" ? Recreate(scope, status) : Roll(scope, status);
    }

    private static TimeSpan? Roll(DeploymentScope scope, DeploymentStatusWriter status)
    {
        scope.SyncRevision(create: true);
        if (scope.New is null)
        {
            return TimeSpan.FromSeconds(1);
        }
        if (!ScaleNew(scope) && !ScaleDownOld(scope) && status.IsComplete(scope.Model.Status))
        {
            scope.CleanUp();
        }
        return status.WriteProgress();
    }

    private TimeSpan? Recreate(DeploymentScope scope, DeploymentStatusWriter status)
    {
        scope.SyncRevision(create: false);
        var running = scope.Old.Where(set => DeploymentScope.Of(set).Spec.Replicas > 0).ToList();
        foreach (var set in running)
        {
            scope.Scale(set, 0);
        }
        if (running.Count > 0 || OldPodsRun(scope))
        {
            return status.WriteProgress();
        }
        scope.SyncRevision(create: true);
        if (scope.New is null)
        {
            return TimeSpan.FromSeconds(1);
        }
        if (!ScaleNew(scope) && status.IsComplete(scope.Model.Status))
        {
            scope.CleanUp();
        }
        return status.WriteProgress();
    }

    private bool OldPodsRun(DeploymentScope scope)
    {
        var old = scope.Old.Select(set => set.Uid).ToHashSet();
        return api.List(Resources.Pods, scope.Object.Namespace)
            .Any(pod => pod.Controller() is { } owner && old.Contains(owner.Uid) && !pod.AsPod().IsTerminal());
    }

    private static bool ScaleNew(DeploymentScope scope)
    {
        var set = scope.New!;
        var present = DeploymentScope.Of(set).Spec.Replicas;
        if (present == scope.Replicas)
        {
            return false;
        }
        return scope.Scale(set, present > scope.Replicas ? scope.Replicas : scope.NewCount(present));
    }

    /// <summary>Scales old ReplicaSets down as far as minAvailable allows: replicas that are not available anyway go first.</summary>
    private static bool ScaleDownOld(DeploymentScope scope)
    {
        if (scope.Old.Sum(set => DeploymentScope.Of(set).Spec.Replicas) == 0)
        {
            return false;
        }
        var fresh = DeploymentScope.Of(scope.New!);
        var minAvailable = scope.Replicas - scope.Bounds.MaxUnavailable;
        var mayGo = scope.TotalDesired - minAvailable - (fresh.Spec.Replicas - fresh.Status.AvailableReplicas);
        if (mayGo <= 0)
        {
            return false;
        }
        var gone = 0;
        foreach (var set in scope.Old)
        {
            var model = DeploymentScope.Of(set);
            var unhealthy = Math.Min(mayGo - gone, model.Spec.Replicas - model.Status.AvailableReplicas);
            if (unhealthy > 0)
            {
                scope.Scale(set, model.Spec.Replicas - unhealthy);
                gone += unhealthy;
            }
        }
        var spare = scope.TotalAvailable - minAvailable;
        foreach (var set in scope.Old)
        {
            var present = DeploymentScope.Of(set).Spec.Replicas;
            var down = Math.Min(present, spare);
            if (down > 0)
            {
                scope.Scale(set, present - down);
                spare -= down;
                gone += down;
            }
        }
        return gone > 0;
    }

    private static bool IsScaling(DeploymentScope scope) =>
        scope.Sets.Any(set => DeploymentScope.Of(set).Spec.Replicas > 0 && DeploymentScope.DesiredOf(set) is { } desired && desired != scope.Replicas);

    private static void TellPaused(DeploymentScope scope)
    {
        if (scope.Model.Spec.ProgressDeadlineSeconds is null)
        {
            return;
        }
        var reason = scope.Model.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Progressing")?.Reason;
        if (reason == DeploymentStatusWriter.TimedOut)
        {
            return;
        }
        if (scope.Model.Spec.Paused && reason != "DeploymentPaused")
        {
            scope.WriteProgressing("Unknown", "DeploymentPaused", "Deployment is paused");
        }
        else if (!scope.Model.Spec.Paused && reason == "DeploymentPaused")
        {
            scope.WriteProgressing("Unknown", "DeploymentResumed", "Deployment is resumed");
        }
    }

    private void EnqueueSelecting(KubeObject set, Action<ObjectKey> enqueue)
    {
        foreach (var item in api.List(Resources.Deployments, set.Namespace).Where(item => item.As(KubeJson.Compact.Deployment).Spec.Selector.Matches(set.Labels)))
        {
            enqueue(item.Key);
        }
    }
}
