using System.Diagnostics;
using Plumb.Lab;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.EndToEnd.Lab;

public sealed class LabHostTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_whole_payments_system_becomes_ready_heals_and_leaves_nothing_behind()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: private file systems and cgroups");
        var home = new PlumbHome(Directory.CreateTempSubdirectory("plumb-lab-").FullName);
        var steps = new List<string>();
        var options = new LabOptions(home) { Program = [Path.Combine(AppContext.BaseDirectory, "Plumb.Cli")] };
        var started = await LabHost.StartAsync(options, TimeProvider.System, new Steps(steps), Cancel);
        Assert.True(started.IsOk, started.Problem?.ToString());
        await using (var lab = started.Value)
        {
            TestContext.Current.SendDiagnosticMessage(string.Join('\n', steps));
            Assert.True(lab.State.Phase == LabPhase.Ready, lab.State.Trouble + "\n" + string.Join('\n', steps));
            using var client = new KubeClient(Kubeconfig.Load([lab.State.Kubeconfig]).Then(c => c.Target(TimeProvider.System)).Value!);
            var pods = await client.ListAsync(KubeResource.Pods, "payments", new KubeSelector("app=ledger"), Cancel);
            Assert.Equal(2, pods.Value!.Items.Select(p => p.Json.Field("spec").Text("nodeName")).Distinct().Count());

            await client.DeleteAsync(KubeResource.Pods, "payments", pods.Value.Items[0].Name, null, Cancel);
            await ReplacedAsync(client, pods.Value.Items[0].Uid);
        }

        Assert.False(File.Exists(home.File(LabState.FileName)));
        using var left = Process.Start(new ProcessStartInfo("pgrep", ["-fa", home.Path]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        Assert.Equal("", await left.StandardOutput.ReadToEndAsync(Cancel));
        Assert.DoesNotContain(home.Path, await File.ReadAllTextAsync("/proc/self/mountinfo", Cancel), StringComparison.Ordinal);
        Directory.Delete(home.Path, recursive: true);
    }

    private static async Task ReplacedAsync(KubeClient client, string uid)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        var ready = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var change in client.WatchAsync(KubeResource.Pods, "payments", new KubeSelector("app=ledger"), null, limit.Token))
        {
            if (change is KubeWatchEvent.Changed { Object: var pod } && pod.Uid != uid
                && pod.Json.Field("status").Items("conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True") && ready.Add(pod.Uid) && ready.Count == 2)
            {
                return;
            }
        }
    }

    private sealed class Steps(List<string> texts) : IProgress<LabStep>
    {
        public void Report(LabStep value) => texts.Add($"{value.Elapsed.TotalMilliseconds,6:0} ms  {value.Kind}: {value.Text}");
    }
}
