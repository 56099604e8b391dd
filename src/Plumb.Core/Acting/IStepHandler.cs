using System.Text.Json.Nodes;

namespace Plumb.Core.Acting;

/// <summary>
/// Does and undoes steps of one kind. It keeps nothing between calls: the undo may run in another process, after a crash.
/// Expected failures are returned; an exception counts as a failed step too.
/// </summary>
public interface IStepHandler
{
    string Kind { get; }

    /// <summary>Does the step. Null: done.</summary>
    Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation);

    /// <summary>
    /// Takes the step back. Null: the world is as before. It must bear being run twice, and being run for a step that never took
    /// effect: a crash leaves no word about which of these it was.
    /// </summary>
    Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation);
}
