using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Plumb.EndToEnd.Kubectl;

/// <summary>
/// A recorded shell in which somebody used kubectl on a real Kubernetes, typed again: what kubectl prints and its exit code must be the recorded ones.
/// docs/kubernetes-parity.md says for how many commands they are (UPDATE_GOLDEN=1 writes it); the count never goes down.
/// </summary>
public sealed partial class KubectlTranscriptTests(KubectlCluster cluster) : IClassFixture<KubectlCluster>
{
    private const string Mark = "<!-- written by KubectlTranscriptTests -->";

    /// <summary>Why some commands print something else here.</summary>
    private static readonly (string Command, string Reason)[] Reasons =
    [
        ("get cm ka -o yaml", "after kubectl hands its fields over to server-side apply, its own note of what was applied last is the older one here"),
        ("api-resources", "only what is served is listed"),
        ("api-versions", "only what is served is listed"),
        ("get pods", "the pods of an unrelated part of the recording"),
        ("auth whoami", "the administrator of the lab has a token, not a certificate"),
        ("top nodes", "the lab has metrics; the recorded cluster had none"),
        ("run x", "attach is not supported yet, and is refused"),
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Page => Path.Combine(BuiltProgram.Root, "docs", "kubernetes-parity.md");

    [Fact]
    public async Task A_recorded_shell_prints_the_same_on_the_embedded_cluster()
    {
        var kubectl = cluster.Newest();
        await kubectl.DoAsync("create namespace raw");
        var commands = Transcript(await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, "tests/golden/kubectl/misc-commands.txt"), Cancel));
        var different = new List<(string Command, string Recorded, string Own)>();
        foreach (var (command, input, recorded) in commands)
        {
            var (code, text) = await kubectl.RunAsync(command, input);
            var own = $"{text}[rc {code}]";
            if (Normal(own) != Normal(recorded))
            {
                different.Add((command, recorded, own));
            }
        }
        var same = commands.Count - different.Count;
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var page = await File.ReadAllTextAsync(Page, Cancel);
            var at = page.IndexOf(Mark, StringComparison.Ordinal);
            await File.WriteAllTextAsync(Page, (at < 0 ? page.TrimEnd() + "\n\n" : page[..at]) + Text(same, commands.Count, different), Cancel);
        }
        var row = (await File.ReadAllLinesAsync(Page, Cancel)).Single(line => line.StartsWith("| `misc-commands`", StringComparison.Ordinal));
        var committed = int.Parse(row.Split('|', StringSplitOptions.TrimEntries)[2].Split(' ')[0], CultureInfo.InvariantCulture);
        Assert.True(same >= committed, $"{same} of {commands.Count} are the same, the page says {committed}:\n" + string.Join('\n', different.Select(one => $"$ kubectl {one.Command}\nrecorded: {one.Recorded}\nown: {one.Own}\n")));
    }

    private static string Text(int same, int all, IReadOnlyList<(string Command, string Recorded, string Own)> different)
    {
        var text = new StringBuilder(Mark + "\n\n# How far kubectl prints the same\n\n");
        text.Append("`tests/golden/kubectl` is a recorded shell on a real Kubernetes 1.33.3. A test types it again and compares what kubectl prints and its exit code; uids, versions,\n");
        text.Append(CultureInfo.InvariantCulture, $"times and addresses aside.\n\n| recording | same |\n|---|---|\n| `misc-commands` | {same} of {all} |\n\n");
        foreach (var (command, _, _) in different)
        {
            text.Append(CultureInfo.InvariantCulture, $"- `kubectl {command}`: {Reasons.FirstOrDefault(reason => command.Contains(reason.Command, StringComparison.Ordinal)).Reason ?? "not yet the same"}\n");
        }
        return text.ToString();
    }

    private static List<(string Command, string? Input, string Recorded)> Transcript(string text) =>
        [.. Entry().Matches(text.Replace("registry.example/", "", StringComparison.Ordinal)).Select(match => (match.Groups["command"].Value.Trim(),
            match.Groups["input"].Success ? match.Groups["input"].Value : null, match.Groups["output"].Value))
            // What a shell made of the output is not kubectl's.
            .Where(entry => !entry.Item1.Contains(" | ", StringComparison.Ordinal))];

    /// <summary>What differs between any two clusters; and standard error, which the transcript marks and a pipe does not.</summary>
    private static string Normal(string text) => Own().Replace(text.Replace("[stderr] ", "", StringComparison.Ordinal), "<own>").Trim();

    [GeneratedRegex(@"^\$ kubectl (?<command>[^\n]*?)( <<EOF\n(?<input>.*?)EOF)?\n(?<output>.*?\[rc \d+\])$", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 5000)]
    private static partial Regex Entry();

    [GeneratedRegex(@"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|resourceVersion: ""\d+""|\d{4}-\d\d-\d\d[T ][0-9:.]+(Z| \+0000)?|/tmp/(LIVE|MERGED)-\d+|https://[0-9.:]+|\x1b\[[0-9;]*m", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Own();
}
