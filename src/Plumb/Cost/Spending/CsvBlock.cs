namespace Plumb.Cost.Spending;

/// <summary>A piece of a CSV that begins at the start of a record and ends at the end of one.</summary>
internal sealed class CsvBlock(byte[] bytes)
{
    public byte[] Bytes { get; } = bytes;

    public int Length { get; set; }

    /// <summary>The line of the file that it begins in, from 1.</summary>
    public long FirstLine { get; set; }
}

/// <summary>Where a cell stands in its block; without its quotes.</summary>
internal readonly struct CsvCell(int start, int length, bool hasEscapes) : IEquatable<CsvCell>
{
    public int Start { get; } = start;

    public int Length { get; } = length;

    /// <summary>It holds doubled quotes, which stand for single ones.</summary>
    public bool HasEscapes { get; } = hasEscapes;

    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> block) => block.Slice(Start, Length);

    public bool Equals(CsvCell other) => (Start, Length, HasEscapes) == (other.Start, other.Length, other.HasEscapes);

    public override bool Equals(object? obj) => obj is CsvCell other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Start, Length);
}

/// <summary>Walks through the records of a block (RFC 4180; lines end with LF or CRLF). It copies nothing.</summary>
internal ref struct CsvCursor(ReadOnlySpan<byte> block)
{
    private readonly ReadOnlySpan<byte> _block = block;
    private int _at;

    public readonly int Position => _at;

    /// <summary>Reads the next record.</summary>
    /// <param name="wanted">For each column the place in <paramref name="cells"/>, or −1.</param>
    /// <returns>How many columns it has; 0 at the end of the block; −1 when a quote is not closed.</returns>
    public int Next(ReadOnlySpan<sbyte> wanted, Span<CsvCell> cells)
    {
        while (_at < _block.Length && _block[_at] is (byte)'\n' or (byte)'\r')
        {
            _at++;
        }
        if (_at >= _block.Length)
        {
            return 0;
        }
        for (var column = 0; ; column++)
        {
            if (!Cell(out var cell))
            {
                return -1;
            }
            if (column < wanted.Length && wanted[column] >= 0)
            {
                cells[wanted[column]] = cell;
            }
            if (_at >= _block.Length || _block[_at] == (byte)'\n')
            {
                _at++;
                return column + 1;
            }
            _at++;
        }
    }

    private bool Cell(out CsvCell cell)
    {
        if (_at < _block.Length && _block[_at] == (byte)'"')
        {
            return Quoted(out cell);
        }
        var rest = _block[_at..];
        var length = rest.IndexOfAny((byte)',', (byte)'\n');
        length = length < 0 ? rest.Length : length;
        var isLast = length == rest.Length || rest[length] == (byte)'\n';
        cell = new CsvCell(_at, isLast && length > 0 && rest[length - 1] == (byte)'\r' ? length - 1 : length, false);
        _at += length;
        return true;
    }

    private bool Quoted(out CsvCell cell)
    {
        var (start, hasEscapes) = (++_at, false);
        while (true)
        {
            var quote = _block[_at..].IndexOf((byte)'"');
            if (quote < 0)
            {
                cell = default;
                return false;
            }
            _at += quote + 1;
            if (_at < _block.Length && _block[_at] == (byte)'"')
            {
                (hasEscapes, _at) = (true, _at + 1);
                continue;
            }
            cell = new CsvCell(start, _at - 1 - start, hasEscapes);
            if (_at < _block.Length && _block[_at] == (byte)'\r')
            {
                _at++;
            }
            return _at >= _block.Length || _block[_at] is (byte)',' or (byte)'\n';
        }
    }
}
