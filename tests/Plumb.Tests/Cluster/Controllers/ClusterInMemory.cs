using System.Text.Json.Nodes;
using Plumb.Cluster.Api;
using Plumb.Cluster.Controllers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;
using YamlDotNet.RepresentationModel;

namespace Plumb.Tests.Cluster.Controllers;

/// <summary>The store, the API without HTTP, the real controllers and an instant kubelet, moved on by hand: no thread, no waiting, no luck.</summary>
internal sealed class ClusterInMemory : IDisposable
{
    private readonly ReconcileLoop _loop;

    public ClusterInMemory(int nodes = 3, string cpu = "2", string memory = "8Gi")
    {
        Api = new ClusterApi(Store, Clock);
        Kubelet = new InstantKubelet(Api);
        for (var i = 1; i <= nodes; i++)
        {
            AddNode($"node{i}", cpu, memory);
        }
        using var host = new ControllerHost(Api, new ControllerOptions { VolumeDirectory = VolumeDirectory, ServesNetwork = false });
        _loop = new ReconcileLoop(Api, [.. host.Controllers, Kubelet], (where, fault) => throw new InvalidOperationException(where, fault));
        Settle();
    }

    public string VolumeDirectory { get; } = Directory.CreateTempSubdirectory("plumb-volumes-").FullName;

    public SteppedClock Clock { get; } = new();

    public ObjectStore Store { get; } = new();

    public ClusterApi Api { get; }

    public InstantKubelet Kubelet { get; }

    public void Settle() => _loop.Step();

    /// <summary>Moves the clock on in whole seconds, and lets everything that comes due happen.</summary>
    public void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            Settle();
        }
    }

    public KubeObject Create(ResourceKind kind, string yaml, string? ns = "demo")
    {
        var created = Api.Create(kind, kind.Namespaced ? ns : null, Parse(yaml));
        Assert(created);
        return created.Object!;
    }

    public void Update(ResourceKind kind, string name, Action<JsonObject> change, string? ns = "demo") => Assert(Api.Update(kind, kind.Namespaced ? ns : null, name, change));

    public void Delete(ResourceKind kind, string name, string? propagation = null, string? ns = "demo") =>
        Assert(Api.Delete(kind, kind.Namespaced ? ns : null, name, new DeleteRequest(Propagation: propagation)));

    public JsonObject Read(ResourceKind kind, string name, string? ns = "demo") =>
        Api.Get(kind, kind.Namespaced ? ns : null, name)?.ToMutable() ?? throw new InvalidOperationException($"there is no {kind} {name}");

    public IReadOnlyList<KubeObject> Pods(string ns = "demo") => Api.List(Resources.Pods, ns);

    public IReadOnlyList<string> EventsOn(string name, string ns = "demo") =>
        [.. Api.List(Resources.Events, ns).Select(item => item.ToMutable())
            .Where(item => (item["involvedObject"]?["name"]?.GetValue<string>()) == name)
            .Select(item => $"{item.Text("reason")}: {item.Text("message")}")];

    public static JsonObject Parse(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return ToJson(stream.Documents[0].RootNode)!.AsObject();
    }

    public void Dispose()
    {
        _loop.Dispose();
        Directory.Delete(VolumeDirectory, recursive: true);
    }

    public void AddNode(string name, string cpu = "2", string memory = "8Gi") =>
        Create(Resources.Nodes, $$$"""
            metadata: {name: {{{name}}}, labels: {kubernetes.io/hostname: {{{name}}}}}
            status:
              allocatable: {cpu: "{{{cpu}}}", memory: {{{memory}}}, pods: "110"}
              conditions: [{type: Ready, status: "True"}]
            """);

    private static void Assert(ApiResult result)
    {
        if (!result.IsOk)
        {
            throw new InvalidOperationException(result.Failure.Message);
        }
    }

    private static JsonNode? ToJson(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                var item = new JsonObject();
                foreach (var (key, value) in map.Children)
                {
                    item[((YamlScalarNode)key).Value!] = ToJson(value);
                }
                return item;
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select(ToJson)]);
            case YamlScalarNode { Style: YamlDotNet.Core.ScalarStyle.Plain } scalar:
                return scalar.Value switch
                {
                    "true" => true,
                    "false" => false,
                    "null" or "" => null,
                    _ when long.TryParse(scalar.Value, System.Globalization.CultureInfo.InvariantCulture, out var number) => number,
                    _ => scalar.Value,
                };
            default:
                return ((YamlScalarNode)node).Value;
        }
    }
}
