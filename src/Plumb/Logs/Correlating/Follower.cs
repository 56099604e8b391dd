using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Correlating;

/// <summary>The lines of one request as they are written, from files that grow.</summary>
public sealed class Follower(IReadOnlyList<LogSource> sources, IdForms id, TimeProvider time)
{
    private const int MostWaiting = 1_000;
    private const int LongestLine = 1 << 20;

    /// <summary>Ends only when it is cancelled.</summary>
    public async IAsyncEnumerable<TimelineLine> LinesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var lines = Channel.CreateBounded<TimelineLine>(MostWaiting);
        // From where the search ended, so that no line is missed in between.
        var readers = sources.Select(source => ReadAsync(source, new TailStream(source.Path, source.Bytes, time), lines.Writer, cancellation)).ToArray();
        _ = Task.WhenAll(readers).ContinueWith(done => lines.Writer.TryComplete(done.Exception?.InnerException), TaskScheduler.Default);
        await foreach (var line in lines.Reader.ReadAllAsync(cancellation))
        {
            yield return line;
        }
    }

    private async Task ReadAsync(LogSource source, TailStream stream, ChannelWriter<TimelineLine> lines, CancellationToken cancellation)
    {
        await using var file = stream;
        var scanner = new LineScanner(time.GetUtcNow());
        var pipe = PipeReader.Create(file);
        var offset = source.Bytes;
        while (true)
        {
            var read = await pipe.ReadAsync(cancellation);
            var rest = read.Buffer;
            while (rest.PositionOf((byte)'\n') is { } newline)
            {
                var line = rest.Slice(0, newline).ToArray();
                if (Find(line, scanner, source, offset) is { } found)
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
        }
    }

    private TimelineLine? Find(byte[] line, LineScanner scanner, LogSource source, long offset)
    {
        for (var at = 0; id.Needle.IndexIn(line, at) is >= 0 and var found; at = found + id.Needle.Length)
        {
            if (id.StandsBefore(line, found + id.Needle.Length))
            {
                var fields = new LineFields();
                scanner.Scan(line, Wanted.Grouping | Wanted.Everything, ref fields);
                var ticks = fields.Ticks > 0 ? fields.Ticks : time.GetUtcNow().UtcTicks;
                return LineText.Of(line, in fields, source, offset, ticks, fields.HasTrace && fields.Trace.Matches(id.Key) ? Belonging.ById : Belonging.Mention);
            }
        }
        return null;
    }
}
