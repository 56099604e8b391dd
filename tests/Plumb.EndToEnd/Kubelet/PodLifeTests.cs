using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.EndToEnd.Kubelet;

public sealed class PodLifeTests
{
    [Fact]
    public async Task A_bound_pod_runs_and_its_status_reads_as_the_real_kubelets()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("web", "echo hello; exec sleep 600");
        var pod = await node.ReadyAsync("web");
        Assert.Equal("Running", pod["status"]!["phase"]!.GetValue<string>());
        Assert.StartsWith("127.", pod["status"]!["podIP"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(["phase", "conditions", "hostIP", "hostIPs", "podIP", "podIPs", "startTime", "containerStatuses", "qosClass"], pod["status"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal(
            ["Normal Pulled Container image \"busybox:1.36\" already present on machine", "Normal Created Created container: c", "Normal Started Started container c"], node.Events("web"));
        await node.LogIsAsync("web", "hello\n");
    }

    [Fact]
    public async Task A_deleted_pod_gets_its_grace_period_and_then_is_gone_with_everything_of_it()
    {
        await using var node = await OneNode.StartAsync();
        var created = node.Pod("web", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done", specMore: "\"terminationGracePeriodSeconds\":30");
        await node.ReadyAsync("web");
        await node.LogIsAsync("web", "up\n");
        var last = node.UntilAsync("web", pod => pod["status"]!["phase"]!.GetValue<string>() == "Succeeded");
        node.Api.Delete(Resources.Pods, "t", "web");
        var ended = await last;
        Assert.Equal("Completed", OneNode.Container(ended)["state"]!["terminated"]!["reason"]!.GetValue<string>());
        await node.GoneAsync("web");
        Assert.Contains("Normal Killing Stopping container c", node.Events("web"));
        await Eventually(() => !Directory.Exists(Path.Combine(node.State, "node1", "pods", created.Uid)));
    }

    [Fact]
    public async Task A_container_that_ignores_SIGTERM_is_killed_after_its_grace_period_and_the_pod_failed()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("stubborn", "exec sleep 600");
        await node.ReadyAsync("stubborn");
        var last = node.UntilAsync("stubborn", pod => pod["status"]!["phase"]!.GetValue<string>() == "Failed");
        node.Api.Delete(Resources.Pods, "t", "stubborn");
        Assert.Equal(137, OneNode.Container(await last)["state"]!["terminated"]!["exitCode"]!.GetValue<int>());
        await node.GoneAsync("stubborn");
    }

    [Fact]
    public async Task PreStop_runs_before_SIGTERM_and_counts_into_the_grace_period()
    {
        await using var node = await OneNode.StartAsync();
        Directory.CreateDirectory(Path.Combine(node.State, "out"));
        var container = ",\"lifecycle\":{\"preStop\":{\"exec\":{\"command\":[\"sh\",\"-c\",\"echo prestop >> /out/log\"]}}},\"volumeMounts\":[{\"name\":\"o\",\"mountPath\":\"/out\"}]";
        node.Pod("web", "trap 'echo term >> /out/log; exit 0' TERM; touch /out/up; while :; do sleep 0.05; done", container: container,
            specMore: $"\"terminationGracePeriodSeconds\":20,\"volumes\":[{{\"name\":\"o\",\"hostPath\":{{\"path\":\"{node.State}/out\"}}}}]");
        await node.ReadyAsync("web");
        await Eventually(() => File.Exists($"{node.State}/out/up"));
        node.Api.Delete(Resources.Pods, "t", "web");
        await node.GoneAsync("web");
        Assert.Equal("prestop\nterm\n", await File.ReadAllTextAsync($"{node.State}/out/log", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_container_that_keeps_failing_waits_in_CrashLoopBackOff_and_its_previous_log_can_be_read()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("crash", "echo run; exit 3");
        var pod = await node.UntilAsync("crash", item => OneNode.Container(item)["state"]?["waiting"]?["reason"]?.GetValue<string>() == "CrashLoopBackOff");
        var uid = pod["metadata"]!["uid"]!.GetValue<string>();
        Assert.Equal(1, OneNode.Container(pod)["restartCount"]!.GetValue<int>());
        Assert.Equal($"back-off 10s restarting failed container=c pod=crash_t({uid})", OneNode.Container(pod)["state"]!["waiting"]!["message"]!.GetValue<string>());
        Assert.Equal(3, OneNode.Container(pod)["lastState"]!["terminated"]!["exitCode"]!.GetValue<int>());
        Assert.Contains($"Warning BackOff Back-off restarting failed container c in pod crash_t({uid})", node.Events("crash"));
        Assert.Equal("run\n", await node.LogsAsync("crash", new LogRequest(Previous: true)));
    }

    [Fact]
    public async Task Over_its_memory_limit_a_container_is_OOMKilled_and_restarted()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("oom", "exec tail /dev/zero", container: ",\"resources\":{\"limits\":{\"memory\":\"16Mi\"}}");
        var pod = await node.UntilAsync("oom", item => OneNode.Container(item)["lastState"]?["terminated"]?["reason"]?.GetValue<string>() == "OOMKilled");
        Assert.Equal(137, OneNode.Container(pod)["lastState"]!["terminated"]!["exitCode"]!.GetValue<int>());
        Assert.True(OneNode.Container(pod)["restartCount"]!.GetValue<int>() >= 1);
    }

    [Theory]
    [InlineData("registry.example/nosuch:1", "", "ErrImagePull")]
    [InlineData("registry.example/nosuch:1", "Never", "ErrImageNeverPull")]
    [InlineData("Bad Image//x", "", "InvalidImageName")]
    public async Task An_image_that_cannot_be_had_says_why(string image, string policy, string reason)
    {
        await using var node = await OneNode.StartAsync();
        node.Create($$$"""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"{{{image}}}","imagePullPolicy":"{{{policy}}}","command":["sleep","1"]}]}}""");
        await node.UntilAsync("p", item => OneNode.Container(item)["state"]?["waiting"]?["reason"]?.GetValue<string>() == reason);
        Assert.Contains($"Warning Failed Error: {reason}", node.Events("p"));
    }

    [Fact]
    public async Task A_missing_ConfigMap_holds_the_container_until_it_is_there()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("p", "exec sleep 600", container: ",\"env\":[{\"name\":\"A\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"cm\",\"key\":\"k\"}}}]");
        var pod = await node.UntilAsync("p", item => OneNode.Container(item)["state"]?["waiting"]?["reason"]?.GetValue<string>() == "CreateContainerConfigError");
        Assert.Equal("configmap \"cm\" not found", OneNode.Container(pod)["state"]!["waiting"]!["message"]!.GetValue<string>());
        node.Put(Resources.ConfigMaps, "cm", "{\"k\":\"v\"}");
        await node.ReadyAsync("p");
    }

    [Fact]
    public async Task A_command_that_does_not_exist_is_a_StartError_with_the_runtimes_words()
    {
        await using var node = await OneNode.StartAsync();
        node.Create("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"busybox","command":["/no/such/cmd"]}]}}""");
        var pod = await node.UntilAsync("p", item => OneNode.Container(item)["state"]?["waiting"]?["reason"]?.GetValue<string>() == "RunContainerError");
        var last = OneNode.Container(pod)["lastState"]!["terminated"]!;
        Assert.Equal((128, "StartError"), (last["exitCode"]!.GetValue<int>(), last["reason"]!.GetValue<string>()));
        Assert.EndsWith("exec: \"/no/such/cmd\": stat /no/such/cmd: no such file or directory: unknown", last["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_like_pod_ends_Succeeded_and_its_init_container_ran_first()
    {
        await using var node = await OneNode.StartAsync();
        node.Create("""
            {"metadata":{"name":"job"},"spec":{"restartPolicy":"Never","volumes":[{"name":"w","emptyDir":{}}],
             "initContainers":[{"name":"i","image":"busybox","command":["sh","-c","echo made > /w/f"],"volumeMounts":[{"name":"w","mountPath":"/w"}]}],
             "containers":[{"name":"c","image":"busybox","command":["sh","-c","cat /w/f; echo why > /dev/termination-log"],"volumeMounts":[{"name":"w","mountPath":"/w"}]}]}}
            """);
        var pod = await node.UntilAsync("job", item => item["status"]?["phase"]?.GetValue<string>() == "Succeeded");
        Assert.Equal("made\n", await node.LogsAsync("job"));
        Assert.Equal("why\n", OneNode.Container(pod)["state"]!["terminated"]!["message"]!.GetValue<string>());
        Assert.Equal("False", OneNode.Condition(pod, "Ready"));
    }

    internal static async Task Eventually(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(OneNode.Patience);
        while (!condition())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
