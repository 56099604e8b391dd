using Plumb.Core;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Correlating;

/// <summary>The evidence about one id: what was read, and what was found.</summary>
/// <param name="Timeline">Null when the id stands nowhere.</param>
/// <param name="Accounting">Of the part around the request that was read line by line.</param>
/// <param name="BytesSearched">Every byte of every source was searched for the id.</param>
/// <param name="Nearest">Ids that look like the one that was asked for, when that stands nowhere.</param>
public sealed record Correlation(
    string Id, Timeline? Timeline, Accounting Accounting, long BytesSearched, bool Truncated, IReadOnlyList<string> Nearest,
    IReadOnlyList<LogSource> Sources, IReadOnlyList<string> Skipped, IReadOnlyList<string> Limits);
