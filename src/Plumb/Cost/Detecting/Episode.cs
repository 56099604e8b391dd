using System.Text.Json.Serialization;

namespace Plumb.Cost.Detecting;

/// <summary>What an episode looks like.</summary>
public enum EpisodeKind
{
    /// <summary>More for a day or two.</summary>
    [JsonStringEnumMemberName("spike")]
    Spike = 0,

    /// <summary>More, and it stays.</summary>
    [JsonStringEnumMemberName("step")]
    Step = 1,

    /// <summary>More every day.</summary>
    [JsonStringEnumMemberName("ramp")]
    Ramp = 2,

    [JsonStringEnumMemberName("drop")]
    Drop = 3,

    /// <summary>A service that never cost anything.</summary>
    [JsonStringEnumMemberName("new")]
    New = 4,

    /// <summary>A service that costs nothing any more.</summary>
    [JsonStringEnumMemberName("stopped")]
    Stopped = 5,
}

/// <summary>Days on which a service cost something else than its own past lets expect, in indexes of the series.</summary>
/// <param name="First">The first such day.</param>
/// <param name="Last">The last one that is known.</param>
/// <param name="Detected">The day whose amount gave it away.</param>
/// <param name="IsOpen">It had not ended on the last judged day.</param>
/// <param name="Score">How unusual the worst day or run of days was: 1 is the alarm's threshold. Money plays no part in it.</param>
/// <param name="Expected">What was expected on each day from first to last.</param>
/// <param name="Because">Why that much was expected.</param>
public sealed record Episode(EpisodeKind Kind, int First, int Last, int Detected, bool IsOpen, double Score, IReadOnlyList<double> Expected, string Because);

/// <summary>What was expected on one day: the amount, and the band in which nothing alarms.</summary>
public sealed record Expectation(double Amount, double Low, double High);

/// <summary>All that was found out about one service.</summary>
/// <param name="Expected">One a day; null where there was too little past.</param>
/// <param name="Ahead">What is expected on the days after the last; empty where there was too little past.</param>
public sealed record Detection(IReadOnlyList<Episode> Episodes, IReadOnlyList<Expectation?> Expected, IReadOnlyList<double> Ahead);
