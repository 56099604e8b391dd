namespace Plumb.Logs.Correlating;

/// <summary>The order in which one request's lines are shown: by corrected time, the lines of one source always as they stand in it.</summary>
internal static class CausalOrder
{
    public static IReadOnlyList<TimelineLine> Of(IEnumerable<TimelineLine> lines)
    {
        var ordered = new List<TimelineLine>();
        foreach (var source in lines.GroupBy(line => line.Source).OrderBy(source => source.Key, StringComparer.Ordinal))
        {
            var last = DateTimeOffset.MinValue;
            foreach (var line in source.OrderBy(line => line.Line))
            {
                // A logger may write two lines in an order that their times contradict by a hair; a line never comes before its predecessor.
                last = line.At > last || last - line.At > TimeSpan.FromMilliseconds(5) ? line.At : last;
                ordered.Add(line with { At = last });
            }
        }
        return [.. ordered.OrderBy(line => line.At)];
    }
}
