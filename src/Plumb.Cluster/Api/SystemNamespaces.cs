using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Api;

/// <summary>The namespaces that every cluster has from the first moment.</summary>
internal static class SystemNamespaces
{
    private static readonly string[] Names = ["default", "kube-node-lease", "kube-public", "kube-system"];

    public static void Create(ClusterApi api)
    {
        foreach (var name in Names.Where(name => api.Get(Resources.Namespaces, null, name) is null))
        {
            api.Create(Resources.Namespaces, null, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
        }
    }
}

/// <summary>Gives every namespace its default service account and the authority's certificate, and gives them back when somebody deletes them.</summary>
internal sealed class NamespaceDefaults : IAsyncDisposable
{
    private const string RootCa = "kube-root-ca.crt";
    private readonly CancellationTokenSource _stop = new();
    private readonly ClusterApi _api;
    private readonly string _caPem;
    private Task _work = Task.CompletedTask;

    private NamespaceDefaults(ClusterApi api, string caPem)
    {
        _api = api;
        _caPem = caPem;
    }

    public static NamespaceDefaults Start(ClusterApi api, string caPem, Action<string>? log)
    {
        var defaults = new NamespaceDefaults(api, caPem);
        var (present, watch) = api.Store.ListAndWatch(Resources.Namespaces, Resources.ServiceAccounts, Resources.ConfigMaps);
        foreach (var item in present.Where(item => item.Kind == Resources.Namespaces))
        {
            defaults.Ensure(item.Name);
        }
        defaults._work = defaults.FollowAsync(watch, log);
        return defaults;
    }

    private async Task FollowAsync(StoreWatch watch, Action<string>? log)
    {
        while (true)
        {
            try
            {
                await foreach (var change in watch.Events.ReadAllAsync(_stop.Token))
                {
                    var ns = change.Object.Kind == Resources.Namespaces ? change.Object.Name : change.Object.Namespace!;
                    var matters = change.Object.Kind == Resources.Namespaces ? change.Type == StoreEventType.Added
                        : change.Type == StoreEventType.Deleted && change.Object.Name is "default" or RootCa;
                    if (matters)
                    {
                        Ensure(ns);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                watch.Dispose();
                return;
            }
            // The watch fell behind: begin again from what is there.
            log?.Invoke("the watch of namespaces fell behind; it starts again");
            watch.Dispose();
            (var present, watch) = _api.Store.ListAndWatch(Resources.Namespaces, Resources.ServiceAccounts, Resources.ConfigMaps);
            foreach (var item in present.Where(item => item.Kind == Resources.Namespaces))
            {
                Ensure(item.Name);
            }
        }
    }

    private void Ensure(string ns)
    {
        if (_api.Get(Resources.Namespaces, null, ns) is null or { IsTerminating: true })
        {
            return;
        }
        if (_api.Get(Resources.ConfigMaps, ns, RootCa) is null)
        {
            _api.Create(Resources.ConfigMaps, ns, new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = RootCa,
                    ["annotations"] = new JsonObject
                    {
                        ["kubernetes.io/description"] = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP "
                            + "or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
                    },
                },
                ["data"] = new JsonObject { ["ca.crt"] = _caPem },
            }, new WriteOptions("kube-controller-manager"));
        }
        if (_api.Get(Resources.ServiceAccounts, ns, "default") is null)
        {
            _api.Create(Resources.ServiceAccounts, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }
}
