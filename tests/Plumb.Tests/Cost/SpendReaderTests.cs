using System.IO.Compression;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Core;
using Plumb.Cost.Spending;
using Xunit;

namespace Plumb.Tests.Cost;

public sealed class SpendReaderTests
{
    private const string FocusHeader = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,SubAccountId,RegionId,Tags,ChargeDescription\n";

    private static Task<Result<SpendTable>> ReadAsync(string text, string? tag = null, bool effective = false) => ReadAsync(Encoding.UTF8.GetBytes(text), tag, effective);

    private static async Task<Result<SpendTable>> ReadAsync(byte[] bytes, string? tag = null, bool effective = false)
    {
        using var stream = new MemoryStream(bytes);
        return await SpendReader.ReadAsync(stream, "bill.csv", tag, effective, TestContext.Current.CancellationToken);
    }

    private static string Focus(int rows) => FocusHeader + string.Concat(Enumerable.Range(0, rows).Select(row =>
        $"\"0.10000000001\",0.09,USD,2026-03-{(row % 28) + 1:00}T00:00:00Z,Amazon EC2,111,eu-west-1,\"{{\"\"team\"\":\"\"{(row % 2 == 0 ? "red" : "blue")}\"\"}}\",\"a, b\"\"c\"\"\nd {row}\"\n"));

    [Fact]
    public async Task FOCUS_is_added_up_to_the_last_decimal_also_with_quoted_numbers_and_line_breaks_in_cells()
    {
        var table = (await ReadAsync(Focus(50_000))).Value!;
        Assert.Equal(("FOCUS", "USD", 50_000L, 28), (table.Format, table.Currency, table.Rows, table.Days));
        Assert.Equal(50_000 * 0.10000000001m, Assert.Single(table.Series).Amounts.Sum());
    }

    [Fact]
    public async Task EffectiveCost_and_a_tag_can_be_asked_for()
    {
        var table = (await ReadAsync(Focus(100), tag: "team", effective: true)).Value!;
        Assert.Equal(["blue", "red"], table.Series.Select(series => series.Key.Tag).Order());
        Assert.Equal(100 * 0.09m, table.Series.Sum(series => series.Amounts.Sum()));
    }

    [Fact]
    public async Task CUR_is_told_from_its_header_and_its_open_days_are_estimates()
    {
        var table = (await ReadAsync("bill/InvoiceId,lineItem/UsageStartDate,lineItem/UnblendedCost,lineItem/CurrencyCode,lineItem/ProductCode,lineItem/UsageType\n"
            + "9,2026-03-01T00:00:00Z,1.5,USD,AmazonEC2,Box\n9,2026-03-01T01:00:00Z,0.5,USD,AmazonEC2,Box\n,2026-03-02T00:00:00Z,1e-3,USD,AmazonEC2,Box\n")).Value!;
        Assert.Equal("AWS CUR", table.Format);
        Assert.Equal([2.0m, 0.001m], Assert.Single(table.Series).Amounts);
        Assert.Equal([new DateOnly(2026, 3, 2)], table.Estimated);
    }

    [Fact]
    public async Task Days_without_a_row_are_days_of_nothing() =>
        Assert.Equal([1, 0, 0, 2], (await ReadAsync("date,service,cost\n2026-03-01,s,1\n2026-03-04,s,2\n")).Value!.Series.Single().Amounts);

    [Theory]
    [InlineData("", "bill.csv:1:")]
    [InlineData("date,cost\n2026-03-01,1\n", "bill.csv:1: the column service is missing")]
    [InlineData("BilledCost,ServiceName\n1,EC2\n", "bill.csv:1: the column ChargePeriodStart is missing")]
    [InlineData("date,service,cost\n2026-03-01,s,1\n2026-03-02,s\n", "bill.csv:3: the row has 2 of 3 columns")]
    [InlineData("date,service,cost\n03/01/2026,s,1\n", "bill.csv:2: '03/01/2026' is no date")]
    [InlineData("date,service,cost\n2026-03-01,s,1.2.3\n", "bill.csv:2: the cost '1.2.3' is no number")]
    [InlineData("date,service,cost\n2026-03-01,s,\n", "bill.csv:2: the cost '' is no number")]
    [InlineData("date,service,cost\n2026-03-01,\"s,1\n", "bill.csv:2: a quote is opened and not closed")]
    [InlineData("date,service,cost,currency\n2026-03-01,s,1,USD\n2026-03-02,s,1,EUR\n", "bill.csv:3: EUR after USD")]
    [InlineData("date,service,cost\n2026-03-01,s,1\n2026-03-01,t,1\n2026-03-01,s,2\n", "bill.csv:4: 2026-03-01 of s stands twice, first in line 2")]
    [InlineData("date,service,cost\n2026-03-02,s,1\n2026-03-01,s,1\n", "bill.csv:3: 2026-03-01 of s comes after 2026-03-02 (line 2)")]
    public async Task What_cannot_be_read_is_named_with_its_line(string text, string problem) =>
        Assert.StartsWith(problem, (await ReadAsync(text)).Problem?.What, StringComparison.Ordinal);

    [Fact]
    public async Task The_line_of_a_wrong_row_is_right_deep_in_a_large_file()
    {
        var rows = string.Concat(Enumerable.Range(0, 60_000).Select(row => $"1,1,USD,2026-03-{(row % 28) + 1:00},s,1,r,,\"x\ny\"\n"));
        Assert.StartsWith("bill.csv:120002: the cost 'oops' is no number", (await ReadAsync(FocusHeader + rows + "oops,1,USD,2026-03-01,s,1,r,,z\n" + rows)).Problem?.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_truncated_gz_is_never_a_part_of_a_bill()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Focus(20_000)));
        }
        // The last eight bytes are a checksum, and the end mark before them holds no cell.
        foreach (var length in new[] { packed.Length - 64, packed.Length / 2, 30 })
        {
            await using var cut = new GZipStream(new MemoryStream(packed.ToArray()[..(int)length]), CompressionMode.Decompress);
            var read = await SpendReader.ReadAsync(cut, "bill.csv.gz", null, false, TestContext.Current.CancellationToken);
            Assert.False(read.IsOk, $"{length} of {packed.Length} bytes were read as a whole bill");
        }
    }

    [Fact]
    public void Any_cell_is_read_back_as_it_was_written()
    {
        var cells = Gen.Elements("EC2", "a,b", "say \"x\"", "two\nlines", "", "ü€", "\r", " ").ArrayOf().Where(names => names.Length > 0);
        Prop.ForAll(cells.ToArbitrary(), names =>
        {
            static string quoted(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            var text = "BilledCost,ChargePeriodStart,ServiceName,x\r\n" + string.Concat(names.Select(name => $"1,2026-03-01,{quoted(name)},{quoted(name)}\r\n"));
            var table = ReadAsync(text).GetAwaiter().GetResult().Value!;
            return table.Rows == names.Length && table.Series.Select(series => series.Key.Service).Order(StringComparer.Ordinal).SequenceEqual(names.Distinct().Order(StringComparer.Ordinal));
        }).QuickCheckThrowOnFailure();
    }
}
