using Plumb.Core;

namespace Plumb.Cost.Spending;

/// <summary>The columns that a row of spend is read from.</summary>
internal enum Slot
{
    Date = 0,
    Cost = 1,
    Service = 2,
    Account = 3,
    Region = 4,
    UsageType = 5,
    Tag = 6,
    Currency = 7,
    Invoice = 8,
}

/// <summary>How a header is read: which of its columns stand where.</summary>
/// <param name="Columns">For each <see cref="Slot"/> its column, or −1.</param>
/// <param name="TagKey">The key to look up where the tag column holds a JSON object of all tags.</param>
/// <param name="IsOrdered">One row a day and service, in order: anything else is a mistake in the file.</param>
internal sealed record SpendFormat(string Name, int[] Columns, int ColumnCount, string? TagKey, bool IsOrdered)
{
    public const int Slots = 9;

    private const int ColumnsShown = 8;

    /// <summary>The names of the columns by slot, the first that a header has counts. CUR comes as CSV with slashes and, from Athena, with underscores.</summary>
    private static readonly string[][] Focus =
        [["ChargePeriodStart"], ["BilledCost"], ["ServiceName"], ["SubAccountId"], ["RegionId", "Region"], ["x_UsageType", "SkuId"], ["Tags"], ["BillingCurrency"], []];

    private static readonly string[][] Cur =
    [
        ["lineItem/UsageStartDate", "line_item_usage_start_date"], ["lineItem/UnblendedCost", "line_item_unblended_cost"],
        ["product/ProductName", "product_product_name", "lineItem/ProductCode", "line_item_product_code"], ["lineItem/UsageAccountId", "line_item_usage_account_id"],
        ["product/region", "product_region", "product/regionCode", "product_region_code"], ["lineItem/UsageType", "line_item_usage_type"], [],
        ["lineItem/CurrencyCode", "line_item_currency_code"], ["bill/InvoiceId", "bill_invoice_id"],
    ];

    private static readonly string[][] Generic = [["date", "day"], ["cost", "amount"], ["service"], ["account"], ["region"], ["usage_type"], ["tag"], ["currency"], []];

    public bool Has(Slot slot) => Columns[(int)slot] >= 0;

    /// <summary>Tells the format from the header.</summary>
    /// <param name="tag">The tag to split by; null for none.</param>
    /// <param name="effective">FOCUS has two costs; true takes EffectiveCost, which spreads what was paid in advance.</param>
    public static Result<SpendFormat> Of(string[] header, string source, string? tag, bool effective)
    {
        if (Array.Exists(header, name => name is "BilledCost" or "EffectiveCost" or "ChargePeriodStart"))
        {
            string[][] names = effective ? [Focus[0], ["EffectiveCost"], .. Focus[2..]] : Focus;
            return Map("FOCUS", names, header, source, tag, isOrdered: false, tagsAreJson: true);
        }
        if (Array.Exists(header, name => name.StartsWith("lineItem/", StringComparison.Ordinal) || name.StartsWith("line_item_", StringComparison.Ordinal)))
        {
            string[][] names = tag is null ? Cur : [.. Cur[..(int)Slot.Tag], [$"resourceTags/user:{tag}", $"resource_tags_user_{tag.ToLowerInvariant()}"], .. Cur[((int)Slot.Tag + 1)..]];
            return Map("AWS CUR", names, header, source, tag, isOrdered: false, tagsAreJson: false);
        }
        return Map("date,service,cost", Generic, header, source, tag, isOrdered: true, tagsAreJson: false);
    }

    private static Result<SpendFormat> Map(string name, string[][] names, string[] header, string source, string? tag, bool isOrdered, bool tagsAreJson)
    {
        var columns = Array.ConvertAll(names, candidates => candidates.Select(candidate => Array.FindIndex(header, column => column.Equals(candidate, StringComparison.OrdinalIgnoreCase)))
            .FirstOrDefault(column => column >= 0, -1));
        foreach (var slot in (Slot[])[Slot.Date, Slot.Cost, Slot.Service])
        {
            if (columns[(int)slot] < 0)
            {
                var shown = string.Join(',', header.Take(ColumnsShown)) + (header.Length > ColumnsShown ? ",…" : "");
                return new Problem($"{source}:1: the column {names[(int)slot][0]} is missing; read as {name}, the header is '{shown}'",
                    "Export it again with that column. Known are FOCUS, AWS CUR, and a CSV with the columns date,service,cost");
            }
        }
        if (tag is not null && columns[(int)Slot.Tag] < 0)
        {
            return new Problem($"{source}:1: there is no column for the tag '{tag}'", $"Export it again with tags{(name == "AWS CUR" ? $" (resourceTags/user:{tag})" : "")}, or leave --tag out");
        }
        if (tag is null && tagsAreJson)
        {
            columns[(int)Slot.Tag] = -1;
        }
        return new SpendFormat(name, columns, header.Length, tagsAreJson ? tag : null, isOrdered);
    }
}
