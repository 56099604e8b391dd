using System.CommandLine;
using System.Globalization;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Logs.Sources;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;
using KubeconfigFile = Plumb.Platform.Kubernetes.Configuration.Kubeconfig;

namespace Plumb.Cli.Commands.Logs;

/// <summary>Pods of a cluster. Disposing it closes the connection.</summary>
internal sealed record ClusterPods(KubeClient Client, PodLogRequest Request) : IDisposable
{
    public void Dispose() => Client.Dispose();
}

/// <summary>Where the logs come from: files, the lab, or a cluster's pods.</summary>
internal sealed class SourceOptions
{
    private const string LabNamespace = "payments";

    private readonly Option<string?> _from = new("--from") { Description = "lab: the pods of the running lab", HelpName = "lab" };
    private readonly Option<string?> _context = new("--context") { Description = "the pods of a cluster of your kubeconfig", HelpName = "NAME" };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "the kubeconfig to take the context from (default: $KUBECONFIG, ~/.kube/config)", HelpName = "FILE" };
    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = "the pods' namespace (default: the context's own; in the lab, payments)", HelpName = "NAMESPACE" };
    private readonly Option<string?> _selector = new("--selector", "-l") { Description = "only pods with these labels", HelpName = "LABELS" };
    private readonly Option<bool> _previous = new("--previous") { Description = "also the log of the container before its last restart" };

    private readonly Option<string?> _since = new("--since") { Description = "of pods only lines that are younger: 30s, 5m, 2h", HelpName = "DURATION" };

    public SourceOptions() => _from.CompletionSources.Add("lab");

    public Argument<string[]> Files { get; } = new("files")
    {
        Description = "log files, directories, patterns in quotes, - for standard input; .gz is unpacked", Arity = ArgumentArity.ZeroOrMore,
    };

    public IReadOnlyList<Option> All => [_from, _context, _kubeconfig, _namespace, _selector, _since, _previous];

    /// <summary>Opens what the user named. The caller disposes it.</summary>
    public async Task<Result<LogSources>> OpenAsync(Invocation call, CancellationToken cancellation)
    {
        var files = call.Get(Files) ?? [];
        var cluster = NamesCluster(call);
        if (call.Get(_since) is not null && !cluster)
        {
            return new Problem("--since is for pods: a file is read as it is", "Leave it out, or name pods with --from lab or --context NAME");
        }
        if (files.Length == 0 && !cluster)
        {
            return new Problem("say which logs: files, directories, - for standard input, --from lab or --context NAME", "For instance: plumb logs traces ./logs");
        }
        using var finder = new SourceFinder();
        foreach (var file in files)
        {
            if (await finder.AddAsync(file, Terminal.StandardInput, cancellation) is { } problem)
            {
                return problem;
            }
        }
        if (cluster && await AddPodsAsync(call, finder, cancellation) is { } trouble)
        {
            return trouble;
        }
        return finder.Finish();
    }

    private async Task<Problem?> AddPodsAsync(Invocation call, SourceFinder finder, CancellationToken cancellation)
    {
        var cluster = Cluster(call);
        if (!cluster.IsOk)
        {
            return cluster.Problem;
        }
        using var pods = cluster.Value;
        using var progress = new Progress(call.Terminal, call.Time);
        if (call.Terminal.ErrorIsTerminal)
        {
            progress.Now($"reading the logs of the pods in {pods.Request.Namespace}");
        }
        return await PodLogs.AddAsync(finder, pods.Client, pods.Request, cancellation);
    }

    /// <summary>True when pods are among what the user named.</summary>
    public bool NamesCluster(Invocation call) => call.Get(_from) is not null || call.Get(_context) is not null || call.Get(_kubeconfig) is not null;

    /// <summary>The cluster that the user named, and which of its pods.</summary>
    public Result<ClusterPods> Cluster(Invocation call)
    {
        var target = Target(call);
        if (!target.IsOk)
        {
            return target.Problem;
        }
        var ns = call.Get(_namespace) ?? (call.Get(_from) is null ? target.Value.Namespace : LabNamespace);
        if (call.Get(_since) is { } words && Age(words) is null)
        {
            return new Problem($"--since is a number with s, m, h or d, not '{words}'", "For instance: --since 5m");
        }
        return new ClusterPods(new KubeClient(target.Value, new KubeClientOptions { Time = call.Time }), new PodLogRequest(ns, call.Get(_selector), call.Get(_previous), call.Get(_since) is { } since ? Age(since) : null));
    }

    /// <summary>30s, 5m, 2h, 1d; null for anything else.</summary>
    private static TimeSpan? Age(string words)
    {
        if (words.Length < 2 || !int.TryParse(words.AsSpan(0, words.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
        {
            return null;
        }
        return words[^1] switch
        {
            's' => TimeSpan.FromSeconds(number),
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }

    private Result<KubeTarget> Target(Invocation call)
    {
        if (call.Get(_from) is { } from)
        {
            if (from != "lab" || call.Get(_context) is not null || call.Get(_kubeconfig) is not null)
            {
                return new Problem(from == "lab" ? "--from lab and --context are two different clusters" : $"--from takes lab, not '{from}'", "Name files, or use --context for another cluster");
            }
            var lab = LabState.Running(call.Home);
            if (lab is null)
            {
                return new Problem("no lab runs here", "Start one with 'plumb up', or name a cluster with --context");
            }
            return lab.Value is { IsOk: true, Value: var state } ? Load([state.Kubeconfig], null, call.Time) : lab.Value.Problem!;
        }
        return Load(call.Get(_kubeconfig) is { } file ? [file] : KubeconfigFile.DefaultFiles(Environment.GetEnvironmentVariable), call.Get(_context), call.Time);
    }

    private static Result<KubeTarget> Load(IReadOnlyList<string> files, string? context, TimeProvider time)
    {
        var target = KubeconfigFile.Load(files).Then(config => config.Target(time, context));
        return target.IsSuccess ? target.Value : new Problem(target.Error.Message.TrimEnd('.'), target.Error.Next.TrimEnd('.'));
    }
}
