using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Kubelet;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;
using Xunit;

namespace Plumb.EndToEnd.Kubelet;

/// <summary>A store, the API's meaning and one real kubelet: everything of the lab that a pod needs, without HTTP.</summary>
internal sealed class OneNode : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ClusterNetwork _network = ClusterNetwork.Claim()!;
    private readonly CancellationTokenSource _stop = new();
    private readonly NodeKubelet _kubelet;
    private readonly Task _run;

    private OneNode(string state, string lab, Func<KubeletOptions, KubeletOptions>? change, TimeProvider time)
    {
        State = state;
        Api = new ClusterApi(new ObjectStore(), time);
        Runtime = new ContainerRuntime(new ContainerRuntimeOptions(lab, state), time);
        var options = new KubeletOptions("node1", Path.Combine(state, "node1"), _network.NodeAddress(0), _network.PodCidr(0), n => _network.PodAddress(0, n))
        {
            Images = [.. LabImages.Default, LabImages.Busybox("registry.example/busybox:*")],
            VolumeUpdateDelay = TimeSpan.FromMilliseconds(100),
        };
        _kubelet = new NodeKubelet(Api, change?.Invoke(options) ?? options, Runtime);
        _run = Task.Run(() => _kubelet.RunAsync(_stop.Token));
    }

    public string State { get; }
    public ClusterApi Api { get; }
    public ContainerRuntime Runtime { get; }
    public NodeKubelet Kubelet => _kubelet;

    public static async Task<OneNode> StartAsync(Func<KubeletOptions, KubeletOptions>? change = null, string? state = null, string? lab = null)
    {
        var node = new OneNode(
            state ?? Directory.CreateTempSubdirectory("plumb-e2e-").FullName, lab ?? RandomNumberGenerator.GetHexString(8, lowercase: true), change, TimeProvider.System);
        if (!node.Runtime.IsIsolating)
        {
            await node.DisposeAsync();
            Assert.Skip("needs root with CAP_SYS_ADMIN: containers are Linux namespaces");
        }
        await node._kubelet.Registered;
        return node;
    }

    /// <summary>Creates a pod that is bound already, as the scheduler would have done.</summary>
    public KubeObject Create(string yamlishJson)
    {
        var pod = JsonNode.Parse(yamlishJson)!.AsObject();
        var spec = pod.Object("spec");
        spec["nodeName"] = "node1";
        spec["restartPolicy"] ??= "Always";
        spec["automountServiceAccountToken"] = false;
        var result = Api.Create(Resources.Pods, "t", pod);
        Assert.True(result.IsOk, result.Failure?.Message);
        return result.Object;
    }

    public KubeObject Pod(string name, string script, string more = "", string specMore = "\"terminationGracePeriodSeconds\":1", string container = "") =>
        Create($$$$"""{"metadata":{"name":"{{{{name}}}}"{{{{more}}}}},"spec":{"containers":[{"name":"c","image":"busybox:1.36","command":["sh","-c",{{{{System.Text.Json.JsonSerializer.Serialize(script)}}}}]{{{{container}}}}}],{{{{specMore}}}}}}""");

    public void Put(ResourceKind kind, string name, string data) =>
        Api.Create(kind, "t", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["data"] = JsonNode.Parse(data) });

    public JsonObject? Get(string name) => Api.Get(Resources.Pods, "t", name)?.ToMutable();

    /// <summary>Waits until the pod is as wanted, and returns it.</summary>
    public async Task<JsonObject> UntilAsync(string name, Func<JsonObject, bool> wanted)
    {
        // Every state is looked at, not only the one that is there when we come to look.
        var (present, watch) = Api.Store.ListAndWatch(Resources.Pods);
        using (watch)
        {
            using var limit = new CancellationTokenSource(Patience);
            var pod = present.FirstOrDefault(item => item.Name == name);
            while (pod is null || pod.Name != name || !wanted(pod.ToMutable()))
            {
                try
                {
                    pod = (await watch.Events.ReadAsync(limit.Token)).Object;
                }
                catch (OperationCanceledException overdue)
                {
                    throw new TimeoutException($"{name} never came to the state waited for; it is {Get(name)?["status"]}\nevents:\n{string.Join('\n', Events(name))}", overdue);
                }
            }
            return pod.ToMutable();
        }
    }

    public Task<JsonObject> ReadyAsync(string name) => UntilAsync(name, pod => Condition(pod, "Ready") == "True");

    public async Task GoneAsync(string name)
    {
        var (_, watch) = Api.Store.ListAndWatch(Resources.Pods);
        using (watch)
        {
            using var limit = new CancellationTokenSource(Patience);
            while (Get(name) is not null)
            {
                await watch.Events.ReadAsync(limit.Token);
            }
        }
    }

    public static string? Condition(JsonObject pod, string type) =>
        (pod["status"]?["conditions"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(item => item.Text("type") == type)?.Text("status");

    public static JsonObject Container(JsonObject pod, int index = 0) =>
        (pod["status"]?["containerStatuses"] as JsonArray)?.ElementAtOrDefault(index) as JsonObject ?? [];

    public IReadOnlyList<string> Events(string pod) =>
        [.. Api.List(Resources.Events, "t").Select(item => item.ToMutable()).Where(item => item["involvedObject"]?["name"]?.GetValue<string>() == pod)
            .OrderBy(item => long.Parse(item.Object("metadata").Text("resourceVersion")!, System.Globalization.CultureInfo.InvariantCulture))
            .Select(item => $"{item.Text("type")} {item.Text("reason")} {item.Text("message")}")];

    public async Task<string> LogsAsync(string pod, LogRequest? request = null)
    {
        using var output = new MemoryStream();
        var failure = await _kubelet.StreamLogsAsync("t", pod, "c", request ?? new LogRequest(), output, TestContext.Current.CancellationToken);
        Assert.Null(failure);
        return System.Text.Encoding.UTF8.GetString(output.ToArray());
    }

    public IReadOnlyList<RunningContainer> Running(string pod) => Kubelet.Running("t", pod);

    public static bool Has(string image) => LabImages.Default.FirstOrDefault(item => item.Matches(image)) is { Needs: { } file } && File.Exists(file);

    /// <summary>Follows the log until it is as wanted.</summary>
    public async Task LogIsAsync(string pod, string wanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        await UntilAsync(pod, item => Container(item)["containerID"] is not null);
        for (var seen = await LogsAsync(pod); seen != wanted; seen = await LogsAsync(pod))
        {
            Assert.True(wanted.StartsWith(seen, StringComparison.Ordinal) && !limit.IsCancellationRequested, seen);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        await Runtime.RemoveLeftoversAsync(CancellationToken.None);
        Runtime.Dispose();
        _kubelet.Dispose();
        _network.Dispose();
        _stop.Dispose();
        Directory.Delete(State, recursive: true);
    }
}
