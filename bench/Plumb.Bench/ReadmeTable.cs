using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Plumb.Bench;

/// <summary>The table between two marks in bench/README.md: what was measured, its goal, and the real components on the same kind of machine.</summary>
internal static class ReadmeTable
{
    private const string Begin = "<!-- measured: written by bench/run -->";
    private const string End = "<!-- end of measured -->";

    /// <summary>
    /// Medians of kube-apiserver, controller-manager, scheduler, etcd, three kubelets with containerd and kube-proxy: Kubernetes 1.33.3 on a
    /// machine of the same kind (2 cores, 24 GiB, Debian 12), measured once and recorded with the golden transcripts. Null: has no counterpart.
    /// </summary>
    private static readonly (string Key, string What, string Goal, string Real)[] Timings =
    [
        ("apiAnswersMs", "process start → API answers", "", "1980 ms (kube-apiserver alone, with etcd running)"),
        ("threeNodesReadyMs", "process start → three nodes Ready", "< 1000 ms", "about 10 300 ms (3.8 s control plane, 6.5 s nodes)"),
        ("paymentsReadyMs", "process start → payments system Ready, one request through to the database", "< 10 000 ms", "—"),
        ("busyboxReplacementReadyMs", "deleted busybox pod → two Ready again", "< 700 ms", "1365 ms"),
        ("ledgerReplacementReadyMs", "deleted ledger pod → two Ready again", "< 2000 ms", "—"),
    ];

    public static void Write(string root, JsonObject context, JsonObject measured)
    {
        var file = Path.Combine(root, "bench", "README.md");
        var text = File.ReadAllText(file);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{file} has lost its marks \"{Begin}\" and \"{End}\".");
        }

        File.WriteAllText(file, text[..(begin + Begin.Length)] + "\n" + Table(context, measured) + text[end..]);
    }

    private static string Table(JsonObject context, JsonObject measured)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Commit {context["commit"]}, {context["at"]}, {context["cores"]} cores, load average {context["loadAverageBefore"]} before, as {((bool)context["root"]! ? "root" : "a user")}.\n\n");
        text.Append("| what | median | range | n | goal | Kubernetes 1.33.3 |\n|---|---|---|---|---|---|\n");
        foreach (var (key, what, goal, real) in Timings)
        {
            var runs = measured[key]!["runs"]!.AsArray().Select(r => (double)r!).ToList();
            text.Append(CultureInfo.InvariantCulture, $"| {what} | **{(double)measured[key]!["median"]!:0} ms** | {runs.Min():0}–{runs.Max():0} ms | {runs.Count} | {goal} | {real} |\n");
        }

        foreach (var (key, what) in new[] { ("idleCluster", "three idle nodes"), ("idlePayments", "payments system without load") })
        {
            var idle = measured[key]!;
            text.Append(CultureInfo.InvariantCulture, $"| CPU of the lab process, {what} | **{idle["labCpuPercentOfOneCore"]}%** of a core (its pods {idle["podsCpuPercentOfOneCore"]}%) | | {idle["seconds"]} s | < 5% | — |\n");
            text.Append(CultureInfo.InvariantCulture, $"| memory of the lab process, {what} | **{idle["labResidentMiB"]} MiB** | | | < 300 MiB | about 1200 MiB, all components |\n");
        }

        var services = measured["services"]!.AsArray();
        if (services.Count > 0)
        {
            var (resident, shared) = (services.Select(s => (double)s!["residentMiB"]!).ToList(), services.Select(s => (double)s!["proportionalMiB"]!).ToList());
            text.Append(CultureInfo.InvariantCulture, $"| memory of one service, resident | **{resident.Min():0}–{resident.Max():0} MiB** (its share: {shared.Min():0}–{shared.Max():0} MiB) | | {services.Count} | < 70 MiB | — |\n");
        }

        return text.ToString();
    }
}
