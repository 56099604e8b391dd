using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.CommandLine;

/// <summary>A command that a page of documentation shows, as it stands there.</summary>
/// <param name="Shown">The lines that the page shows as its output; empty where it shows none. A line of … stands for any lines.</param>
internal sealed partial record DocumentedCommand(string Line, IReadOnlyList<string> Shown)
{
    private const string Prompt = "$ ";
    private const string Indent = "    ";
    private const string AnyLines = "…";
    private const int Context = 60;

    /// <summary>
    /// Every command of a page that can be run as it stands: those behind a prompt, with what is shown below them, and the indented lines of a synopsis. A line with a placeholder
    /// in capitals is a form and no command.
    /// </summary>
    public static IReadOnlyList<DocumentedCommand> Of(string markdown)
    {
        var (found, fenced) = (new List<DocumentedCommand>(), false);
        List<string>? shown = null;
        foreach (var line in markdown.Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                (fenced, shown) = (!fenced, null);
            }
            else if (fenced && line.StartsWith(Prompt, StringComparison.Ordinal))
            {
                found.Add(new DocumentedCommand(WithoutComment(line[Prompt.Length..]), shown = []));
            }
            else if (fenced)
            {
                shown?.Add(line);
            }
            else if (line.StartsWith(Indent, StringComparison.Ordinal) && line.Contains("plumb ", StringComparison.Ordinal) && WithoutComment(line.Trim()) is var command && !Placeholder().IsMatch(command))
            {
                found.Add(new DocumentedCommand(command, []));
            }
        }
        return found;
    }

    /// <summary>
    /// Where what the page shows is not what came, apart from numbers, dates, ids, paths and line breaks; null when it is. What stands between two lines of … has to come in
    /// this order and without a gap.
    /// </summary>
    public string? FirstMissing(string output)
    {
        var (came, at) = (ShapeOf(output), 0);
        foreach (var part in string.Join('\n', Shown).Split(AnyLines).Select(ShapeOf).Where(part => part.Length > 0))
        {
            var found = came.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
            {
                var same = part.Length;
                while (came.IndexOf(part[..same], at, StringComparison.Ordinal) < 0)
                {
                    same--;
                }
                return $"'{part[Math.Max(0, same - Context)..same]}' and then '{part[same..Math.Min(part.Length, same + Context)]}'";
            }
            at = found + part.Length;
        }
        return null;
    }

    private static string WithoutComment(string line) => Comment().Replace(line, "").TrimEnd();

    private static string ShapeOf(string line) => Blank().Replace(Number().Replace(Name().Replace(Unit().Replace(Place().Replace(Id().Replace(line, "ID"), "PLACE"), "#"), "DATE"), "#"), " ").Trim();

    [GeneratedRegex(@"\s+#\s.*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\b[A-Z]{2,}\b|…", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();

    /// <summary>Fingerprints and the ids of resources and requests.</summary>
    [GeneratedRegex(@"\b(sg-|sgr-|vpc-|pay-)?[0-9a-f]{8,32}\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Id();

    /// <summary>A path of this machine, an address, a port.</summary>
    [GeneratedRegex(@"(https?://|/)[\w.:/-]*[\w/]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Place();

    /// <summary>840 ms, 3 m 12 s, 41 KiB.</summary>
    [GeneratedRegex(@"\b[\d.]+ (ms|s|m|h|d|B|KiB|MiB)\b( [\d.]+ (s|m|h)\b)?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unit();

    [GeneratedRegex(@"\b((Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|Mon|Tue|Wed|Thu|Fri|Sat|Sun|January|February|March|April|May|June|July|August|September|October|November|December)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"[-+]?\d[\d,.:TZ-]*\s?%?|\b#", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();

    [GeneratedRegex(@"\s+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Blank();
}
