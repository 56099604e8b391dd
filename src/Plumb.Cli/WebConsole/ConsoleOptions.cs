using System.Net;
using Plumb.Cli.Tracing;
using Plumb.Cli.WebConsole.Traffic;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.Cli.WebConsole;

/// <summary>What a console shows and where it listens.</summary>
internal sealed record ConsoleOptions
{
    /// <summary>The port that is tried when none was asked for; if it is taken, any free one.</summary>
    internal const int UsualPort = 7585;

    /// <summary>Loopback unless a person asked for something else, which is worth a warning: the token crosses the network in clear text.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port that was asked for (0: any free one), or null for the usual one.</summary>
    public int? Port { get; init; }

    /// <summary>The console owns it, and the sources below: it disposes what can be disposed.</summary>
    public required IClusterFeed Feed { get; init; }

    /// <summary>Where charts come from, or null when there is no Prometheus: then there are no charts, and the page says so.</summary>
    public ITrafficSource? Traffic { get; init; }

    /// <summary>What can be run, or null for a console that only shows.</summary>
    public IExperimentDesk? Experiments { get; init; }

    /// <summary>The pods' logs, or null for a console without them.</summary>
    public LogDesk? Logs { get; init; }

    /// <summary>The home whose last reports are shown, or null: then the pages of the checks are not there.</summary>
    public PlumbHome? Home { get; init; }

    /// <summary>The scenes of the lab, or null for a console of another cluster.</summary>
    public SceneDesk? Scenes { get; init; }

    /// <summary>The lab's saved recordings, or null for a console of another cluster.</summary>
    public RecordingDesk? Recordings { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>With what only the lab has: scenes to break, and the recordings of its containers.</summary>
    public ConsoleOptions WithLab(PlumbHome home, KubeTarget target) => this with
    {
        Home = home,
        Scenes = new SceneDesk(home, Time),
        Recordings = new RecordingDesk(home, new KubeClient(target, new KubeClientOptions { Time = Time })),
    };

    /// <summary>A console of a cluster, with charts when there is a Prometheus. Nothing is read yet.</summary>
    /// <param name="name">What the page calls the cluster.</param>
    /// <param name="ns">Pods and events of this namespace only; null means all.</param>
    public static ConsoleOptions Of(KubeTarget target, string name, string? ns, Uri? prometheus, TrafficQueries queries, TimeProvider time) => new()
    {
        Feed = new KubernetesFeed(new KubeClient(target, new KubeClientOptions { Time = time }), name, ns, time),
        Traffic = prometheus is null ? null : new PrometheusTraffic(prometheus, queries, time),
        Logs = new LogDesk(new KubeClient(target, new KubeClientOptions { Time = time }), ns, time),
        Time = time,
    };
}
