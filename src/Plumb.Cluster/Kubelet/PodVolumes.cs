using Plumb.Cluster.Api;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Makes a pod's volumes as directories of the node, and keeps those from Secrets, ConfigMaps and fields up to date.</summary>
/// <param name="podDirectory">The pod's own directory.</param>
/// <param name="memoryDirectory">A directory of this pod on a tmpfs.</param>
internal sealed class PodVolumes(ClusterApi api, KubeletOptions options, string podDirectory, string memoryDirectory)
{
    private const int DefaultMode = 0x1A4;

    /// <summary>A projected token's life when the pod asks for none, in seconds.</summary>
    private const long TokenSeconds = 3600;

    private readonly Dictionary<string, string> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Token, DateTimeOffset RenewAt)> _tokens = new(StringComparer.Ordinal);

    /// <summary>Makes or refreshes every volume.</summary>
    /// <returns>The volume that cannot be made and why; null when all are there.</returns>
    public (string Volume, string Failure)? SetUp(Pod pod, DownwardApi downward)
    {
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (SetUp(volume, pod, downward) is { } failure)
            {
                return (volume.Name, failure);
            }
        }
        return null;
    }

    /// <summary>The mounts of one container; the failure names what cannot be mounted.</summary>
    public (IReadOnlyList<BindMount> Mounts, string? Failure) MountsOf(Container container)
    {
        var mounts = new List<BindMount>();
        foreach (var mount in container.VolumeMounts ?? [])
        {
            if (!_sources.TryGetValue(mount.Name, out var source))
            {
                return ([], $"cannot find volume \"{mount.Name}\" to mount into container \"{container.Name}\"");
            }
            if (mount.SubPath is { Length: > 0 } subPath)
            {
                var path = Path.GetFullPath(Path.Combine(source, subPath));
                if (!path.StartsWith(source + "/", StringComparison.Ordinal))
                {
                    return ([], $"failed to prepare subPath for volumeMount \"{mount.Name}\" of container \"{container.Name}\"");
                }
                if (!Path.Exists(path))
                {
                    Directory.CreateDirectory(path);
                }
                source = path;
            }
            mounts.Add(new BindMount(source, mount.MountPath, mount.ReadOnly == true));
        }
        return (mounts, null);
    }

    /// <summary>True when a change of that object can change this pod's files.</summary>
    public static bool Uses(Pod pod, ResourceKind kind, string name) =>
        (pod.Spec.Volumes ?? []).Any(volume =>
            (kind == Resources.Secrets && (volume.Secret?.SecretName == name || (volume.Projected?.Sources ?? []).Any(source => source.Secret?.Name == name)))
            || (kind == Resources.ConfigMaps && (volume.ConfigMap?.Name == name || (volume.Projected?.Sources ?? []).Any(source => source.ConfigMap?.Name == name))));

    public void TearDown()
    {
        foreach (var directory in new[] { podDirectory, memoryDirectory }.Where(Directory.Exists))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private string? SetUp(Volume volume, Pod pod, DownwardApi downward)
    {
        var group = (uint?)pod.Spec.SecurityContext?.FsGroup;
        var directory = Path.Combine(podDirectory, "volumes", volume.Name);
        if (volume.EmptyDir is { } empty)
        {
            directory = empty.Medium == "Memory" ? Path.Combine(memoryDirectory, volume.Name) : directory;
            MakeWritable(directory, group);
            _sources[volume.Name] = directory;
            return null;
        }
        if (volume.HostPath is { } host)
        {
            _sources[volume.Name] = host.Path;
            return HostPath(host.Path, host.Type ?? "");
        }
        if (volume.PersistentVolumeClaim is { } claim)
        {
            return Claim(volume.Name, pod.Metadata.Namespace!, claim);
        }
        var files = new List<VolumeFile>();
        var failure = Files(volume, pod, downward, files);
        if (failure is not null)
        {
            return failure;
        }
        AtomicWriter.Write(directory, files, api.Time.GetUtcNow(), group);
        _sources[volume.Name] = directory;
        return null;
    }

    private string? Files(Volume volume, Pod pod, DownwardApi downward, List<VolumeFile> files)
    {
        var ns = pod.Metadata.Namespace!;
        if (volume.Secret is { } secret)
        {
            return Data(Resources.Secrets, ns, secret.SecretName ?? "", secret.Items, secret.DefaultMode, secret.Optional, files);
        }
        if (volume.ConfigMap is { } map)
        {
            return Data(Resources.ConfigMaps, ns, map.Name ?? "", map.Items, map.DefaultMode, map.Optional, files);
        }
        if (volume.DownwardAPI is { } fields)
        {
            return Downward(fields, fields.DefaultMode, pod, downward, files);
        }
        if (volume.Projected is not { } projected)
        {
            return "this type of volume is not supported by the lab: use secret, configMap, emptyDir, hostPath, persistentVolumeClaim, downwardAPI or projected";
        }
        foreach (var source in projected.Sources ?? [])
        {
            var failure = source.Secret is { } part ? Data(Resources.Secrets, ns, part.Name ?? "", part.Items, projected.DefaultMode, part.Optional, files)
                : source.ConfigMap is { } config ? Data(Resources.ConfigMaps, ns, config.Name ?? "", config.Items, projected.DefaultMode, config.Optional, files)
                : source.DownwardAPI is { } self ? Downward(self, projected.DefaultMode, pod, downward, files)
                : source.ServiceAccountToken is { } token ? Token(token, pod, projected.DefaultMode, files) : null;
            if (failure is not null)
            {
                return failure;
            }
        }
        return null;
    }

    private string? Data(ResourceKind kind, string ns, string name, IReadOnlyList<KeyToPath>? items, int? defaultMode, bool? optional, List<VolumeFile> files)
    {
        if (api.Get(kind, ns, name) is not { } found)
        {
            return optional == true ? null : $"{kind.Singular} \"{name}\" not found";
        }
        var data = StoredData.Bytes(found);
        if (items is null)
        {
            files.AddRange(data.Select(pair => new VolumeFile(pair.Key, pair.Value, defaultMode ?? DefaultMode)));
            return null;
        }
        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var content))
            {
                files.Add(new VolumeFile(item.Path, content, item.Mode ?? defaultMode ?? DefaultMode));
            }
            else if (optional != true)
            {
                return kind == Resources.Secrets ? $"references non-existent secret key: {item.Key}" : $"configmap references non-existent config key: {item.Key}";
            }
        }
        return null;
    }

    private static string? Downward(DownwardApiVolume fields, int? defaultMode, Pod pod, DownwardApi downward, List<VolumeFile> files)
    {
        foreach (var item in fields.Items ?? [])
        {
            var text = item.FieldRef is { } field ? downward.Field(field.FieldPath)
                : item.ResourceFieldRef is { } resource ? downward.Resource(resource, pod.Spec.Containers[0]) : null;
            if (text is null)
            {
                return $"unsupported fieldPath: {item.FieldRef?.FieldPath ?? item.ResourceFieldRef?.Resource}";
            }
            files.Add(new VolumeFile(item.Path, System.Text.Encoding.UTF8.GetBytes(text), item.Mode ?? defaultMode ?? DefaultMode));
        }
        return null;
    }

    private string? Token(ServiceAccountTokenSource source, Pod pod, int? mode, List<VolumeFile> files)
    {
        if (options.IssueToken is not { } issue)
        {
            return "failed to fetch token: this cluster issues no service account tokens";
        }
        var now = api.Time.GetUtcNow();
        var seconds = source.ExpirationSeconds ?? TokenSeconds;
        var key = $"{source.Audience}\n{source.Path}";
        if (!_tokens.TryGetValue(key, out var known) || known.RenewAt <= now)
        {
            var account = pod.Spec.ServiceAccountName ?? "default";
            if (issue(new TokenRequest(pod.Metadata.Namespace!, account, pod.Metadata.Name, pod.Metadata.Uid, seconds, source.Audience)) is not { } token)
            {
                return $"failed to fetch token: serviceaccounts \"{account}\" not found";
            }
            // A token is renewed when four fifths of its life are over.
            _tokens[key] = known = (token, now.AddSeconds(seconds * 0.8));
        }
        files.Add(new VolumeFile(source.Path, System.Text.Encoding.UTF8.GetBytes(known.Token), mode ?? DefaultMode));
        return null;
    }

    private string? Claim(string volumeName, string ns, PersistentVolumeClaimVolume volume)
    {
        if (api.Get(Resources.PersistentVolumeClaims, ns, volume.ClaimName) is not { } claim)
        {
            return $"persistentvolumeclaim \"{volume.ClaimName}\" not found";
        }
        var bound = claim.ToMutable().Object("spec").Text("volumeName");
        if (bound is null || api.Get(Resources.PersistentVolumes, null, bound) is not { } persistent)
        {
            return $"persistentvolumeclaim \"{volume.ClaimName}\" is not bound to a volume yet";
        }
        var spec = persistent.ToMutable().Object("spec");
        var path = spec.Object("hostPath").Text("path") ?? spec.Object("local").Text("path");
        if (path is null)
        {
            return $"persistent volume \"{bound}\" is neither a hostPath nor a local volume, and the lab has no others";
        }
        if (!Directory.Exists(path))
        {
            MakeWritable(path, null);
        }
        _sources[volumeName] = path;
        return null;
    }

    private static string? HostPath(string path, string type)
    {
        switch (type)
        {
            case "DirectoryOrCreate":
                Directory.CreateDirectory(path);
                return null;
            case "FileOrCreate":
                File.AppendAllText(path, "");
                return null;
            case "Directory":
                return Directory.Exists(path) ? null : $"hostPath type check failed: {path} is not a directory";
            case "File":
                return File.Exists(path) ? null : $"hostPath type check failed: {path} is not a file";
            default:
                Directory.CreateDirectory(Path.GetDirectoryName(path) ?? "/");
                return Path.Exists(path) || Directory.CreateDirectory(path).Exists ? null : $"hostPath {path} cannot be made";
        }
    }

    private static void MakeWritable(string directory, uint? group)
    {
        Directory.CreateDirectory(directory);
        File.SetUnixFileMode(directory, (UnixFileMode)(group is null ? 0x1FF : 0x5F8 | 0x1FF));
        if (group is { } owner)
        {
            _ = Native.chown(Native.Text(directory), uint.MaxValue, owner);
        }
    }
}
