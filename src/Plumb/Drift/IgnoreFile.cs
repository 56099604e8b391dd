using System.Globalization;
using System.IO.Enumeration;
using Plumb.Core;

namespace Plumb.Drift;

/// <summary>
/// What a team has decided to live with: <c>.plumbignore</c>, a finding a line, <c>KIND THING [RULE] [until=DATE] [# reason]</c>. KIND is the kind of the
/// finding, THING an id or <c>name:…</c>, RULE the rule as the report shows it; <c>*</c> and <c>?</c> match as in a shell. Ignored findings are counted
/// and shown, and a line that has passed its date counts no longer.
/// </summary>
public sealed class IgnoreFile
{
    public const string Name = ".plumbignore";

    private const int MostLines = 10_000;

    private readonly IReadOnlyList<IgnoreLine> _lines;

    private IgnoreFile(IReadOnlyList<IgnoreLine> lines) => _lines = lines;

    internal static IgnoreFile Empty { get; } = new([]);

    internal static Result<IgnoreFile> Read(string path, IReadOnlyCollection<string> kinds)
    {
        try
        {
            return Parse(path, File.ReadLines(path), kinds);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"{path} cannot be read: {error.Message.TrimEnd('.')}");
        }
    }

    internal static Result<IgnoreFile> Parse(string path, IEnumerable<string> lines, IReadOnlyCollection<string> kinds)
    {
        var read = new List<IgnoreLine>();
        var number = 0;
        foreach (var line in lines)
        {
            if (++number > MostLines)
            {
                return new Problem($"{path} has more than {MostLines} lines");
            }
            var hash = line.IndexOf('#', StringComparison.Ordinal);
            var words = (hash < 0 ? line : line[..hash]).Split(default(char[]), StringSplitOptions.RemoveEmptyEntries).ToList();
            DateOnly? until = null;
            if (words is [.., var end] && end.StartsWith("until=", StringComparison.Ordinal))
            {
                if (!DateOnly.TryParseExact(end["until=".Length..], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
                {
                    return new Problem($"{path}:{number}: '{end}' is no date", "Write until=2026-12-31");
                }
                until = date;
                words.RemoveAt(words.Count - 1);
            }
            switch (words)
            {
                case []:
                    break;
                case [_]:
                    return new Problem($"{path}:{number}: a line is KIND THING [RULE] [until=DATE], and this one has one word", "To ignore everything of a kind, write * for THING");
                case [var kind, ..] when kind != "*" && !kinds.Contains(kind):
                    return new Problem($"{path}:{number}: there is no kind '{kind}'.{Nearest.Hint(kind, kinds)}", $"Kinds: {string.Join(", ", kinds)}");
                case [var kind, var thing, .. var rule]:
                    read.Add(new IgnoreLine(number, kind, thing, rule.Count == 0 ? null : string.Join(' ', rule), until));
                    break;
            }
        }
        return new IgnoreFile(read);
    }

    /// <summary>The line that covers a finding; null when none does.</summary>
    internal int? LineFor(DriftFinding finding, DateOnly today) => _lines.FirstOrDefault(line => !(line.Until < today) && line.Covers(finding))?.Number;

    /// <summary>Lines whose date is past, and that would cover one of the findings.</summary>
    internal IReadOnlyList<int> Expired(IEnumerable<DriftFinding> findings, DateOnly today) =>
        [.. _lines.Where(line => line.Until < today && findings.Any(line.Covers)).Select(line => line.Number)];

    private sealed record IgnoreLine(int Number, string Kind, string Thing, string? Rule, DateOnly? Until)
    {
        public bool Covers(DriftFinding finding) => (Kind == "*" || Kind == finding.Finding.Kind)
            && finding.Names.Any(name => FileSystemName.MatchesSimpleExpression(Thing, name, ignoreCase: false))
            && (Rule is null || FileSystemName.MatchesSimpleExpression(Rule, finding.Rule, ignoreCase: false));
    }
}
