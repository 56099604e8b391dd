using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Plumb.Tests.Cluster.Api;

/// <summary>
/// The recordings of a real Kubernetes 1.33 as contract: every file is replayed, and docs/kubernetes-parity.md says how many of its answers are
/// the same. A count can go up (UPDATE_GOLDEN=1 writes the page), never down.
/// </summary>
public sealed partial class GoldenParityTests
{
    private static readonly string[] Files =
    [
        "auth", "delete", "discovery", "discovery-aggregated", "errors", "generate-name-dry-run", "list-chunking", "metadata-only", "objects", "openapi", "patches",
        "selectors", "subresources", "tables", "watch", "watch-list-feature",
    ];

    /// <summary>From here on the page is written by the end-to-end tests.</summary>
    private const string OthersBegin = "<!-- written by LifecycleReplayTests -->";

    private static string Page => Path.Combine(GoldenPaths.Root, "docs", "kubernetes-parity.md");

    [Fact]
    public async Task No_recorded_file_agrees_less_than_the_page_says()
    {
        var results = new SortedDictionary<string, IReadOnlyList<GoldenResult>>(StringComparer.Ordinal);
        foreach (var file in Files)
        {
            await using var server = await GoldenServer.StartAsync();
            results[file] = await new GoldenReplay(file, server).RunAsync();
        }
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var page = await File.ReadAllTextAsync(Page, TestContext.Current.CancellationToken);
            var others = page.IndexOf(OthersBegin, StringComparison.Ordinal);
            await File.WriteAllTextAsync(Page, Text(results) + (others < 0 ? "" : "\n" + page[others..]), TestContext.Current.CancellationToken);
        }
        var committed = (await File.ReadAllLinesAsync(Page, TestContext.Current.CancellationToken))
            .TakeWhile(line => line != OthersBegin).Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToDictionary(cells => cells[1].Trim('`'), cells => int.Parse(cells[2].Split(' ')[0], CultureInfo.InvariantCulture));
        foreach (var (file, answers) in results)
        {
            var same = answers.Count(answer => answer.Difference is null);
            Assert.True(same >= committed[file], $"{file}: {same} answers are those of the recording, the page says {committed[file]}; the others:\n"
                + string.Join('\n', answers.Where(answer => answer.Difference is not null).Select(answer => $"  {answer.Name}: {answer.Difference}")));
        }
    }

    private static string Text(SortedDictionary<string, IReadOnlyList<GoldenResult>> results)
    {
        var text = new StringBuilder();
        text.Append("# How far the embedded API server is Kubernetes\n\n");
        text.Append("Every recording in `tests/golden/http` is the answer of a real Kubernetes 1.33.3. A test replays them, in their order, against the embedded API\n");
        text.Append("server over TLS (without controllers and kubelets) and compares status, body, warnings and watch events. What must differ between two clusters (uids,\n");
        text.Append("versions, times, addresses, random name endings) is replaced on both sides, in `GoldenComparison`. This page is written by that test\n");
        text.Append("(`UPDATE_GOLDEN=1`), which fails when a count goes down.\n\n| file | same |\n|---|---|\n");
        foreach (var (file, answers) in results)
        {
            text.Append(CultureInfo.InvariantCulture, $"| `{file}` | {answers.Count(answer => answer.Difference is null)} of {answers.Count} |\n");
        }
        var all = results.Values.SelectMany(answers => answers).ToList();
        text.Append(CultureInfo.InvariantCulture, $"\n{all.Count(answer => answer.Difference is null)} of {all.Count} in all. The differences, each with its reason and the first place where it shows:\n");
        foreach (var (file, answers) in results.Where(pair => pair.Value.Any(answer => answer.Difference is not null)))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {file}\n\n");
            foreach (var answer in answers.Where(answer => answer.Difference is not null))
            {
                text.Append(CultureInfo.InvariantCulture, $"- **{answer.Name}**: {GoldenReasons.For(file, answer)} — `{Inline(answer.Difference!)}`\n");
            }
        }
        return text.ToString();
    }

    /// <summary>What differs from run to run has no place in a committed page.</summary>
    private static string Inline(string text)
    {
        const int Shown = 220;
        var line = Passing().Replace(text.ReplaceLineEndings(" ").Replace('`', '\''), "<own>");
        return line.Length <= Shown ? line : line[..Shown] + "…";
    }

    [GeneratedRegex("(?<=own \"?)[0-9dhms]+(?=\"$)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Passing();
}
