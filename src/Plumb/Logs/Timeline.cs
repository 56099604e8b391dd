namespace Plumb.Logs;

/// <summary>Why a line stands in a request's timeline.</summary>
public enum Belonging
{
    /// <summary>It carries the request's id in a field for it.</summary>
    ById,

    /// <summary>The id stands in its text; the line itself belongs to something else, or to nothing.</summary>
    Mention,

    /// <summary>It has no id; evidence says that it belongs here, with a stated confidence.</summary>
    Adopted,
}

/// <summary>One line of a request.</summary>
/// <param name="At">Its time, corrected for the skew of its source's clock.</param>
/// <param name="Stated">The time as the line states it.</param>
/// <param name="Line">The first byte of the line in the source.</param>
/// <param name="Event">Its event, or its text where it names none.</param>
/// <param name="Confidence">0 to 1, of an adopted line.</param>
/// <param name="Why">Of an adopted line: what speaks for it.</param>
public sealed record TimelineLine(
    DateTimeOffset At, DateTimeOffset? Stated, string Service, string? Pod, string Source, long Line, string Level, string Event, string Text,
    Belonging Belonging, double? Confidence = null, string? Why = null);

/// <summary>An event that the others of this kind have.</summary>
/// <param name="After">The event of the same service that it follows, where that is what shows that it is missing.</param>
/// <param name="Share">The share of the compared requests that have it.</param>
/// <param name="Compared">Requests that it was learnt from.</param>
public sealed record MissingEvent(string Service, string Event, string? After, double Share, long Compared);

/// <summary>How far a source's clock is ahead of the clock of the service that called it, from cause before effect.</summary>
/// <param name="EstimateMs">The correction that was applied; 0 where the clocks may be equal.</param>
/// <param name="LowMs">No request allows less.</param>
/// <param name="HighMs">No request allows more.</param>
/// <param name="Requests">Requests that it was estimated from.</param>
public sealed record ClockSkew(string Source, string Reference, double EstimateMs, double LowMs, double HighMs, long Requests);

/// <summary>One request's whole path.</summary>
public sealed record Timeline(string Id, IReadOnlyList<TimelineLine> Lines, IReadOnlyList<MissingEvent> Missing, IReadOnlyList<ClockSkew> Skews)
{
    public TimeSpan Duration => Lines.Count == 0 ? TimeSpan.Zero : Lines[^1].At - Lines[0].At;

    public IEnumerable<string> Services => Lines.Where(line => line.Belonging != Belonging.Mention).Select(line => line.Service).Distinct();
}

/// <summary>Every byte that was read, and what became of it: parsed + adopted + rejected = total.</summary>
/// <param name="InTraces">Of the parsed lines those with an id.</param>
/// <param name="Rejected">Neither a time nor an id can be read: empty lines, binary data, other people's output.</param>
public sealed record Accounting(long Lines, long Bytes, long Parsed, long ParsedBytes, long InTraces, long Adopted, long AdoptedBytes, long Rejected, long RejectedBytes)
{
    public static readonly Accounting None = new(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>True when nothing was lost.</summary>
    public bool IsComplete => Parsed + Adopted + Rejected == Lines && ParsedBytes + AdoptedBytes + RejectedBytes == Bytes;
}
