using Plumb.Cli.Framework;
using Plumb.Core;
using Plumb.Lab.Scenes;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Lab;

/// <summary>The scenes of this home with the journal that they are written to.</summary>
internal sealed class OpenStage : IDisposable
{
    private readonly StateStore _store;

    private OpenStage(StateStore store, SceneStage stage) => (_store, Stage) = (store, stage);

    public SceneStage Stage { get; }

    /// <summary>What a newer version left open.</summary>
    public IReadOnlyList<Problem> ForeignPlans => Framework.ForeignPlans.Of(_store.Journal);

    public static Result<OpenStage> Of(Invocation call)
    {
        var store = StateStore.Open(call.Home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));
        return store.IsOk ? new OpenStage(store.Value, new SceneStage(call.Home, store.Value.Journal, call.Time)) : store.Problem;
    }

    public void Dispose() => _store.Dispose();
}
