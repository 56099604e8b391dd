using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Plumb.Cluster.Api;
using Plumb.Cluster.Api.Http;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Kubelet;

/// <summary>The nodes of a lab: one container runtime, and a kubelet for each node.</summary>
internal sealed class LabNodes : IAsyncDisposable
{
    private readonly ContainerRuntime _runtime;
    private readonly List<BackgroundPart> _parts = [];
    private readonly NodeAgents _agents;
    private readonly string? _directory;

    private LabNodes(ContainerRuntime runtime, NodeAgents agents, string? directory) => (_runtime, _agents, _directory) = (runtime, agents, directory);

    /// <summary>What the nodes can and cannot enforce here.</summary>
    public NodeCapabilities Capabilities => NodeCapabilities.Of(_runtime);

    /// <summary>Ends what a killed run left behind, and starts the nodes; returns when all are Ready in the API.</summary>
    public static async Task<LabNodes> StartAsync(LabClusterOptions options, string stateDirectory, ClusterNetwork network, ApiServices services, CancellationToken cancel)
    {
        var state = RealPath(stateDirectory);
        var runtime = new ContainerRuntime(new ContainerRuntimeOptions(LabId(state), state) { HostPaths = HostPrograms.Find() }, options.Time);
        var ended = await runtime.RemoveLeftoversAsync(cancel);
        if (ended > 0)
        {
            options.Log?.Invoke($"ended {ended.ToString(CultureInfo.InvariantCulture)} processes that an earlier run of this lab had left");
        }
        var nodes = new LabNodes(runtime, services.Agents, options.KeepState ? null : Path.Combine(state, "nodes"));
        List<LabImage> images = [.. options.Images.Select(FromCommand), .. LabImages.Default];
        var kubelets = Enumerable.Range(0, options.Nodes).Select(index =>
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"node{index + 1}");
            var settings = new KubeletOptions(name, Path.Combine(state, "nodes", name), network.NodeAddress(index), network.PodCidr(index), n => network.PodAddress(index, n))
            {
                Images = images,
                DnsAddress = network.DnsAddress,
                ClusterDomain = ClusterNetwork.ClusterDomain,
                IssueToken = request => Token(services, request),
            };
            return new NodeKubelet(services.Api, settings, runtime);
        }).ToList();
        foreach (var kubelet in kubelets)
        {
            services.Agents.Add(kubelet);
            nodes._parts.Add(new BackgroundPart($"kubelet {kubelet.NodeName}", kubelet.RunAsync, options.Log, kubelet.Dispose));
        }
        await Task.WhenAll(kubelets.Select(kubelet => kubelet.Registered)).WaitAsync(cancel);
        return nodes;
    }

    /// <summary>Ends the processes, and removes the cgroups and files, that a killed run of the lab in this directory left.</summary>
    /// <returns>How many processes were ended.</returns>
    public static async Task<int> ClearAsync(string stateDirectory, bool keepFiles, CancellationToken cancel)
    {
        var state = RealPath(stateDirectory);
        using var runtime = new ContainerRuntime(new ContainerRuntimeOptions(LabId(state), state), TimeProvider.System);
        var ended = await runtime.RemoveLeftoversAsync(cancel);
        if (!keepFiles)
        {
            PodWorker.DeleteDirectory(Path.Combine(state, "nodes"));
        }
        PodWorker.DeleteDirectory($"/dev/shm/{runtime.LabCgroup}");
        return ended;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents.All)
        {
            _agents.Remove(agent.NodeName);
        }
        await Task.WhenAll(_parts.Select(part => part.DisposeAsync().AsTask()));
        await _runtime.RemoveLeftoversAsync(CancellationToken.None);
        _runtime.Dispose();
        if (_directory is not null)
        {
            PodWorker.DeleteDirectory(_directory);
        }
        PodWorker.DeleteDirectory($"/dev/shm/{_runtime.LabCgroup}");
    }

    internal static string CgroupOf(string stateDirectory) => ContainerRuntime.CgroupOf(LabId(RealPath(stateDirectory)));

    /// <summary>Tells this lab's cgroups from those of another lab on the machine.</summary>
    internal static string LabId(string stateDirectory) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stateDirectory)))[..10];

    /// <summary>An image of the options as the runtime takes it; a program without a path is looked up in PATH.</summary>
    internal static LabImage FromCommand(ImageCommand image)
    {
        var path = Path.IsPathRooted(image.Executable) ? image.Executable
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(directory => Path.Combine(directory, image.Executable)).FirstOrDefault(File.Exists) ?? image.Executable;
        return new LabImage(image.Pattern, [path, .. image.Arguments ?? []])
        {
            Env = image.Environment ?? new Dictionary<string, string>(),
            User = UserId(image.User),
            Needs = path,
        };
    }

    private static uint UserId(string? user) =>
        user is null || uint.TryParse(user, CultureInfo.InvariantCulture, out var number) && number == 0 ? 0
        : uint.TryParse(user, CultureInfo.InvariantCulture, out var id) ? id
        : File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 2 && fields[0] == user)
            .Select(fields => uint.Parse(fields[2], CultureInfo.InvariantCulture)).FirstOrDefault();

    private static string? Token(ApiServices services, TokenRequest request) =>
        services.Api.Get(Resources.ServiceAccounts, request.Namespace, request.ServiceAccount) is { } account
            ? services.Tokens.Issue(account, request.ExpirationSeconds, request.Audience, (request.PodName, request.PodUid)).Token
            : null;

    /// <summary>The directory without symbolic links on the way: containers reach it through a root that is not theirs.</summary>
    private static string RealPath(string directory)
    {
        var full = Path.GetFullPath(directory);
        var path = "/";
        foreach (var part in full.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            path = Path.Combine(path, part);
            path = new DirectoryInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
        }
        return path;
    }
}
