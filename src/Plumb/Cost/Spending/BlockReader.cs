using System.Text;
using Plumb.Core;

namespace Plumb.Cost.Spending;

/// <summary>
/// Cuts a stream into blocks that end where a record ends. A newline ends a record when the quotes before it are even in number, and counting quotes is much
/// faster than reading cells.
/// </summary>
internal sealed class BlockReader(Stream stream, int blockBytes)
{
    private readonly byte[] _rest = new byte[blockBytes];
    private int _restLength;
    private long _line = 1;
    private bool _ended;

    /// <summary>The names of the columns.</summary>
    public Result<string[]> Header(string source)
    {
        var length = stream.ReadAtLeast(_rest, _rest.Length, throwOnEndOfStream: false);
        _restLength = length;
        _ended = length < _rest.Length;
        var start = _rest.AsSpan(0, length).StartsWith("\uFEFF"u8) ? 3 : 0;
        var newline = _rest.AsSpan(start, length - start).IndexOf((byte)'\n');
        var end = newline >= 0 ? start + newline : length;
        var text = Encoding.UTF8.GetString(_rest, start, end - start).Trim();
        if (text.Length == 0)
        {
            return new Problem($"{source}:1: there is no header: the file is empty", "Give a CSV whose first line names its columns");
        }
        Drop(Math.Min(length, end + 1));
        _line = 2;
        return text.Split(',').Select(name => name.Trim().Trim('"')).ToArray();
    }

    /// <summary>Fills a block; false at the end of the stream.</summary>
    public Result<bool> Next(CsvBlock block, string source)
    {
        _rest.AsSpan(0, _restLength).CopyTo(block.Bytes);
        var length = _restLength;
        if (!_ended)
        {
            var read = stream.ReadAtLeast(block.Bytes.AsSpan(length), block.Bytes.Length - length, throwOnEndOfStream: false);
            _ended = read < block.Bytes.Length - length;
            length += read;
        }
        var end = _ended ? length : RecordsEnd(block.Bytes.AsSpan(0, length));
        if (end < 0)
        {
            return new Problem($"{source}:{_line}: a row is longer than {blockBytes >> 10} KiB, or a quote is not closed", "Look at that line; the file may be damaged");
        }
        _restLength = length - end;
        block.Bytes.AsSpan(end, _restLength).CopyTo(_rest);
        (block.Length, block.FirstLine) = (end, _line);
        _line += block.Bytes.AsSpan(0, end).Count((byte)'\n');
        return end > 0;
    }

    private static int RecordsEnd(ReadOnlySpan<byte> bytes)
    {
        var quotes = bytes.Count((byte)'"');
        for (var end = bytes.LastIndexOf((byte)'\n'); end >= 0; end = bytes[..end].LastIndexOf((byte)'\n'))
        {
            if ((quotes - bytes[(end + 1)..].Count((byte)'"')) % 2 == 0)
            {
                return end + 1;
            }
        }
        return -1;
    }

    private void Drop(int count)
    {
        _restLength -= count;
        _rest.AsSpan(count, _restLength).CopyTo(_rest);
    }
}
