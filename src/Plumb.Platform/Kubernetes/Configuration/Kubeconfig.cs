using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Plumb.Platform.Kubernetes.Configuration;

/// <summary>
/// One or several kubeconfig files, merged by kubectl's rule: the first file that names a cluster, a user, a context or the
/// current context wins, whole. Nothing is resolved until a context is chosen, so a broken entry that nobody uses does no harm.
/// </summary>
public sealed class Kubeconfig
{
    /// <summary>A kubeconfig larger than this is not one.</summary>
    private const int FileSizeLimit = 16 * 1024 * 1024;

    private readonly Dictionary<string, KubeconfigEntry> _clusters = [];
    private readonly Dictionary<string, KubeconfigEntry> _users = [];
    private readonly Dictionary<string, KubeconfigEntry> _contexts = [];

    /// <summary>The files that were read, in order.</summary>
    public IReadOnlyList<string> Files { get; private init; } = [];

    public string? CurrentContext { get; private set; }

    public IReadOnlyCollection<string> Contexts => _contexts.Keys;

    /// <summary>The files that kubectl would read: the ones in KUBECONFIG, or ~/.kube/config.</summary>
    /// <param name="environment">Reads a variable; null when it is not set.</param>
    public static IReadOnlyList<string> DefaultFiles(Func<string, string?> environment)
    {
        var listed = (environment("KUBECONFIG") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return listed.Length > 0 ? listed : [Path.Combine(environment("HOME") ?? "/", ".kube", "config")];
    }

    /// <summary>Reads and merges. Files of a list may be missing, as kubectl has it, but not all of them.</summary>
    public static KubeResult<Kubeconfig> Load(IReadOnlyList<string> files)
    {
        var present = files.Where(File.Exists).ToArray();
        if (present.Length == 0)
        {
            return new KubeError(KubeErrorKind.Configuration, $"There is no kubeconfig at {string.Join(" or ", files)}.", "Give one with --kubeconfig or KUBECONFIG.");
        }
        var config = new Kubeconfig { Files = present };
        foreach (var file in present)
        {
            if (config.Add(file) is { } error)
            {
                return error;
            }
        }
        return config;
    }

    /// <summary>The cluster and the identity of a context.</summary>
    /// <param name="context">Null takes the current one.</param>
    public KubeResult<KubeTarget> Target(TimeProvider time, string? context = null)
    {
        var name = context ?? CurrentContext;
        if (name is null)
        {
            return Missing("No context is chosen: the kubeconfig has no current-context.", _contexts);
        }
        if (!_contexts.TryGetValue(name, out var chosen))
        {
            return Missing($"There is no context '{name}' in {string.Join(", ", Files)}.", _contexts);
        }
        var fields = chosen.Fields;
        var (cluster, user) = (fields.Text(chosen.Node, "cluster"), fields.Text(chosen.Node, "user"));
        if (cluster is null || !_clusters.TryGetValue(cluster, out var clusterEntry))
        {
            return Missing($"Context '{name}' wants the cluster '{cluster}', which is not in {string.Join(", ", Files)}.", _clusters);
        }
        KubeconfigEntry? userEntry = null;
        if (user is not null && !_users.TryGetValue(user, out userEntry))
        {
            return Missing($"Context '{name}' wants the user '{user}', which is not in {string.Join(", ", Files)}.", _users);
        }
        return KubeconfigResolver.Resolve(name, fields.Text(chosen.Node, "namespace") ?? "default", clusterEntry, userEntry, time)
            .Then<KubeTarget>(target => fields.Error is null ? target : fields.Error);
    }

    private KubeError? Add(string file)
    {
        YamlNode root;
        try
        {
            if (new FileInfo(file).Length > FileSizeLimit)
            {
                return new KubeError(KubeErrorKind.Configuration, $"{file} is larger than {FileSizeLimit / 1024 / 1024} MiB: that is no kubeconfig.", "Choose another one with KUBECONFIG.");
            }
            using var reader = File.OpenText(file);
            var yaml = new YamlStream();
            yaml.Load(reader);
            if (yaml.Documents.Count == 0)
            {
                return null;
            }
            root = yaml.Documents[0].RootNode;
        }
        catch (YamlException error)
        {
            return new KubeError(KubeErrorKind.Configuration, $"{file}:{error.Start.Line}:{error.Start.Column}: not YAML: {error.Message}", "Mend the kubeconfig, or choose another one with KUBECONFIG.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new KubeError(KubeErrorKind.Configuration, $"{file} cannot be read: {error.Message}", "Check its owner and mode.");
        }
        var fields = new YamlFields(file);
        if (root is not YamlMappingNode)
        {
            fields.Complain(root, "a kubeconfig must be a mapping");
        }
        CurrentContext ??= fields.Text(root, "current-context");
        Merge(_clusters, "clusters", "cluster", root, file, fields);
        Merge(_users, "users", "user", root, file, fields);
        Merge(_contexts, "contexts", "context", root, file, fields);
        return fields.Error;
    }

    private static void Merge(Dictionary<string, KubeconfigEntry> into, string list, string item, YamlNode root, string file, YamlFields fields)
    {
        foreach (var node in fields.List(root, list))
        {
            if (fields.Text(node, "name") is not { } name)
            {
                fields.Complain(node, $"an entry of '{list}' has no name");
                continue;
            }
            into.TryAdd(name, new KubeconfigEntry(file, fields.Map(node, item) ?? new YamlMappingNode(), new YamlFields(file)));
        }
    }

    private static KubeError Missing(string what, Dictionary<string, KubeconfigEntry> known) =>
        new(KubeErrorKind.Configuration, what, known.Count == 0 ? "The kubeconfig has none at all." : $"It has: {string.Join(", ", known.Keys.Order(StringComparer.Ordinal).Take(20))}.");
}

/// <summary>One cluster, user or context, with the file it came from: relative paths in it count from that file's folder.</summary>
internal sealed record KubeconfigEntry(string File, YamlMappingNode Node, YamlFields Fields)
{
    public string? Path(string key) =>
        Fields.Text(Node, key) is { } path ? System.IO.Path.GetFullPath(path, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(File)) ?? "/") : null;
}
