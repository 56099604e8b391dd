using System.Text;
using System.Threading.Channels;
using Plumb.Core;

namespace Plumb.Cost.Spending;

/// <summary>
/// Reads a bill as CSV: FOCUS 1.0, AWS CUR, or date,service,cost; which one is told from the header. One thread reads and cuts the file into blocks at the ends
/// of records, others add up, each for itself. The file is never in memory as a whole.
/// </summary>
public static class SpendReader
{
    private const int BlockBytes = 1 << 20;
    private const int BlocksInFlight = 6;

    /// <param name="source">What problems and the report call it.</param>
    /// <param name="tag">The tag to split by; null for none.</param>
    /// <param name="effective">FOCUS: EffectiveCost instead of BilledCost.</param>
    public static async Task<Result<SpendTable>> ReadAsync(Stream stream, string source, string? tag, bool effective, CancellationToken cancellation)
    {
        try
        {
            var blocks = new BlockReader(stream, BlockBytes);
            var header = blocks.Header(source);
            if (!header.IsOk)
            {
                return header.Problem;
            }
            var format = SpendFormat.Of(header.Value, source, tag, effective);
            return format.IsOk ? await AddUpAsync(blocks, format.Value, source, cancellation) : format.Problem;
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return new Problem($"{source}: the file is cut off or damaged: {error.Message.TrimEnd('.')}", "Fetch it again; a part of a bill is not judged");
        }
    }

    private static async Task<Result<SpendTable>> AddUpAsync(BlockReader blocks, SpendFormat format, string source, CancellationToken cancellation)
    {
        // What has to stand in order is read by one thread.
        var workers = format.IsOrdered ? 1 : Math.Clamp(Environment.ProcessorCount, 1, 4);
        var full = Channel.CreateBounded<CsvBlock>(BlocksInFlight);
        var free = Channel.CreateBounded<CsvBlock>(BlocksInFlight);
        for (var i = 0; i < BlocksInFlight; i++)
        {
            free.Writer.TryWrite(new CsvBlock(new byte[BlockBytes]));
        }
        var rows = Enumerable.Range(0, workers).Select(_ => new SpendRows(format, source)).ToArray();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var adding = rows.Select(own => Task.Run(() => AddAsync(own, full.Reader, free.Writer, stop), cancellation)).ToArray();
        Problem? cut = null;
        try
        {
            while (await free.Reader.ReadAsync(stop.Token) is var block)
            {
                var read = blocks.Next(block, source);
                if (!read.IsOk)
                {
                    cut = read.Problem;
                    break;
                }
                if (!read.Value)
                {
                    break;
                }
                await full.Writer.WriteAsync(block, stop.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // A row could not be read; which one, its worker knows.
        }
        finally
        {
            full.Writer.Complete();
            await Task.WhenAll(adding);
        }
        cancellation.ThrowIfCancellationRequested();
        var broken = rows.Select(own => own.Broken).OfType<(long Line, Problem Problem)>().OrderBy(own => own.Line).Select(own => own.Problem).FirstOrDefault();
        return (broken ?? cut) is { } problem ? problem : Together(rows, format, source);
    }

    private static async Task AddAsync(SpendRows rows, ChannelReader<CsvBlock> full, ChannelWriter<CsvBlock> free, CancellationTokenSource stop)
    {
        await foreach (var block in full.ReadAllAsync(CancellationToken.None))
        {
            if (rows.Broken is null && !rows.Add(block))
            {
                await stop.CancelAsync();
            }
            await free.WriteAsync(block, CancellationToken.None);
        }
    }

    private static Result<SpendTable> Together(SpendRows[] rows, SpendFormat format, string source)
    {
        var currencies = rows.Select(own => own.Currency).Where(currency => currency.Length > 0).Distinct().Order(StringComparer.Ordinal).ToArray();
        if (currencies.Length > 1)
        {
            return new Problem($"{source}: amounts in {string.Join(" and ", currencies)} cannot be added up", "Give one file for each currency");
        }
        var days = rows.SelectMany(own => own.DayNumbers).ToHashSet();
        if (days.Count == 0)
        {
            return new SpendTable(source, format.Name, null, default, 0, [], new HashSet<DateOnly>(), 0);
        }
        var (first, count) = (days.Min(), days.Max() - days.Min() + 1);
        var series = new Dictionary<SpendKey, decimal[]>();
        foreach (var (key, day, amount) in rows.SelectMany(own => own.Sums()))
        {
            if (!series.TryGetValue(key, out var amounts))
            {
                series[key] = amounts = new decimal[count];
            }
            amounts[day - first] += amount;
        }
        return new SpendTable(source, format.Name, currencies.FirstOrDefault(), DateOnly.FromDayNumber(first), count,
            [.. series.Select(one => new SpendSeries(one.Key, one.Value))], rows.SelectMany(own => own.Estimated).ToHashSet(), rows.Sum(own => own.Rows));
    }
}
