using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Plumb.Core.Acting;

/// <summary>What the next start does with a plan whose process died in the middle.</summary>
public enum OnCrash
{
    /// <summary>Take back every step that may have taken effect, last first.</summary>
    [JsonStringEnumMemberName("undo")]
    Undo = 0,

    /// <summary>Go on from the step that was open. Its doing must bear being done twice.</summary>
    [JsonStringEnumMemberName("finish")]
    Finish = 1,
}

/// <summary>
/// One change to the outside world, as data: everything a later process needs to do it or to take it back stands in it.
/// </summary>
/// <param name="Kind">Which <see cref="IStepHandler"/> does it.</param>
/// <param name="Title">What it does, in the imperative: <c>delete pod payments/ledger-7d9f</c>.</param>
/// <param name="BlastRadius">What it can hurt at worst.</param>
/// <param name="Undo">Arguments of the undo; null when there is nothing to take back.</param>
/// <param name="UndoTitle">What the undo does, or why none is needed.</param>
public sealed record PlanStep(string Kind, string Title, string BlastRadius, JsonObject Arguments, JsonObject? Undo, string UndoTitle);

/// <summary>
/// Steps that were decided but not done. A plan cannot do anything: a dry run is a plan that nobody gives to an <see cref="Applier"/>.
/// </summary>
/// <param name="Id">Unique in the journal.</param>
public sealed record Plan(string Id, string Title, IReadOnlyList<PlanStep> Steps, OnCrash OnCrash = OnCrash.Undo)
{
    /// <summary>More steps than this is a mistake in whatever made the plan, and too much to read before saying yes.</summary>
    public const int MaxSteps = 200;

    public IReadOnlyList<PlanStep> Steps { get; } = Steps.Count <= MaxSteps
        ? Steps
        : throw new ArgumentException($"A plan has at most {MaxSteps} steps, this one has {Steps.Count}.", nameof(Steps));

    private const int TimestampDigits = 12;

    /// <summary>When it was made; null for an id that does not tell. An id begins with its milliseconds since 1970 (UUID version 7).</summary>
    [JsonIgnore]
    public DateTimeOffset? MadeAt => Id.Length >= TimestampDigits && long.TryParse(Id.AsSpan(0, TimestampDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var ms)
        ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    /// <summary>A plan with a new id that sorts by time.</summary>
    public static Plan Of(string title, TimeProvider time, params IReadOnlyList<PlanStep> steps) =>
        new($"{Guid.CreateVersion7(time.GetUtcNow()):n}", title, steps);
}
