namespace Plumb.Cost.Spending;

/// <summary>What money was spent on. Parts that the source does not tell are empty.</summary>
public sealed record SpendKey(string Service, string Account = "", string Region = "", string UsageType = "", string Tag = "");

/// <summary>What one key cost on each day of the table, exactly as billed.</summary>
public sealed record SpendSeries(SpendKey Key, decimal[] Amounts);

/// <summary>
/// Daily spend, the one table that every source becomes: a day without a row is a day of 0, and amounts are added as decimals, so that nothing is lost to rounding.
/// </summary>
/// <param name="Source">What a person can ask again: a path, or an endpoint.</param>
/// <param name="Format">FOCUS, AWS CUR, …</param>
/// <param name="Currency">Null when the source names none.</param>
/// <param name="Estimated">Days whose amounts the source still calls estimates.</param>
/// <param name="Rows">Rows of the source.</param>
public sealed record SpendTable(
    string Source, string Format, string? Currency, DateOnly FirstDay, int Days, IReadOnlyList<SpendSeries> Series, IReadOnlySet<DateOnly> Estimated, long Rows)
{
    /// <summary>When the source was asked, where that is not now.</summary>
    public DateTimeOffset? AskedAt { get; init; }

    public DateOnly LastDay => FirstDay.AddDays(Days - 1);

    /// <summary>Service by service, all keys of it together, the most expensive first.</summary>
    public IReadOnlyList<ServiceSpend> Services() =>
    [
        .. Series.GroupBy(series => series.Key.Service, StringComparer.Ordinal).Select(group => new ServiceSpend(group.Key, Sum(group), [.. group]))
            .OrderByDescending(service => service.Amounts.Sum()).ThenBy(service => service.Name, StringComparer.Ordinal),
    ];

    private decimal[] Sum(IEnumerable<SpendSeries> series)
    {
        var sum = new decimal[Days];
        foreach (var one in series)
        {
            for (var day = 0; day < Days; day++)
            {
                sum[day] += one.Amounts[day];
            }
        }
        return sum;
    }
}

/// <summary>One service's daily spend, and what it is made of.</summary>
public sealed record ServiceSpend(string Name, decimal[] Amounts, IReadOnlyList<SpendSeries> Parts);
