using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Channels;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Correlating;

/// <summary>Finds one request's lines in a stream as they come.</summary>
internal sealed class FollowedStream(LogSource source, IdForms id, TimeProvider time)
{
    private const int LongestLine = 1 << 20;

    private readonly LineScanner _scanner = new(time.GetUtcNow());
    private readonly Timestamps _times = new(time.GetUtcNow());

    /// <summary>Of a pod's log: lines that Kubernetes stamped no later than this were shown already. Moves on with what is read; 0 takes every line.</summary>
    public long SeenTicks { get; set; }

    /// <summary>Reads until the stream ends.</summary>
    /// <param name="offset">Where in the source the stream begins.</param>
    public async Task ReadAsync(Stream stream, long offset, bool stamped, ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        var pipe = PipeReader.Create(stream);
        while (true)
        {
            var read = await pipe.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } newline)
            {
                var line = rest.Slice(0, newline).ToArray();
                if (IsNew(line, stamped) && Find(line, offset) is { } found)
                {
                    await lines.WriteAsync(found, cancellation);
                }
                offset += line.Length + 1;
                rest = rest.Slice(rest.GetPosition(1, newline));
            }
            if (rest.Length > LongestLine)
            {
                // Nobody waits for the end of a line that long.
                offset += rest.Length;
                rest = rest.Slice(rest.End);
            }
            pipe.AdvanceTo(rest.Start, rest.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private bool IsNew(ReadOnlySpan<byte> line, bool stamped)
    {
        if (!stamped || !_times.TryRead(line, out var ticks, out _, out _))
        {
            return true;
        }
        var isNew = ticks > SeenTicks;
        SeenTicks = Math.Max(SeenTicks, ticks);
        return isNew;
    }

    private TimelineLine? Find(ReadOnlySpan<byte> line, long offset)
    {
        for (var at = 0; id.Needle.IndexIn(line, at) is >= 0 and var found; at = found + id.Needle.Length)
        {
            if (id.StandsBefore(line, found + id.Needle.Length))
            {
                var fields = new LineFields();
                _scanner.Scan(line, Wanted.Grouping | Wanted.Everything, ref fields);
                var ticks = fields.Ticks > 0 ? fields.Ticks : time.GetUtcNow().UtcTicks;
                return LineText.Of(line, in fields, source, offset, ticks, fields.HasTrace && fields.Trace.Matches(id.Key) ? Belonging.ById : Belonging.Mention);
            }
        }
        return null;
    }
}
