using System.Globalization;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Correlating;

namespace Plumb.Cli.Logs;

/// <summary>One request's path for a person: a line a line, with the time since the one before, and a colour for each service.</summary>
internal sealed class TimelineText(Terminal terminal)
{
    private static readonly Style[] Colours = [new("36"), new("35"), new("34"), new("32"), new("33"), new("96"), new("95"), new("94")];

    private readonly Dictionary<string, Style> _colours = [];

    public void Write(CheckReport report, Correlation correlation)
    {
        if (correlation.Timeline is { } timeline)
        {
            terminal.Line($"{terminal.Paint(timeline.Id, Style.Strong)}  {timeline.Lines[0].At.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture)}");
            terminal.Line();
            Lines(timeline);
            Clocks(timeline);
            terminal.Line();
        }
        Account(correlation);
        terminal.Line();
        terminal.Line($"{terminal.Paint(report.Outcome.Word(), Style.Of(report.Outcome))}  {report.Summary}");
        ReportText.WriteEnd(terminal, report);
    }

    /// <summary>The same colour for the same service, as long as this is in use.</summary>
    public Style Colour(string service)
    {
        if (!_colours.TryGetValue(service, out var colour))
        {
            _colours[service] = colour = Colours[_colours.Count % Colours.Length];
        }
        return colour;
    }

    private void Lines(Timeline timeline)
    {
        var table = new Table("AFTER", "TOOK", "SERVICE", "LEVEL", "EVENT", "TEXT");
        var before = timeline.Lines[0].At;
        foreach (var line in timeline.Lines)
        {
            var note = line.Belonging == Belonging.Mention ? "mentions the id | " : "";
            table.Row(Ms(line.At - timeline.Lines[0].At), Ms(line.At - before), new Cell(line.Service, Colour(line.Service)), new Cell(line.Level, Of(line.Level)),
                new Cell(line.Belonging == Belonging.Adopted ? $"~ {line.Event}" : line.Event, Of(line.Level)), new Cell(note + line.Text, Style.Faint));
            before = line.At;
        }
        foreach (var missing in timeline.Missing)
        {
            table.Row("", "", new Cell(missing.Service, Colour(missing.Service)), new Cell("missing", Style.Bad), new Cell(missing.Event, Style.Bad),
                string.Create(CultureInfo.InvariantCulture, $"{missing.Share:P0} of {missing.Compared} requests like this have it{(missing.After is null ? "" : $" after {missing.After}")}"));
        }
        table.Write(terminal);
        foreach (var line in timeline.Lines.Where(line => line.Belonging == Belonging.Adopted))
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"~ {Ms(line.At - timeline.Lines[0].At)}: no id in this line; {line.Confidence * 100:0}% sure that it belongs here ({line.Why})"));
        }
    }

    private void Clocks(Timeline timeline)
    {
        foreach (var skew in timeline.Skews)
        {
            terminal.Line(ClockText.Of(skew));
        }
    }

    private void Account(Correlation correlation)
    {
        terminal.Line($"Searched {Human.Bytes(correlation.BytesSearched)} in {correlation.Sources.Count} sources.{AccountingText.Around(correlation.Accounting)}");
    }

    private static string Ms(TimeSpan time) => time < TimeSpan.FromSeconds(10) ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.000} ms") : Human.Duration(time);

    private static Style Of(string level) => level switch { "error" => Style.Bad, "warn" => Style.Warn, _ => Style.Plain };
}
