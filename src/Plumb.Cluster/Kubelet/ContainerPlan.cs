using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Turns a container of a pod and its image into what the runtime starts.</summary>
internal sealed class ContainerPlan(NodeContext node, Pod pod, string podAddress, PodVolumes volumes)
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const string DefaultMessagePath = "/dev/termination-log";
    private const long DefaultMillis = 2;

    public DownwardApi Downward { get; } =
        new(pod, node.Options.NodeName, node.Options.NodeAddress, podAddress, node.Resources.Cpus, node.Resources.MemoryBytes);

    public string Hostname => pod.Spec.Hostname ?? (pod.Metadata.Name.Length > 63 ? pod.Metadata.Name[..63] : pod.Metadata.Name);

    /// <summary>The specification, or why it cannot be made: what Kubernetes calls a CreateContainerConfigError.</summary>
    public (ContainerSpec? Spec, string? Failure) Make(Container container, LabImage image, string directory)
    {
        var user = UserOf(container, image);
        if ((container.SecurityContext?.RunAsNonRoot ?? pod.Spec.SecurityContext?.RunAsNonRoot) == true && user.Uid == 0)
        {
            return (null, $"container has runAsNonRoot and image will run as root (pod: \"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.Uid})\", container: {container.Name})");
        }
        var (variables, failure) = new ContainerEnvironment(node.Api, pod.Metadata.Namespace!, Downward).Build(container, pod.Spec.EnableServiceLinks != false);
        if (failure is not null)
        {
            return (null, failure);
        }
        var (mounts, noMount) = volumes.MountsOf(container);
        if (noMount is not null)
        {
            return (null, noMount);
        }
        var environment = Environment(image, variables);
        var command = Command(container, image, environment.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal));
        if (command.Count == 0)
        {
            return (null, "no command specified");
        }
        return (new ContainerSpec(RandomNumberGenerator.GetHexString(64, lowercase: true), pod.Metadata.Uid, directory, command)
        {
            Environment = environment,
            WorkingDirectory = container.WorkingDir is { Length: > 0 } given ? given : image.WorkingDirectory,
            Hostname = Hostname,
            PodAddress = pod.Spec.HostNetwork == true ? null : IPAddress.Parse(podAddress),
            Mounts = [.. mounts, .. OwnMounts(container, image, directory)],
            Files = Files(image),
            User = user,
            ReadOnlyRoot = container.SecurityContext?.ReadOnlyRootFilesystem == true,
            Privileged = container.SecurityContext?.Privileged == true,
            Limits = Limits(container.Resources),
        }, null);
    }

    public static ContainerLimits Limits(ResourceRequirements? resources)
    {
        var cpuLimit = Quantity.MilliCores(resources?.Limits?.GetValueOrDefault("cpu"));
        return new ContainerLimits(
            cpuLimit, Quantity.MilliCores(resources?.Requests?.GetValueOrDefault("cpu")) ?? cpuLimit ?? DefaultMillis, Quantity.Whole(resources?.Limits?.GetValueOrDefault("memory")));
    }

    /// <summary>Where the container's termination message is on the node.</summary>
    public static string MessageFile(string directory) => Path.Combine(directory, "termination-log");

    private ContainerUser UserOf(Container container, LabImage image)
    {
        var uid = container.SecurityContext?.RunAsUser ?? pod.Spec.SecurityContext?.RunAsUser ?? image.User;
        var gid = container.SecurityContext?.RunAsGroup ?? pod.Spec.SecurityContext?.RunAsGroup ?? 0;
        List<uint> groups = [.. (pod.Spec.SecurityContext?.SupplementalGroups ?? []).Select(group => (uint)group)];
        if (pod.Spec.SecurityContext?.FsGroup is { } fsGroup)
        {
            groups.Add((uint)fsGroup);
        }
        return new ContainerUser((uint)uid, (uint)gid, groups.Count == 0 ? [] : [(uint)gid, .. groups]);
    }

    private List<KeyValuePair<string, string>> Environment(LabImage image, IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        var all = new OrderedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = string.Join(':', image.Path.Append(DefaultPath)),
            ["HOSTNAME"] = Hostname,
        };
        var known = new Dictionary<string, string> { ["POD_IP"] = podAddress };
        foreach (var (name, value) in image.Env)
        {
            all[name] = ContainerEnvironment.Expand(value, known);
        }
        foreach (var (name, value) in variables)
        {
            all[name] = value;
        }
        all.TryAdd("HOME", "/root");
        return [.. all];
    }

    private static List<string> Command(Container container, LabImage image, Dictionary<string, string> environment)
    {
        var hasCommand = container.Command is { Count: > 0 };
        var command = hasCommand ? container.Command! : image.Entrypoint;
        var args = container.Args is { Count: > 0 } given ? given : hasCommand ? [] : image.DefaultArgs;
        return [.. command.Concat(args).Select(word => ContainerEnvironment.Expand(word, environment))];
    }

    private List<BindMount> OwnMounts(Container container, LabImage image, string directory)
    {
        var messages = MessageFile(directory);
        File.WriteAllText(messages, "");
        File.SetUnixFileMode(messages, (UnixFileMode)0x1B6);
        List<BindMount> mounts = [new BindMount(messages, container.TerminationMessagePath is { Length: > 0 } path ? path : DefaultMessagePath)];
        if (image.Path.Contains(LabImages.AppletDirectory))
        {
            mounts.Add(new BindMount(node.AppletDirectory, LabImages.AppletDirectory, ReadOnly: true));
        }
        if (image.HasCache)
        {
            Directory.CreateDirectory(node.CacheDirectory);
            mounts.Add(new BindMount(Path.GetFullPath(node.CacheDirectory), "/var/cache/plumb"));
        }
        return mounts;
    }

    private Dictionary<string, string> Files(LabImage image)
    {
        var name = pod.Spec.Subdomain is { Length: > 0 } subdomain
            ? $"{Hostname}.{subdomain}.{pod.Metadata.Namespace}.svc.{node.Options.ClusterDomain}\t{Hostname}" : Hostname;
        var hosts = $"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n{podAddress}\t{name}\n";
        if (pod.Spec.HostAliases is { Count: > 0 } aliases)
        {
            hosts += "\n# Entries added by HostAliases.\n" + string.Concat(aliases.Select(Alias));
        }
        var files = new Dictionary<string, string>(image.Files) { ["/etc/hosts"] = hosts, ["/etc/hostname"] = Hostname + "\n" };
        if (node.Options.DnsAddress is { } dns)
        {
            var domain = node.Options.ClusterDomain;
            files["/etc/resolv.conf"] = $"search {pod.Metadata.Namespace}.svc.{domain} svc.{domain} {domain}\nnameserver {dns}\noptions ndots:5\n";
        }
        return files;
    }

    private static string Alias(JsonElement alias)
    {
        var ip = alias.TryGetProperty("ip", out var address) ? address.GetString() : "";
        var names = alias.TryGetProperty("hostnames", out var list) ? list.EnumerateArray().Select(item => item.GetString()) : [];
        return $"{ip}\t{string.Join('\t', names)}\n";
    }
}
