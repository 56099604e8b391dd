using System.Text.Json.Serialization;
using Plumb.Cost.Spending;

namespace Plumb.Cost.Judging;

/// <summary>Everything that a verdict on a bill rests on: the table, what was asked, and when.</summary>
public sealed record CostEvidence(
    string Source, string Format, string? Currency, DateOnly FirstDay, int Days, IReadOnlyList<SpendSeries> Series, IReadOnlyList<DateOnly> Estimated, long Rows,
    CostOptions Options, DateTimeOffset StartedAt, DateTimeOffset Now)
{
    /// <summary>A bill of more amounts than this is not kept: it would be megabytes a run.</summary>
    public const int MaxAmounts = 50_000;

    /// <summary>Null for a bill that is too large to keep.</summary>
    public static CostEvidence? Of(SpendTable table, CostOptions options, DateTimeOffset startedAt, DateTimeOffset now) => (long)table.Series.Count * table.Days > MaxAmounts ? null
        : new(table.Source, table.Format, table.Currency, table.FirstDay, table.Days, table.Series, [.. table.Estimated.Order()], table.Rows, options, startedAt, now);

    /// <summary>The verdict as this version of the program makes it.</summary>
    public CostReport Judge() => CostJudge.Judge(new SpendTable(Source, Format, Currency, FirstDay, Days, Series, Estimated.ToHashSet(), Rows), Options, StartedAt, Now);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(CostEvidence))]
public sealed partial class CostEvidenceJson : JsonSerializerContext;
