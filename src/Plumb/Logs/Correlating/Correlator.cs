using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Correlating;

/// <summary>Collects the evidence about one id: searches every byte for it, and then reads the lines around it.</summary>
public sealed class Correlator(LogSources sources, IdForms id, DateTimeOffset now)
{
    public Correlation Run(CancellationToken cancellation)
    {
        var found = new IdSearch(sources.All, id).Run(cancellation);
        using var lines = new SourceLines(sources.All);
        var timeline = found.Lines.Count == 0 ? null : new Timeline(id.Text, [.. Read(found, lines).OrderBy(line => line.At)], [], []);
        return new Correlation(id.Text, timeline, Accounting.None, found.Bytes, found.Truncated, [], sources.All, sources.Skipped, []);
    }

    private List<TimelineLine> Read(Found found, SourceLines lines)
    {
        var scanner = new LineScanner(now);
        var read = new List<TimelineLine>();
        foreach (var (source, offset) in found.Lines)
        {
            var line = lines.At(source, offset);
            var fields = new LineFields();
            scanner.Scan(line, Wanted.Grouping | Wanted.Everything, ref fields);
            var belonging = fields.HasTrace && fields.Trace.Matches(id.Key) ? Belonging.ById : Belonging.Mention;
            read.Add(LineText.Of(line, in fields, lines.Sources[source], offset, fields.Ticks, belonging));
        }
        return read;
    }
}
