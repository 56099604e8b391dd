using System.Globalization;

namespace Plumb.Platform.Storage;

/// <summary>What a service cost on a day, as it was judged.</summary>
public sealed record SeenAmount(DateOnly Day, string Service, decimal Amount);

/// <summary>What the last run saw of a bill, so that the next one can say what the provider restated.</summary>
public sealed class SeenSpend
{
    /// <summary>Bills that are remembered; the one that was not seen for the longest time is forgotten.</summary>
    public const int MaxSources = 50;

    /// <summary>Amounts of one bill that are remembered.</summary>
    public const int MaxAmounts = 20_000;

    private readonly StateStore _store;

    internal SeenSpend(StateStore store) => _store = store;

    /// <param name="source">The fingerprint of the bill.</param>
    /// <returns>When it was seen, and what; null for a bill that was not.</returns>
    public (DateTimeOffset At, IReadOnlyList<SeenAmount> Amounts)? Last(string source) => _store.Read(connection =>
        connection.Rows("SELECT seen_ms FROM bills WHERE source=$0", row => row.GetInt64(0), source) is not [var seen] ? ((DateTimeOffset, IReadOnlyList<SeenAmount>)?)null
            : (DateTimeOffset.FromUnixTimeMilliseconds(seen), connection.Rows("SELECT day, service, amount FROM spend WHERE source=$0",
                row => new SeenAmount(DateOnly.FromDayNumber(row.GetInt32(0)), row.GetString(1), decimal.Parse(row.GetString(2), CultureInfo.InvariantCulture)), source)));

    /// <summary>Replaces what is remembered of the bill.</summary>
    public void Save(string source, DateTimeOffset at, IEnumerable<SeenAmount> amounts) => _store.Write(connection =>
    {
        connection.Run("DELETE FROM bills WHERE source=$0", source);
        connection.Run("INSERT INTO bills(source, seen_ms) VALUES($0, $1)", source, at.ToUnixTimeMilliseconds());
        foreach (var one in amounts.Take(MaxAmounts))
        {
            connection.Run("INSERT INTO spend(source, day, service, amount) VALUES($0, $1, $2, $3)", source, one.Day.DayNumber, one.Service, one.Amount.ToString(CultureInfo.InvariantCulture));
        }
        return connection.Run("DELETE FROM bills WHERE source NOT IN (SELECT source FROM bills ORDER BY seen_ms DESC LIMIT $0)", MaxSources);
    });
}
