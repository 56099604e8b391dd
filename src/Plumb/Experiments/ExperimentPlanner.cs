using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments.Activities;
using Plumb.Experiments.Format;
using Plumb.Platform.Kubernetes;

namespace Plumb.Experiments;

/// <summary>Makes plans. It reads from the cluster and changes nothing.</summary>
/// <param name="allowProcess">Let files run programs on this machine (provider type process).</param>
public sealed class ExperimentPlanner(ClusterDoor door, NamespaceGuard guard, TimeProvider time, bool allowProcess)
{
    public async Task<Result<ExperimentPlan>> PlanAsync(ExperimentDefinition definition, Binding binding, ClusterRef cluster, CancellationToken cancellation)
    {
        var probes = new List<Activity>();
        foreach (var probe in definition.Hypothesis.Probes)
        {
            var bound = Bind(probe, binding);
            if (!bound.IsOk)
            {
                return bound.Problem!;
            }
            probes.Add(bound.Value);
        }
        var client = Bind(definition.Extension.Client, binding);
        var watch = Bind(definition.Extension.Watch, binding);
        if ((client.Problem ?? watch.Problem) is { } wrong)
        {
            return wrong;
        }
        var open = door.Open(cluster);
        if (!open.IsOk)
        {
            return open.Problem!;
        }
        var rollbacks = await StepsAsync(definition.Rollbacks, binding, cluster, open.Value, cancellation);
        var method = await StepsAsync(definition.Method, binding, cluster, open.Value, cancellation);
        if ((rollbacks.Problem ?? method.Problem) is { } impossible)
        {
            return impossible;
        }
        // Undoing goes backwards: first the method's own undos, then the rollbacks in their order.
        var steps = rollbacks.Value!.Where(step => step.Kind is DeletePod.StepKind or Scale.StepKind).Select(Rollback.Step).Reverse().Concat(method.Value!).ToArray();
        if (steps.Length > Plan.MaxSteps)
        {
            return new Problem($"The experiment has {steps.Length} steps; a plan has at most {Plan.MaxSteps}", "Delete fewer pods at once");
        }
        return new ExperimentPlan(definition, cluster, binding.Shown, probes, Plan.Of($"experiment {definition.Name}", time, steps), client.Value!.Settings, watch.Value!.Settings,
            method.Value!.All(step => step.Kind != Scale.StepKind));
    }

    private async Task<Result<IReadOnlyList<PlanStep>>> StepsAsync(IReadOnlyList<Activity> activities, Binding binding, ClusterRef cluster, KubeClient client, CancellationToken cancellation)
    {
        var steps = new List<PlanStep>();
        foreach (var activity in activities)
        {
            var bound = Bind(activity, binding);
            if (!bound.IsOk)
            {
                return bound.Problem!;
            }
            var planned = await StepsAsync(bound.Value, cluster, client, cancellation);
            if (!planned.IsOk)
            {
                return planned.Problem!;
            }
            steps.AddRange([.. PauseOf(activity.PauseBefore), .. planned.Value, .. PauseOf(activity.PauseAfter)]);
        }
        return steps.ToArray();
    }

    private async Task<Result<IReadOnlyList<PlanStep>>> StepsAsync(Activity activity, ClusterRef cluster, KubeClient client, CancellationToken cancellation)
    {
        if (activity.IsProbe)
        {
            return activity.Provider is { Type: "http" } http && http.Arguments.ContainsKey("headers")
                ? new Problem($"{activity.At}: not supported: headers of an http probe in the method, because its step is journaled", "Put the probe into the hypothesis")
                : new[] { MethodProbe.Step(activity, cluster) };
        }
        var arguments = activity.Provider.Arguments;
        if (activity.Provider.Type != "plumb")
        {
            return new Problem($"{activity.At}: not supported: actions of type {activity.Provider.Type}, because nobody could take them back", "Use a typed action (provider type plumb)");
        }
        if (guard.Refuse(cluster, arguments["namespace"]?.ToString() ?? "") is { } refused)
        {
            return refused;
        }
        return activity.Provider.Function switch
        {
            DeletePod.StepKind => await DeletePod.PlanAsync(arguments, cluster, client, cancellation),
            _ => await Scale.PlanAsync(arguments, cluster, client, cancellation),
        };
    }

    private static IEnumerable<PlanStep> PauseOf(TimeSpan wait) => wait > TimeSpan.Zero ? [Pause.Step(wait)] : [];

    private Result<Activity> Bind(Activity activity, Binding binding)
    {
        if (activity.Provider.Type == "process" && !allowProcess)
        {
            return new Problem($"{activity.At}: '{activity.Name}' runs the program {activity.Provider.Function} on this machine", "If that is meant, add --allow-process");
        }
        var function = binding.Text(activity.Provider.Function, activity.At);
        var arguments = binding.Json(activity.Provider.Arguments, activity.At);
        var tolerance = activity.Tolerance is Tolerance.Exactly exactly ? binding.Json(exactly.Expected, activity.At) : (Result<JsonNode>?)null;
        if ((function.Problem ?? arguments.Problem ?? tolerance?.Problem) is { } problem)
        {
            return problem;
        }
        return activity with
        {
            Provider = activity.Provider with { Function = function.Value!, Arguments = arguments.Value!.AsObject() },
            Tolerance = tolerance is { } bound ? new Tolerance.Exactly(bound.Value!) : activity.Tolerance,
        };
    }

    private static Result<Bound<ClientSettings>> Bind(ClientSettings? client, Binding binding)
    {
        const string at = "extensions: plumb: client";
        if (client is null)
        {
            return new Bound<ClientSettings>(null);
        }
        var url = binding.Text(client.Url, at);
        var body = client.Body is null ? (Result<JsonNode>?)null : binding.Json(client.Body, at);
        if ((url.Problem ?? body?.Problem) is { } problem)
        {
            return problem;
        }
        if (!Uri.TryCreate(url.Value, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
        {
            return new Problem($"The outside client's url '{url.Value}' is no http or https URL", "Give the address that a user of the service would use");
        }
        var headers = new Dictionary<string, string>();
        foreach (var (name, value) in client.Headers)
        {
            var bound = binding.Text(value, at);
            if (!bound.IsOk)
            {
                return bound.Problem!;
            }
            headers[name] = bound.Value;
        }
        return new Bound<ClientSettings>(client with { Url = url.Value!, Body = body?.Value, Headers = headers });
    }

    private static Result<Bound<WatchSettings>> Bind(WatchSettings? watch, Binding binding)
    {
        const string at = "extensions: plumb: watch";
        if (watch is null)
        {
            return new Bound<WatchSettings>(null);
        }
        var (ns, selector, service) = (binding.Text(watch.Namespace, at), binding.Text(watch.Selector, at), binding.Text(watch.Service ?? "", at));
        return (ns.Problem ?? selector.Problem ?? service.Problem) is { } problem ? problem
            : new Bound<WatchSettings>(new WatchSettings(ns.Value!, selector.Value!, watch.Service is null ? null : service.Value));
    }

    /// <summary>Settings that may rightly be absent, inside a result.</summary>
    private sealed record Bound<T>(T? Settings)
        where T : class;
}
