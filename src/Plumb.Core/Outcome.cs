using System.Text.Json.Serialization;

namespace Plumb.Core;

/// <summary>
/// What a check found. No data is Inconclusive; a source that cannot be read is Error; neither is ever Pass.
/// The values are ordered: the greater one is the worse one.
/// </summary>
public enum Outcome
{
    /// <summary>Measured, and as it should be.</summary>
    [JsonStringEnumMemberName("pass")]
    Pass = 0,

    /// <summary>Not enough was measured to say.</summary>
    [JsonStringEnumMemberName("inconclusive")]
    Inconclusive = 1,

    /// <summary>A source could not be read, or the question was asked wrongly.</summary>
    [JsonStringEnumMemberName("error")]
    Error = 2,

    /// <summary>Measured, and not as it should be.</summary>
    [JsonStringEnumMemberName("fail")]
    Fail = 3,
}

public static class Outcomes
{
    /// <summary>The worse of two: Fail, then Error, then Inconclusive, then Pass. Commutative, associative, idempotent.</summary>
    public static Outcome And(this Outcome one, Outcome other) => one > other ? one : other;

    /// <summary>The worst of many. Of none it is Inconclusive: nothing was measured, and that is not health.</summary>
    public static Outcome Worst(this IEnumerable<Outcome> outcomes) =>
        outcomes.Aggregate((Outcome?)null, (worst, next) => worst is { } known ? known.And(next) : next) ?? Outcome.Inconclusive;

    /// <summary>The word that people and JSON readers see.</summary>
    public static string Word(this Outcome outcome) => outcome switch
    {
        Outcome.Pass => "pass",
        Outcome.Inconclusive => "inconclusive",
        Outcome.Error => "error",
        _ => "fail",
    };
}
