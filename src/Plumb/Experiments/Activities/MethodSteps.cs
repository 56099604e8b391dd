using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Experiments.Format;

namespace Plumb.Experiments.Activities;

/// <summary>Waits, as the method's pauses ask.</summary>
internal sealed class Pause(TimeProvider time) : IStepHandler
{
    public const string StepKind = "experiment.pause";

    public string Kind => StepKind;

    public static PlanStep Step(TimeSpan wait) =>
        new(StepKind, $"wait {wait.TotalSeconds:0.###} s", "nothing", new JsonObject { ["ms"] = wait.TotalMilliseconds }, null, "none is needed");

    public async Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation)
    {
        await Task.Delay(TimeSpan.FromMilliseconds((double)arguments["ms"]!), time, cancellation);
        return null;
    }

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) => Task.FromResult<Problem?>(null);
}

/// <summary>A probe in the middle of the method: looks, and the run keeps what it saw.</summary>
internal sealed class MethodProbe(Func<ClusterRef, Probes> probes, IRunLog? log) : IStepHandler
{
    public const string StepKind = "experiment.probe";

    public string Kind => StepKind;

    public static PlanStep Step(Activity activity, ClusterRef cluster) => new(StepKind, $"probe: {activity.Name}", "nothing: it only looks",
        new JsonObject { ["cluster"] = cluster.ToJson(), ["name"] = activity.Name, ["provider"] = StoredProvider.ToJson(activity.Provider) }, null, "none is needed");

    public async Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation)
    {
        using var asker = probes(ClusterRef.FromStep(arguments));
        log?.Probed((string)arguments["name"]!, await asker.AskAsync(StoredProvider.FromJson(arguments["provider"]!.AsObject()), cancellation));
        return null;
    }

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) => Task.FromResult<Problem?>(null);
}

/// <summary>
/// An action of the file's <c>rollbacks</c>. It stands in the plan before the method, does nothing there, and acts as its own undo: so it runs
/// whatever happens, after the method's own undos, and also in a later process.
/// </summary>
internal sealed class Rollback(IReadOnlyDictionary<string, IStepHandler> actions) : IStepHandler
{
    public const string StepKind = "experiment.rollback";

    public string Kind => StepKind;

    public static PlanStep Step(PlanStep action) => new(StepKind, $"remember to {action.Title}", "nothing yet", [],
        new JsonObject { ["kind"] = action.Kind, ["arguments"] = action.Arguments.DeepClone() }, action.Title);

    public Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation) => Task.FromResult<Problem?>(null);

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) =>
        actions[(string)arguments["kind"]!].DoAsync(arguments["arguments"]!.AsObject(), cancellation);
}

/// <summary>A provider inside a journaled step.</summary>
internal static class StoredProvider
{
    public static JsonObject ToJson(Provider provider) => new()
    {
        ["type"] = provider.Type,
        ["function"] = provider.Function,
        ["arguments"] = provider.Arguments.DeepClone(),
        ["timeoutMs"] = provider.Timeout.TotalMilliseconds,
    };

    public static Provider FromJson(JsonObject json) =>
        new((string)json["type"]!, (string)json["function"]!, json["arguments"]!.DeepClone().AsObject(), TimeSpan.FromMilliseconds((double)json["timeoutMs"]!));
}
