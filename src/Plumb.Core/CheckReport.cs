namespace Plumb.Core;

/// <summary>The result of one check: verdict, evidence (in the findings), blind spots, and the decision that is left to a person.</summary>
/// <param name="BlindSpots">What this check cannot see; never empty.</param>
/// <param name="Decision">What a person has to decide now; never blank, also on a pass.</param>
public sealed record CheckReport(
    string Check,
    Outcome Outcome,
    string Summary,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<string> BlindSpots,
    string Decision)
{
    public IReadOnlyList<string> BlindSpots { get; } = BlindSpots.Count > 0
        ? BlindSpots
        : throw new ArgumentException("A check that names no blind spot claims to see everything.", nameof(BlindSpots));

    public string Decision { get; } = !string.IsNullOrWhiteSpace(Decision)
        ? Decision
        : throw new ArgumentException("A report ends with the decision that it leaves to a person.", nameof(Decision));
}
