using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>One line near a line without an id.</summary>
/// <param name="Trace">Its request's number in the window; -1 when it has none.</param>
/// <param name="Tokens">Where its values begin in the window's list of values, and how many there are.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NearLine(int Trace, long Ticks, int Source, long Offset, int Step, int Tokens, int TokenCount, uint Thread);

/// <summary>A request with lines in the window.</summary>
internal sealed class NearTrace(TraceKey key)
{
    public TraceKey Key { get; } = key;

    public List<int> Lines { get; } = [];

    public long First { get; set; } = long.MaxValue;

    public long Last { get; set; } = long.MinValue;
}

/// <summary>All lines of all sources in a stretch of time, with their values, read again for the sake of the lines without an id in it.</summary>
internal sealed class AdoptionWindow(IReadOnlyList<LogSource> sources, SafeFileHandle[] handles, StepTable steps, ClockEstimate clocks, DateTimeOffset now)
{
    /// <summary>Lines of a window; where more are written in so short a time, the later ones are not looked at.</summary>
    public const int MostLines = 300_000;

    private readonly BlockReader _reader = new(sources, handles, steps, now);
    private readonly LineScanner _scanner = new(now);
    private readonly Block _block = new();
    private readonly List<uint> _tokens = [];
    private readonly Dictionary<ulong, int> _numbers = [];
    private readonly Dictionary<uint, List<int>> _holders = [];
    private readonly ulong[] _sought = new ulong[1024];
    private readonly byte[] _line = new byte[SourceLines.MostBytes];
    private bool _threads;
    private readonly Dictionary<long, int>?[] _places = new Dictionary<long, int>?[sources.Count];

    public List<NearLine> Lines { get; } = [];

    public List<NearTrace> Traces { get; } = [];

    /// <summary>The number of the line without an id that begins at a place; -1 when it lies outside.</summary>
    public int At(int source, long offset) => _places[source] is { } places && places.TryGetValue(offset, out var line) ? line : -1;

    public ReadOnlySpan<uint> TokensOf(in NearLine line) => CollectionsMarshal.AsSpan(_tokens).Slice(line.Tokens, line.TokenCount);

    /// <summary>The requests that have a value; none when nearly all do.</summary>
    public IReadOnlyList<int> Holders(uint token) => _holders.TryGetValue(token, out var holders) ? holders : [];

    /// <summary>Forgets what is older.</summary>
    public void Clear()
    {
        Lines.Clear();
        Traces.Clear();
        _tokens.Clear();
        _numbers.Clear();
        _holders.Clear();
        Array.Clear(_sought);
        _threads = false;
        foreach (var places in _places)
        {
            places?.Clear();
        }
    }

    /// <summary>Says whose request is sought: only values that stand in these lines are looked for in others.</summary>
    public void Seek(in Orphan orphan)
    {
        var length = RandomAccess.Read(handles[orphan.Source], _line.AsSpan(0, Math.Min(orphan.Length, _line.Length)), orphan.Offset);
        var text = _line.AsSpan(0, length);
        text = text.IndexOf((byte)'\n') is >= 0 and var newline ? text[..newline] : text;
        Span<uint> tokens = stackalloc uint[Tokens.MostOfLine];
        foreach (var token in tokens[..Tokens.Of(text, tokens)])
        {
            _sought[(token >> 6) % (uint)_sought.Length] |= 1UL << (int)(token & 63);
        }
        _threads |= Thread(text) != 0;
    }

    /// <summary>Adds the lines of a piece that lie in the stretch of time.</summary>
    public void Add(Piece piece, long end, long from, long to)
    {
        _reader.Read(piece, end, _block);
        Span<uint> tokens = stackalloc uint[Tokens.MostOfLine];
        foreach (ref readonly var record in _block.Lines)
        {
            var ticks = clocks.Correct(piece.Source, record.Ticks);
            if (ticks < from || ticks > to || record.Kind is not (LineKind.InTrace or LineKind.Orphan) || Lines.Count >= MostLines)
            {
                continue;
            }
            var text = _reader.Text(record);
            var count = Sought(tokens[..Tokens.Of(text, tokens)]);
            var trace = record.Kind == LineKind.InTrace ? Number(record.Trace) : -1;
            var thread = _threads ? Thread(text) : 0;
            var line = new NearLine(trace, ticks, piece.Source, _block.Offset + record.Start, record.Step, _tokens.Count, count, thread);
            _tokens.AddRange(tokens[..count]);
            Lines.Add(line);
            if (trace >= 0)
            {
                Enter(Lines.Count - 1, tokens[..count]);
            }
            else
            {
                (_places[piece.Source] ??= [])[line.Offset] = Lines.Count - 1;
            }
        }
    }

    /// <summary>Keeps the values that stand in a sought line, perhaps with a few others: those help nobody and harm nobody.</summary>
    /// <returns>How many.</returns>
    private int Sought(Span<uint> tokens)
    {
        var count = 0;
        foreach (var token in tokens)
        {
            if ((_sought[(token >> 6) % (uint)_sought.Length] & 1UL << (int)(token & 63)) != 0)
            {
                tokens[count++] = token;
            }
        }
        return count;
    }

    /// <summary>Makes a line without an id one of a request's lines, so that the next one is judged with it.</summary>
    public void Adopt(int line, int trace)
    {
        Lines[line] = Lines[line] with { Trace = trace };
        Enter(line, TokensOf(Lines[line]));
    }

    /// <summary>What a program calls the thread or the span says more than any time does. 0 when the line names none.</summary>
    private uint Thread(ReadOnlySpan<byte> line)
    {
        var fields = new LineFields();
        _scanner.Scan(line.TrimEnd("\r\n"u8), Wanted.Grouping | Wanted.Everything, ref fields);
        var word = fields.Span.IsEmpty ? fields.Thread : fields.Span;
        var hash = 0u;
        foreach (var letter in word)
        {
            hash = unchecked((hash ^ letter) * 0x01000193u);
        }
        return word.IsEmpty ? 0 : hash | 1;
    }

    private int Number(TraceKey key)
    {
        if (!_numbers.TryGetValue(key.Low, out var number))
        {
            _numbers[key.Low] = number = Traces.Count;
            Traces.Add(new NearTrace(key));
        }
        return number;
    }

    private void Enter(int line, ReadOnlySpan<uint> tokens)
    {
        var trace = Traces[Lines[line].Trace];
        trace.Lines.Add(line);
        trace.First = Math.Min(trace.First, Lines[line].Ticks);
        trace.Last = Math.Max(trace.Last, Lines[line].Ticks);
        foreach (var token in tokens)
        {
            ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_holders, token, out _);
            holders ??= [];
            if (holders.Count == 0 || !holders.Contains(Lines[line].Trace))
            {
                // What so many share tells nobody apart, and is not counted further.
                if (holders.Count < Adoption.MostHolders)
                {
                    holders.Add(Lines[line].Trace);
                }
            }
        }
    }
}
