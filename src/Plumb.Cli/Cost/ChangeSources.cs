using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Core;
using Plumb.Cost.Collecting;
using Plumb.Cost.Judging;
using Plumb.Platform.Aws;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Storage;
using KubeconfigFile = Plumb.Platform.Kubernetes.Configuration.Kubeconfig;

namespace Plumb.Cli.Cost;

/// <summary>
/// Adds to each episode what changed in the day before it and on its first day. It blames nobody: a change is told with the hours between, and a source that cannot be
/// asked is a blind spot and no other verdict.
/// </summary>
/// <param name="billFrom">The AWS account that the bill is of; null for a file.</param>
internal sealed class ChangeSources(Invocation call, ChangeChoice choice, AwsClient? billFrom) : IDisposable
{
    /// <summary>CloudTrail answers two questions a second; more episodes than this are not looked up there.</summary>
    private const int MostAskedOfTrail = 5;
    private const int MostShown = 5;
    private static readonly TimeSpan Before = TimeSpan.FromDays(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly List<(KubeClient Client, string Name)> _clusters = [];
    private AwsClient? _trail;
    private AwsClient? _own;

    /// <summary>Opens what was named. A source that was named and is not there is a mistake to say before anything is judged.</summary>
    public Problem? Open()
    {
        var lab = LabState.Running(call.Home);
        var ofLab = lab is { IsOk: true, Value.Aws: { } aws } && billFrom?.EndpointOf(AwsService.CostExplorer) == aws.Endpoint;
        IReadOnlyList<string> wanted = choice.Sources
            ?? [.. billFrom is null ? (string[])[] : [ChangeOptions.CloudTrail], .. ofLab ? (string[])[ChangeOptions.Lab] : [], .. choice.Context is null ? (string[])[] : [ChangeOptions.OfContext]];
        if (wanted.Contains(ChangeOptions.Lab))
        {
            var running = RunningLab.Of(call.Home);
            if ((running.Problem ?? AddCluster([running.Value!.Kubeconfig], null, "the lab's rollouts")) is { } noLab)
            {
                return noLab;
            }
        }
        if (wanted.Contains(ChangeOptions.OfContext)
            && AddCluster(choice.Kubeconfig is { } file ? [file] : KubeconfigFile.DefaultFiles(Environment.GetEnvironmentVariable), choice.Context, $"rollouts of {choice.Context ?? "the current context"}") is { } noContext)
        {
            return noContext;
        }
        if (wanted.Contains(ChangeOptions.CloudTrail))
        {
            if (billFrom is null)
            {
                var opened = AwsClient.Open(new AwsOptions(call.Time));
                if (!opened.IsOk)
                {
                    return opened.Error.ToProblem();
                }
                _own = opened.Value;
            }
            _trail = billFrom ?? _own;
        }
        return null;
    }

    public async Task<CostReport> AddToAsync(CostReport report, CancellationToken cancellation)
    {
        if (report.Findings.Count == 0 || (_clusters.Count == 0 && _trail is null))
        {
            return report;
        }
        var (asked, blind, rollouts) = (new List<string>(), new List<string>(), new List<Change>());
        foreach (var (client, name) in _clusters)
        {
            var read = await RolloutChanges.ReadAsync(client, name, cancellation);
            if (read.IsOk)
            {
                asked.Add(read.Value.Source);
                rollouts.AddRange(read.Value.Changes);
            }
            else
            {
                blind.Add($"Not looked at: {name}: {read.Problem}.");
            }
        }
        if (_clusters.Count > 0)
        {
            blind.Add("A rollout that was undone takes up its old ReplicaSet and leaves no time: it is not among the changes.");
        }
        var findings = report.Findings.ToArray();
        var trailProblem = _trail is null ? null : await AddTrailAsync(findings, cancellation);
        if (_trail is not null)
        {
            (trailProblem is null ? asked : blind).Add(trailProblem is null ? TrailChanges.Source : $"Who changed what was not asked: {trailProblem}.");
        }
        if (_trail is not null && findings.Length > MostAskedOfTrail)
        {
            blind.Add($"CloudTrail was asked for the first {MostAskedOfTrail} of {findings.Length} episodes.");
        }
        for (var i = 0; i < findings.Length; i++)
        {
            var (from, until) = Window(findings[i].Start);
            findings[i] = findings[i] with { Changes = Nearest([.. findings[i].Changes, .. rollouts.Where(change => change.At >= from && change.At < until)], findings[i].Start) };
        }
        var old = report.Report;
        return report with
        {
            Findings = findings, ChangesFrom = asked,
            Report = new CheckReport(old.Check, old.Outcome, old.Summary, old.StartedAt, call.Time.GetUtcNow(), old.Findings, [.. old.BlindSpots, .. blind], old.Decision),
        };
    }

    public void Dispose()
    {
        _clusters.ForEach(cluster => cluster.Client.Dispose());
        _own?.Dispose();
    }

    /// <returns>Why the trail could not be asked.</returns>
    private async Task<Problem?> AddTrailAsync(CostFinding[] findings, CancellationToken cancellation)
    {
        for (var i = 0; i < Math.Min(MostAskedOfTrail, findings.Length); i++)
        {
            var (from, until) = Window(findings[i].Start);
            var changes = await TrailChanges.BetweenAsync(_trail!, from, until, cancellation);
            if (!changes.IsOk)
            {
                return changes.Problem;
            }
            findings[i] = findings[i] with { Changes = changes.Value };
        }
        return null;
    }

    private static (DateTimeOffset From, DateTimeOffset Until) Window(DateOnly start)
    {
        var day = new DateTimeOffset(start.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        return (day - Before, day + Day);
    }

    /// <summary>Those nearest to the day's beginning, in the order of time.</summary>
    private static Change[] Nearest(IEnumerable<Change> changes, DateOnly start) =>
        [.. changes.OrderBy(change => change.Before(start).Duration()).Take(MostShown).OrderBy(change => change.At)];

    private Problem? AddCluster(IReadOnlyList<string> files, string? context, string name)
    {
        var target = KubeconfigFile.Load(files).Then(config => config.Target(call.Time, context));
        if (!target.IsSuccess)
        {
            return target.Error.ToProblem();
        }
        _clusters.Add((new KubeClient(target.Value, new KubeClientOptions { Time = call.Time }), name));
        return null;
    }
}
