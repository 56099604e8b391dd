using Plumb.Cluster.Objects;
using Xunit;

namespace Plumb.EndToEnd.Kubelet;

public sealed class ProbesAndVolumesTests
{
    private const string Web = "mkdir /www; echo ok >/www/live; echo ok >/www/ready; exec httpd -f -p $POD_IP:8080 -h /www";
    private const string PodIp = ",\"env\":[{\"name\":\"POD_IP\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"status.podIP\"}}}]";

    [Fact]
    public async Task Readiness_follows_its_probe_and_liveness_restarts_the_container()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("web", Web, container: PodIp + """
            ,"readinessProbe":{"httpGet":{"path":"/ready","port":8080},"periodSeconds":1,"failureThreshold":2},"livenessProbe":{"httpGet":{"path":"/live","port":8080},"periodSeconds":1,"failureThreshold":2}
            """);
        await node.ReadyAsync("web");
        var container = Assert.Single(node.Running("web"));

        await container.ExecAsync(["rm", "/www/ready"], OneNode.Patience, 1024, TestContext.Current.CancellationToken);
        await node.UntilAsync("web", pod => OneNode.Condition(pod, "Ready") == "False");
        Assert.Contains("Warning Unhealthy Readiness probe failed: HTTP probe failed with statuscode: 404", node.Events("web"));
        await container.ExecAsync(["touch", "/www/ready"], OneNode.Patience, 1024, TestContext.Current.CancellationToken);
        await node.ReadyAsync("web");

        await container.ExecAsync(["rm", "/www/live"], OneNode.Patience, 1024, TestContext.Current.CancellationToken);
        var pod = await node.UntilAsync("web", item => OneNode.Container(item)["restartCount"]?.GetValue<int>() == 1);
        Assert.Contains("Normal Killing Container c failed liveness probe, will be restarted", node.Events("web"));
        Assert.Equal(137, OneNode.Container(pod)["lastState"]!["terminated"]!["exitCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_startup_probe_holds_readiness_back_until_it_succeeds()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("slow", "sleep 1.5; touch /tmp/up; exec sleep 600", container:
            ""","startupProbe":{"exec":{"command":["cat","/tmp/up"]},"periodSeconds":1,"failureThreshold":10},"livenessProbe":{"exec":{"command":["cat","/tmp/up"]},"periodSeconds":1,"failureThreshold":1}""");
        var early = await node.UntilAsync("slow", pod => pod["status"]?["phase"]?.GetValue<string>() == "Running");
        Assert.Equal((false, false), (OneNode.Container(early)["started"]!.GetValue<bool>(), OneNode.Container(early)["ready"]!.GetValue<bool>()));
        var ready = await node.ReadyAsync("slow");
        Assert.Equal(0, OneNode.Container(ready)["restartCount"]!.GetValue<int>());
        Assert.Contains("Warning Unhealthy Startup probe failed: cat: can't open '/tmp/up': No such file or directory\n", node.Events("slow"));
    }

    [Fact]
    public async Task Probes_that_time_out_or_find_nobody_listening_say_so_in_the_real_words()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("tmo", "exec sleep 600", container:
            ""","readinessProbe":{"exec":{"command":["sleep","5"]},"timeoutSeconds":1,"periodSeconds":2},"livenessProbe":{"tcpSocket":{"port":9999},"periodSeconds":1,"failureThreshold":2}""");
        var pod = await node.UntilAsync("tmo", item => OneNode.Container(item)["restartCount"]?.GetValue<int>() == 1);
        Assert.Contains("Warning Unhealthy Readiness probe failed: command timed out: \"sleep 5\" timed out after 1s", node.Events("tmo"));
        Assert.Contains($"Warning Unhealthy Liveness probe failed: dial tcp {pod["status"]!["podIP"]}:9999: connect: connection refused", node.Events("tmo"));
    }

    [Fact]
    public async Task A_changed_Secret_appears_by_a_swap_of_the_data_link_but_not_in_a_subPath_or_variable()
    {
        await using var node = await OneNode.StartAsync();
        node.Put(Resources.Secrets, "s", "{\"k\":\"b25l\"}");
        node.Pod("p", "L=; while :; do n=\"$(cat /s/k) sub=$(cat /sub) env=$K\"; [ \"$n\" = \"$L\" ] || echo $n; L=\"$n\"; sleep 0.05; done",
            container: ",\"env\":[{\"name\":\"K\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s\",\"key\":\"k\"}}}],\"volumeMounts\":[{\"name\":\"s\",\"mountPath\":\"/s\"},{\"name\":\"s\",\"mountPath\":\"/sub\",\"subPath\":\"k\"}]",
            specMore: "\"terminationGracePeriodSeconds\":1,\"volumes\":[{\"name\":\"s\",\"secret\":{\"secretName\":\"s\"}}]");
        await node.LogIsAsync("p", "one sub=one env=one\n");
        node.Api.Update(Resources.Secrets, "t", "s", json => json.Object("data")["k"] = "dHdv");
        await node.LogIsAsync("p", "one sub=one env=one\ntwo sub=one env=one\n");
    }

    [Fact]
    public async Task A_missing_Secret_volume_is_told_and_the_pod_starts_once_it_is_there()
    {
        await using var node = await OneNode.StartAsync();
        node.Pod("p", "cat /s/k; echo; exec sleep 600", container: ",\"volumeMounts\":[{\"name\":\"s\",\"mountPath\":\"/s\"}]",
            specMore: "\"terminationGracePeriodSeconds\":1,\"volumes\":[{\"name\":\"s\",\"secret\":{\"secretName\":\"nope\"}}]");
        await PodLifeTests.Eventually(() => node.Events("p").Contains("Warning FailedMount MountVolume.SetUp failed for volume \"s\" : secret \"nope\" not found"));
        node.Put(Resources.Secrets, "nope", "{\"k\":\"b25l\"}");
        await node.LogIsAsync("p", "one\n");
    }

    [Fact]
    public async Task The_downward_API_and_expansion_give_what_a_real_kubelet_gives()
    {
        await using var node = await OneNode.StartAsync();
        node.Create("""
            {"metadata":{"name":"env"},"spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"c","image":"busybox","command":["sh","-c","echo $NODE $MEM $X; exec sleep 600"],
             "env":[{"name":"POD_IP","valueFrom":{"fieldRef":{"fieldPath":"status.podIP"}}},{"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}},
              {"name":"MEM","valueFrom":{"resourceFieldRef":{"resource":"requests.memory"}}},{"name":"X","value":"$(POD_IP):80 $(NOPE) $$(ESC)"}],"resources":{"requests":{"memory":"20Mi"}}}]}}
            """);
        var pod = await node.ReadyAsync("env");
        await node.LogIsAsync("env", $"node1 20971520 {pod["status"]!["podIP"]}:80 $(NOPE) $(ESC)\n");
    }

    [Fact]
    public async Task The_machines_PostgreSQL_runs_as_the_postgres_image_and_keeps_its_data()
    {
        await using var node = await OneNode.StartAsync();
        Assert.SkipUnless(OneNode.Has("postgres:15"), "needs PostgreSQL: apt-get install -y postgresql");
        const string pod = """
            {"metadata":{"name":"db"},"spec":{"terminationGracePeriodSeconds":20,"volumes":[{"name":"d","hostPath":{"path":"STATE/pg"}}],
             "containers":[{"name":"c","image":"postgres:15","env":[{"name":"POSTGRES_PASSWORD","value":"it's"},{"name":"POSTGRES_USER","value":"ledger"},{"name":"POSTGRES_DB","value":"bank"}],
              "volumeMounts":[{"name":"d","mountPath":"/var/lib/postgresql/data"}],"readinessProbe":{"exec":{"command":["pg_isready","-h","/var/run/postgresql"]},"periodSeconds":1}}]}}
            """;
        node.Create(pod.Replace("STATE", node.State, StringComparison.Ordinal));
        await node.ReadyAsync("db");
        Assert.Equal("1\n", (await Psql(node, "create table t(i int); insert into t values(1); select i from t")).Split("INSERT 0 1\n")[^1]);
        node.Api.Delete(Resources.Pods, "t", "db");
        await node.GoneAsync("db");
        node.Create(pod.Replace("STATE", node.State, StringComparison.Ordinal));
        await node.ReadyAsync("db");
        Assert.Equal("1\n", await Psql(node, "select i from t"));
    }

    private static async Task<string> Psql(OneNode node, string sql)
    {
        var address = node.Get("db")!["status"]!["podIP"]!.GetValue<string>();
        var result = await Assert.Single(node.Running("db")).ExecAsync(
            ["env", "PGPASSWORD=it's", "psql", "-h", address, "-U", "ledger", "-At", "-c", sql, "bank"], OneNode.Patience, 4096, TestContext.Current.CancellationToken);
        return result.Output;
    }
}
