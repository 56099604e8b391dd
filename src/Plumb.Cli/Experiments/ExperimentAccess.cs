using Plumb.Core;
using Plumb.Experiments;
using Plumb.Experiments.Activities;
using Plumb.Experiments.Format;
using Plumb.Lab.Experiments;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Experiments;

/// <summary>Which cluster, and what is allowed there, as the user said it.</summary>
/// <param name="Context">Null: the lab of this home.</param>
internal sealed record ExperimentTarget(string? Kubeconfig, string? Context, IReadOnlyList<string> AllowedNamespaces, bool AllowProcess)
{
    public static readonly ExperimentTarget Lab = new(null, null, [], AllowProcess: false);
}

/// <summary>Everything that planning and running need, opened for one cluster. It knows the lab by the lab's own state file, never by guessing.</summary>
internal sealed class ExperimentAccess : IDisposable
{
    private readonly StateStore _store;
    private readonly ClusterDoor _door;
    private readonly LabState? _lab;
    private readonly TimeProvider _time;
    private readonly ExperimentPlanner _planner;

    private ExperimentAccess(ClusterRef cluster, StateStore store, LabState? lab, ExperimentTarget target, TimeProvider time)
    {
        (Cluster, _store, _lab, _time, _door) = (cluster, store, lab, time, new ClusterDoor(time));
        var guard = new NamespaceGuard(target.AllowedNamespaces, OwnNamespace());
        _planner = new ExperimentPlanner(_door, guard, time, target.AllowProcess);
        Runner = new ExperimentRunner(_door, guard, store.Journal, time);
    }

    public ClusterRef Cluster { get; }

    public ExperimentRunner Runner { get; }

    public FindingStore Findings => _store.Findings;

    /// <summary>What a newer version left open.</summary>
    public IReadOnlyList<Problem> ForeignPlans => Framework.ForeignPlans.Of(_store.Journal);

    public static Result<ExperimentAccess> Open(ExperimentTarget target, PlumbHome home, TimeProvider time)
    {
        var lab = LabState.Running(home);
        if (lab is { IsOk: false } broken)
        {
            return broken.Problem!;
        }
        var cluster = Choose(target, lab?.Value);
        if (!cluster.IsOk)
        {
            return cluster.Problem!;
        }
        var store = StateStore.Open(home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));
        return store.IsOk ? new ExperimentAccess(cluster.Value, store.Value, cluster.Value.IsLab ? lab?.Value : null, target, time) : store.Problem!;
    }

    /// <summary>An experiment of the catalogue by its name, or a file by its path.</summary>
    public static Result<ExperimentDefinition> Find(string nameOrFile)
    {
        string text;
        if (Catalogue.Text(nameOrFile) is { } embedded)
        {
            (nameOrFile, text) = (nameOrFile + ".yaml", embedded);
        }
        else
        {
            try
            {
                text = File.ReadAllText(nameOrFile);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return new Problem($"there is no experiment '{nameOrFile}', and no file of that name that can be read",
                    $"The catalogue has {string.Join(", ", Catalogue.Names)}; see 'plumb experiment list'");
            }
        }
        var read = ExperimentReader.Read(nameOrFile, text);
        return read.Definition is { } definition ? definition : new Problem($"the experiment cannot be used:\n  {string.Join("\n  ", read.Errors)}");
    }

    /// <summary>Makes the plan. It changes nothing.</summary>
    public async Task<Result<ExperimentPlan>> PlanAsync(ExperimentDefinition definition, IReadOnlyDictionary<string, string> given, CancellationToken cancellation)
    {
        var binding = Binding.Of(definition, given, key => key switch
        {
            "PLUMB_LAB_GATEWAY" when _lab is not null => _lab.Gateway?.AbsoluteUri.TrimEnd('/'),
            "PLUMB_LAB_TOKEN" when _lab is not null => _lab.GatewayToken,
            _ => Environment.GetEnvironmentVariable(key),
        });
        return binding.IsOk ? await _planner.PlanAsync(definition, binding.Value, Cluster, cancellation) : binding.Problem!;
    }

    public void Dispose()
    {
        _door.Dispose();
        _store.Dispose();
    }

    private static Result<ClusterRef> Choose(ExperimentTarget target, LabState? lab)
    {
        if (target is { Context: null, Kubeconfig: null })
        {
            if (lab is null)
            {
                return new Problem("no lab runs here", "Start one with 'plumb up', or name a cluster with --context");
            }
            var own = Kubeconfig.Load([lab.Kubeconfig]);
            return own.IsSuccess && own.Value.CurrentContext is { } current ? new ClusterRef([Path.GetFullPath(lab.Kubeconfig)], current, IsLab: true)
                : new Problem($"the lab's kubeconfig cannot be used: {own.Error?.Message ?? "it has no current-context."}", "Start the lab again");
        }
        IReadOnlyList<string> files = target.Kubeconfig is { } given ? [given] : Kubeconfig.DefaultFiles(Environment.GetEnvironmentVariable);
        files = [.. files.Select(Path.GetFullPath)];
        var config = Kubeconfig.Load(files);
        if (!config.IsSuccess)
        {
            return config.Error.ToProblem();
        }
        var isLab = lab is not null && files is [var only] && only == Path.GetFullPath(lab.Kubeconfig);
        if (target.Context is null && !isLab)
        {
            return new Problem("an experiment on a cluster that is not the lab's needs an explicit --context", $"It has: {string.Join(", ", config.Value.Contexts.Order(StringComparer.Ordinal))}");
        }
        var context = target.Context ?? config.Value.CurrentContext ?? "";
        return config.Value.Contexts.Contains(context) ? new ClusterRef(files, context, isLab)
            : new Problem($"there is no context '{context}' in {string.Join(", ", config.Value.Files)}", $"It has: {string.Join(", ", config.Value.Contexts.Order(StringComparer.Ordinal))}");
    }

    private static string? OwnNamespace()
    {
        var file = Path.Combine(ServiceAccount.Folder, "namespace");
        return File.Exists(file) ? File.ReadAllText(file).Trim() : null;
    }
}
