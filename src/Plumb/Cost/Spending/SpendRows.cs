using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Plumb.Core;

namespace Plumb.Cost.Spending;

/// <summary>What one reader has added up so far. Each thread has its own; they are put together at the end.</summary>
internal sealed class SpendRows(SpendFormat format, string source)
{
    private const int Dimensions = 5;
    private const int DateLength = 10;

    /// <summary>More different combinations than this are not a bill by service but a list of resources; memory has to end somewhere.</summary>
    private const int MostKeys = 200_000;
    private const int MostDays = 3660;

    private readonly TextPool[] _pools = [new(), new(), new(), new(), new()];
    private readonly Dictionary<(int, int, int, int, int), int> _index = [];
    private readonly List<((int, int, int, int, int) Key, decimal[] Amounts)> _sums = [];
    private readonly Dictionary<int, int> _dayIndex = [];
    private readonly List<int> _days = [];
    private readonly HashSet<int> _estimated = [];
    private readonly Dictionary<int, (int Day, long Line)> _lastOfService = [];
    private readonly sbyte[] _wanted = Wanted(format);
    private readonly CsvCell[] _cells = new CsvCell[SpendFormat.Slots];
    private byte[] _currency = [];
    private ulong _lastDate;
    private int _lastDay = -1;

    public long Rows { get; private set; }

    /// <summary>The first thing that could not be read, and the line it stands in.</summary>
    public (long Line, Problem Problem)? Broken { get; private set; }

    public string Currency => Encoding.UTF8.GetString(_currency);


    public IEnumerable<DateOnly> Estimated => _estimated.Select(DateOnly.FromDayNumber);

    /// <summary>Everything that was added up, key by key.</summary>
    public IEnumerable<(SpendKey Key, int Day, decimal Amount)> Sums()
    {
        foreach (var ((service, account, region, usage, tag), amounts) in _sums)
        {
            var key = new SpendKey(_pools[0][service], _pools[1][account], _pools[2][region], _pools[3][usage], _pools[4][tag]);
            for (var day = 0; day < Math.Min(amounts.Length, _days.Count); day++)
            {
                if (amounts[day] != 0)
                {
                    yield return (key, _days[day], amounts[day]);
                }
            }
        }
    }

    /// <summary>Every day that has a row, also one whose rows add up to nothing.</summary>
    public IReadOnlyList<int> DayNumbers => _days;

    /// <summary>Adds a block's rows; false when one could not be read.</summary>
    public bool Add(CsvBlock block)
    {
        var bytes = block.Bytes.AsSpan(0, block.Length);
        var cursor = new CsvCursor(bytes);
        while (true)
        {
            var start = cursor.Position;
            var columns = cursor.Next(_wanted, _cells);
            if (columns == 0)
            {
                return true;
            }
            if (Row(bytes, columns) is { } wrong)
            {
                // Lines are counted only when one is needed.
                while (start < bytes.Length && bytes[start] is (byte)'\n' or (byte)'\r')
                {
                    start++;
                }
                var line = block.FirstLine + bytes[..start].Count((byte)'\n');
                Broken = (line, new Problem($"{source}:{line}: {wrong.What}", wrong.Remedy));
                return false;
            }
            Rows++;
            if (format.IsOrdered && Ordered(block.FirstLine + bytes[..start].Count((byte)'\n')) is { } disorder)
            {
                Broken = disorder;
                return false;
            }
        }
    }

    private Problem? Row(ReadOnlySpan<byte> bytes, int columns)
    {
        if (columns != format.ColumnCount)
        {
            return columns < 0
                ? new Problem("a quote is opened and not closed: the file is cut off or damaged", "Fetch it again")
                : new Problem($"the row has {columns} of {format.ColumnCount} columns: the file is cut off or damaged", "Fetch it again");
        }
        if (!Day(Cell(bytes, Slot.Date), out var day))
        {
            return new Problem($"'{Shown(bytes, Slot.Date)}' is no date", "Dates begin with year-month-day: 2026-03-01");
        }
        var text = Cell(bytes, Slot.Cost);
        if (!Utf8Parser.TryParse(text, out decimal amount, out var used) || used != text.Length || text.Length == 0)
        {
            return new Problem($"the cost '{Shown(bytes, Slot.Cost)}' is no number", "An amount is written like 12.345; a row without one cannot be added up");
        }
        if (format.Has(Slot.Currency) && !Cell(bytes, Slot.Currency).SequenceEqual(_currency))
        {
            if (_currency.Length > 0)
            {
                return new Problem($"{Shown(bytes, Slot.Currency)} after {Currency}: amounts of different currencies cannot be added up", "Give one file for each currency");
            }
            _currency = Cell(bytes, Slot.Currency).ToArray();
        }
        if (format.Has(Slot.Invoice) && Cell(bytes, Slot.Invoice).IsEmpty)
        {
            _estimated.Add(day);
        }
        return Put(bytes, day, amount);
    }

    private Problem? Put(ReadOnlySpan<byte> bytes, int day, decimal amount)
    {
        var key = (Id(bytes, Slot.Service), Id(bytes, Slot.Account), Id(bytes, Slot.Region), Id(bytes, Slot.UsageType), format.TagKey is null ? Id(bytes, Slot.Tag) : Tag(bytes));
        ref var place = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_index, key, out var known);
        if (!known)
        {
            if (_sums.Count == MostKeys)
            {
                return new Problem($"more than {MostKeys} different combinations of service, account, region, usage type and tag", "Leave --tag out, or give a file that is added up by these");
            }
            place = _sums.Count;
            _sums.Add((key, new decimal[Math.Max(8, _days.Count)]));
        }
        if (!_dayIndex.TryGetValue(day, out var index))
        {
            if (_days.Count == MostDays)
            {
                return new Problem($"more than {MostDays} days", "Give a part of them");
            }
            _dayIndex[day] = index = _days.Count;
            _days.Add(day);
        }
        var amounts = _sums[place].Amounts;
        if (index >= amounts.Length)
        {
            Array.Resize(ref amounts, Math.Max(index + 1, amounts.Length * 2));
            _sums[place] = (key, amounts);
        }
        amounts[index] += amount;
        _lastPut = (key.Item1, day);
        return null;
    }

    private (int Service, int Day) _lastPut;

    /// <summary>In a file with one row a day and service, a day that stands twice or goes back is a mistake that would be counted as money.</summary>
    private (long, Problem)? Ordered(long line)
    {
        var (service, day) = _lastPut;
        if (format.Has(Slot.Account) || format.Has(Slot.Region) || format.Has(Slot.UsageType) || format.Has(Slot.Tag))
        {
            return null;
        }
        if (_lastOfService.TryGetValue(service, out var before) && before.Day >= day)
        {
            var (now, then, name) = (DateOnly.FromDayNumber(day), DateOnly.FromDayNumber(before.Day), _pools[0][service]);
            return (line, before.Day == day
                ? new Problem(string.Create(CultureInfo.InvariantCulture, $"{source}:{line}: {now:yyyy-MM-dd} of {name} stands twice, first in line {before.Line}"), "Give each day of a service once")
                : new Problem(string.Create(CultureInfo.InvariantCulture, $"{source}:{line}: {now:yyyy-MM-dd} of {name} comes after {then:yyyy-MM-dd} (line {before.Line})"), "Sort the rows by date"));
        }
        _lastOfService[service] = (day, line);
        return null;
    }

    private ReadOnlySpan<byte> Cell(ReadOnlySpan<byte> bytes, Slot slot) => _cells[(int)slot].In(bytes);

    private string Shown(ReadOnlySpan<byte> bytes, Slot slot)
    {
        const int most = 40;
        var text = Encoding.UTF8.GetString(Cell(bytes, slot));
        return text.Length > most ? text[..most] + "…" : text;
    }

    private int Id(ReadOnlySpan<byte> bytes, Slot slot)
    {
        if (!format.Has(slot))
        {
            return _pools[(int)slot - (int)Slot.Service].Of([]);
        }
        var text = Cell(bytes, slot);
        return _pools[(int)slot - (int)Slot.Service].Of(_cells[(int)slot].HasEscapes ? Encoding.UTF8.GetBytes(Unescaped(text)) : text.SequenceEqual("NULL"u8) ? [] : text);
    }

    private static string Unescaped(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text).Replace("\"\"", "\"", StringComparison.Ordinal);

    /// <summary>The value of the one tag that was asked for, out of the JSON object of all tags.</summary>
    private int Tag(ReadOnlySpan<byte> bytes)
    {
        var pool = _pools[Dimensions - 1];
        var text = Cell(bytes, Slot.Tag);
        if (text.IsEmpty || text.SequenceEqual("NULL"u8))
        {
            return pool.Of([]);
        }
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(Unescaped(text)));
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1 && reader.ValueTextEquals(format.TagKey) && reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    return pool.Of(Encoding.UTF8.GetBytes(reader.GetString()!));
                }
            }
        }
        catch (JsonException)
        {
            return pool.Of("(unreadable tags)"u8);
        }
        return pool.Of([]);
    }

    private bool Day(ReadOnlySpan<byte> text, out int day)
    {
        day = _lastDay;
        if (text.Length < DateLength || text[4] != (byte)'-' || text[7] != (byte)'-' || (text.Length > DateLength && text[DateLength] is not ((byte)'T' or (byte)' ')))
        {
            return false;
        }
        var packed = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(text[2..]);
        if (packed == _lastDate && _lastDay >= 0 && text[0] == (byte)'2' && text[1] == (byte)'0')
        {
            return true;
        }
        if (!DateOnly.TryParseExact(Encoding.ASCII.GetString(text[..DateLength]), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return false;
        }
        day = date.DayNumber;
        if (date.Year / 100 == 20)
        {
            (_lastDate, _lastDay) = (packed, day);
        }
        return true;
    }

    private static sbyte[] Wanted(SpendFormat format)
    {
        var wanted = new sbyte[format.ColumnCount];
        Array.Fill(wanted, (sbyte)-1);
        for (var slot = 0; slot < SpendFormat.Slots; slot++)
        {
            if (format.Columns[slot] >= 0)
            {
                wanted[format.Columns[slot]] = (sbyte)slot;
            }
        }
        return wanted;
    }
}
