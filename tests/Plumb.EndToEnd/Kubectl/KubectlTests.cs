namespace Plumb.EndToEnd.Kubectl;

/// <summary>What people do with kubectl, done by kubectl: every verb with the newest one, the core of them with every other one that is installed.</summary>
public sealed class KubectlTests(KubectlCluster cluster) : IClassFixture<KubectlCluster>
{
    private static string Web(int replicas) => $$$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, labels: {app: web}}
        spec:
          replicas: {{{replicas}}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: c
                image: busybox:1.36
                command: [httpd, -f, -p, "8080", -h, /tmp]
                ports: [{containerPort: 8080}]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                resources: {requests: {cpu: 10m, memory: 8Mi}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
        """;

    private static string Pod(string name, string script, string restart = "Never") => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, labels: {app: {{{name}}}}}
        spec:
          restartPolicy: {{{restart}}}
          terminationGracePeriodSeconds: 1
          containers: [{name: c, image: "busybox:1.36", command: [sh, -c, "{{{script}}}"]}]
        """;

    public static TheoryData<string> Others() => [.. KubectlProgram.Found.Select(KubectlProgram.Name).Distinct(StringComparer.Ordinal)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Others))]
    public async Task Each_kubectl_creates_shows_changes_and_deletes(string name)
    {
        var kubectl = cluster.With(KubectlProgram.Found.First(file => KubectlProgram.Name(file) == name));
        var ns = "core-" + name.Replace('.', '-');
        await kubectl.DoAsync($"create namespace {ns}");
        Contains(await kubectl.DoAsync($"apply -n {ns} -f -", Web(1)), "deployment.apps/web created", "service/web created");
        Contains(await kubectl.DoAsync($"apply -n {ns} -f -", Web(1)), "deployment.apps/web unchanged");
        Contains(await kubectl.DoAsync($"rollout status -n {ns} deployment/web"), "successfully rolled out");
        Contains(await kubectl.DoAsync($"get pods,deployments,services -n {ns} -o wide"), "busybox:1.36", "1/1", "Running", "ClusterIP");
        Contains(await kubectl.DoAsync($"describe deployment web -n {ns}"), "RollingUpdate", "ScalingReplicaSet");
        await kubectl.DoAsync($"logs -n {ns} deployment/web");
        Contains(await kubectl.DoAsync($"scale -n {ns} deployment/web --replicas=0"), "scaled");
        Contains(await kubectl.DoAsync($"delete namespace {ns}"), $"namespace \"{ns}\" deleted");
        Contains(await kubectl.RefusedAsync($"get namespace {ns}"), "NotFound");
    }

    [Fact]
    public async Task Objects_are_shown_in_every_form()
    {
        var kubectl = await NamespaceAsync("shown");
        await kubectl.DoAsync("apply -n shown -f -", Web(2));
        await kubectl.DoAsync("rollout status -n shown deployment/web");
        Contains(await kubectl.DoAsync("get nodes -o wide"), "node1", "node2", "node3", "Ready", "INTERNAL-IP");
        Contains(await kubectl.DoAsync("get deploy,rs,pods,svc,endpointslices -A"), "shown", "service/kubernetes", "2/2");
        Contains(await kubectl.DoAsync("get all -n shown"), "pod/web-", "service/web", "deployment.apps/web", "replicaset.apps/web-");
        Contains(await kubectl.DoAsync("get pods -n shown -l app=web -o yaml"), "kind: List", "podIP: 127.");
        Contains(await kubectl.DoAsync("get deployment web -n shown -o json"), "\"readyReplicas\": 2");
        Contains(await kubectl.DoAsync("get pods -n shown -o custom-columns=NODE:.spec.nodeName,PHASE:.status.phase --sort-by=.metadata.name"), "NODE", "Running");
        Contains(await kubectl.DoAsync("get pods -n shown -l app=other"), "No resources found");
        Contains(await kubectl.DoAsync("describe pods -n shown -l app=web"), "Scheduled", "Started", "Ready: ");
        Contains(await kubectl.DoAsync("describe service web -n shown"), "Endpoints:", "8080");
        Contains(await kubectl.DoAsync("describe node node1"), "Allocatable:", "Allocated resources:");
        Contains(await kubectl.DoAsync("get events -n shown"), "Scheduled", "ScalingReplicaSet");
        Contains(await kubectl.DoAsync("events -n shown --for deployment/web"), "ScalingReplicaSet");
        Contains(await kubectl.DoAsync("explain deployment.spec.replicas"), "replicas");
        Contains(await kubectl.DoAsync("api-resources"), "deployments", "poddisruptionbudgets");
    }

    [Fact]
    public async Task Objects_are_created_changed_and_deleted()
    {
        var kubectl = await NamespaceAsync("made");
        Contains(await kubectl.DoAsync("create deployment d -n made --image=busybox:1.36 --replicas=1 -- sh -c \"trap 'exit 0' TERM; sleep 600 & wait\""), "deployment.apps/d created");
        Contains(await kubectl.DoAsync("create configmap c -n made --from-literal=a=b"), "configmap/c created");
        Contains(await kubectl.DoAsync("create secret generic s -n made --from-literal=a=b"), "secret/s created");
        Contains(await kubectl.DoAsync("create -n made -f -", Pod("p", "sleep 600")), "pod/p created");
        Contains(await kubectl.RefusedAsync("create configmap c -n made --from-literal=a=c"), "configmaps \"c\" already exists");
        Contains(await kubectl.DoAsync("get secret s -n made -o jsonpath={.data.a}"), "Yg==");
        Contains(await kubectl.DoAsync("label deployment d -n made tier=back"), "labeled");
        Contains(await kubectl.DoAsync("annotate deployment d -n made why=test"), "annotated");
        Contains(await kubectl.DoAsync("patch configmap c -n made -p {\\\"data\\\":{\\\"a\\\":\\\"z\\\"}}"), "patched");
        Contains(await kubectl.DoAsync("apply -n made -f -", Web(0)), "service/web created");
        Assert.Equal("", await kubectl.DoAsync("diff -n made -f -", Web(0)));
        Contains(await kubectl.DoAsync("apply --server-side -n made -f -", Web(0)), "serverside-applied");
        Contains(await kubectl.DoAsync("expose deployment d -n made --port=80"), "exposed");
        Contains(await kubectl.DoAsync("wait -n made --for=condition=Ready pod/p --timeout=60s"), "condition met");
        Contains(await kubectl.DoAsync("wait -n made --for=condition=Available deployment/d --timeout=60s"), "condition met");
        Contains(await kubectl.DoAsync("delete pod p -n made"), "\"p\" deleted");
        Contains(await kubectl.RefusedAsync("get pod p -n made"), "NotFound");
        Contains(await kubectl.DoAsync("delete deployment --all -n made --wait"), "\"d\" deleted");
        Contains(await kubectl.DoAsync("delete namespace made"), "deleted");
    }

    [Fact]
    public async Task A_rollout_is_watched_repeated_and_taken_back()
    {
        var kubectl = await NamespaceAsync("rolled");
        await kubectl.DoAsync("apply -n rolled -f -", Web(2));
        Contains(await kubectl.DoAsync("rollout status -n rolled deployment/web"), "successfully rolled out");
        Contains(await kubectl.DoAsync("set env -n rolled deployment/web A=1"), "env updated");
        Contains(await kubectl.DoAsync("rollout status -n rolled deployment/web"), "successfully rolled out");
        Contains(await kubectl.DoAsync("rollout undo -n rolled deployment/web"), "rolled back");
        Contains(await kubectl.DoAsync("rollout status -n rolled deployment/web"), "successfully rolled out");
        Assert.DoesNotContain("A:", await kubectl.DoAsync("describe deployment web -n rolled"), StringComparison.Ordinal);
        Contains(await kubectl.DoAsync("rollout restart -n rolled deployment/web"), "restarted");
        Contains(await kubectl.DoAsync("rollout status -n rolled deployment/web"), "successfully rolled out");
        Contains(await kubectl.DoAsync("rollout history -n rolled deployment/web"), "REVISION", "2", "3", "4");
        Contains(await kubectl.DoAsync("scale -n rolled deployment/web --replicas=3"), "scaled");
        Contains(await kubectl.DoAsync("wait -n rolled --for=jsonpath={.status.readyReplicas}=3 deployment/web --timeout=60s"), "condition met");
        Contains(await kubectl.DoAsync("delete namespace rolled"), "deleted");
    }

    [Fact]
    public async Task Logs_are_read_followed_and_kept_from_the_run_before()
    {
        var kubectl = await NamespaceAsync("logged");
        await kubectl.DoAsync("apply -n logged -f -", Pod("short", "echo one; echo two"));
        await kubectl.DoAsync("apply -n logged -f -", Pod("talks", "echo one; while :; do sleep 1; echo more; done"));
        await kubectl.DoAsync("apply -n logged -f -", Pod("again", "echo run; sleep 1; exit 3", "Always"));
        await kubectl.DoAsync("wait -n logged --for=jsonpath={.status.phase}=Succeeded pod/short --timeout=60s");
        Assert.Equal("one\ntwo\n", await kubectl.DoAsync("logs -f -n logged short"));
        Contains(await kubectl.DoAsync("run args -n logged --image=busybox:1.36 --restart=Never -- echo hello"), "pod/args created");
        await kubectl.DoAsync("wait -n logged --for=jsonpath={.status.phase}=Succeeded pod/args --timeout=60s");
        Assert.Equal("hello\n", await kubectl.DoAsync("logs -n logged args"));
        Assert.Equal("two\n", await kubectl.DoAsync("logs -n logged short --tail=1"));
        Contains(await kubectl.DoAsync("logs -n logged -l app=short --prefix --timestamps"), "[pod/short/c]", "Z two");
        await kubectl.DoAsync("wait -n logged --for=condition=Ready pod/talks --timeout=60s");
        Assert.Equal("one", (await kubectl.FollowAsync("logs -f -n logged talks", line => line == "more"))[0]);
        await kubectl.DoAsync("wait -n logged --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/again --timeout=60s");
        Assert.Equal("run\n", await kubectl.DoAsync("logs --previous -n logged again"));
        Contains(await kubectl.RefusedAsync("logs --previous -n logged short"), "previous terminated container \"c\" in pod \"short\" not found");
    }

    [Fact]
    public async Task A_watch_shows_what_happens()
    {
        var kubectl = await NamespaceAsync("watched");
        await kubectl.DoAsync("create -n watched -f -", Pod("there", "sleep 600"));
        var lines = await kubectl.FollowAsync("get pods -n watched -w --output-watch-events", line => line.Contains("DELETED", StringComparison.Ordinal) && line.Contains("seen", StringComparison.Ordinal), async () =>
        {
            await kubectl.DoAsync("create -n watched -f -", Pod("seen", "sleep 600"));
            await kubectl.DoAsync("wait -n watched --for=condition=Ready pod/seen --timeout=60s");
            await kubectl.DoAsync("delete pod seen -n watched");
        });
        Assert.Contains(lines, line => line.Contains("ADDED", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("MODIFIED", StringComparison.Ordinal) && line.Contains("Running", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("Terminating", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_is_cordoned_drained_and_taken_back()
    {
        var kubectl = await NamespaceAsync("moved");
        await kubectl.DoAsync("apply -n moved -f -", Web(3));
        await kubectl.DoAsync("rollout status -n moved deployment/web");
        Contains(await kubectl.DoAsync("cordon node2"), "cordoned");
        Contains(await kubectl.DoAsync("get node node2"), "Ready,SchedulingDisabled");
        Contains(await kubectl.DoAsync("drain node2 --ignore-daemonsets --delete-emptydir-data --force --timeout=60s"), "drained");
        await kubectl.DoAsync("rollout status -n moved deployment/web");
        Assert.DoesNotContain("node2", await kubectl.DoAsync("get pods -n moved -o wide"), StringComparison.Ordinal);
        Contains(await kubectl.DoAsync("uncordon node2"), "uncordoned");
        Assert.DoesNotContain("SchedulingDisabled", await kubectl.DoAsync("get node node2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_use_of_nodes_and_pods_is_measured()
    {
        var kubectl = await NamespaceAsync("used");
        await kubectl.DoAsync("apply -n used -f -", Pod("p", "sleep 600"));
        await kubectl.DoAsync("wait -n used --for=condition=Ready pod/p --timeout=60s");
        Contains(await kubectl.DoAsync("top nodes"), "CPU(cores)", "node1", "node2", "node3", "Mi");
        Assert.Matches(@"p +c +\d+m +\d+Mi", await kubectl.DoAsync("top pods -n used --containers"));
    }

    [Fact]
    public async Task What_a_namespace_holds_goes_with_it()
    {
        var kubectl = await NamespaceAsync("gone");
        await kubectl.DoAsync("apply -n gone -f -", Web(2));
        await kubectl.DoAsync("rollout status -n gone deployment/web");
        Contains(await kubectl.DoAsync("delete namespace gone --timeout=60s"), "namespace \"gone\" deleted");
        Contains(await kubectl.RefusedAsync("get namespace gone"), "NotFound");
        Assert.DoesNotContain("gone", await kubectl.DoAsync("get pods,services,endpointslices,serviceaccounts -A"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_supported_says_so()
    {
        var kubectl = await NamespaceAsync("refused");
        await kubectl.DoAsync("apply -n refused -f -", Pod("p", "sleep 600"));
        await kubectl.DoAsync("wait -n refused --for=condition=Ready pod/p --timeout=60s");
        Contains(await kubectl.RefusedAsync("attach -n refused p"), "attach is not supported");
        Contains(await kubectl.RefusedAsync("port-forward -n refused p 0:80"), "portforward is not supported");
        Contains(await kubectl.RefusedAsync("create job j -n refused --image=busybox"), "could not find the requested resource");
    }

    private async Task<KubectlProgram> NamespaceAsync(string name)
    {
        var kubectl = cluster.Newest();
        Contains(await kubectl.DoAsync($"create namespace {name}"), "created");
        return kubectl;
    }

    private static void Contains(string text, params string[] parts)
    {
        foreach (var part in parts)
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }
}
