using System.CommandLine;
using Plumb.Cli.Configuration;
using Plumb.Cli.Framework;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Recorder.Always;

namespace Plumb.Cli.Commands.Trace;

internal sealed class Node : CliCommand
{
    /// <summary>What a pod's own kubelet calls its node, by the downward API (deploy/recorder.yaml).</summary>
    private const string NodeVariable = "NODE_NAME";

    private readonly Option<string> _cgroup = new("--cgroup") { Description = "how the cgroup paths of the containers begin (default /kubepods)", HelpName = "PREFIX", DefaultValueFactory = _ => "/kubepods" };
    private readonly Option<string?> _node = new("--node") { Description = "this node's name in the cluster (default: $NODE_NAME; without either, pods of every node are watched)", HelpName = "NAME" };
    private readonly Option<string?> _context = new("--context") { Description = "the kubeconfig's context; without it the service account of the pod that this runs in", HelpName = "NAME" };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "the kubeconfig to read (default: $KUBECONFIG, ~/.kube/config)", HelpName = "FILE" };

    /// <summary>The name of a node's recorder on its machine: there is one.</summary>
    public const string RecorderName = "node";

    public override string Name => "node";

    public override string Summary => "run the flight recorder of a cluster's node, until Ctrl-C";

    public override string Description =>
        "Records every container of this machine all the time, each from its first execve, in a ring of its last 4,096 calls (1 MiB of the kernel's memory); when one ends badly or turns unready its ring is saved in this PLUMB_HOME and is a finding. "
        + "Killed with SIGKILL it goes on in the kernel, and the next start picks it up. 'plumb trace pod/NAME -n NAMESPACE' on the same machine reads the rings. deploy/recorder.yaml runs it on every node. It changes nothing in the cluster: it only watches pods.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb trace node", "in a pod of a DaemonSet, with its service account"),
        new("plumb trace node --context prod --node worker-3", "on the node itself, with a kubeconfig"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes => [(0, "it ran and was ended"), (2, "it could not start; one line on standard error says why and what to do")];

    public override IReadOnlyList<Option> Options => [_cgroup, _node, _context, _kubeconfig];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var target = Target(call);
        if (!target.IsSuccess)
        {
            return call.Fail(new Problem(target.Error.Message.TrimEnd('.'), target.Error.Next));
        }
        var configuration = PlumbConfiguration.OfProcess();
        if (!configuration.IsOk)
        {
            return call.Fail(configuration.Problem);
        }
        var started = FlightRecorder.Start(RecorderName, call.Get(_cgroup)!);
        if (!started.IsOk)
        {
            return call.Fail(started.Problem);
        }
        var recorder = started.Value;
        var place = RecordingPlace.Of(call.Home, configuration.Value.Recorder.Limits);
        var node = call.Get(_node) ?? Environment.GetEnvironmentVariable(NodeVariable);
        var pickedUp = recorder.PickedUp ? ", picked up from one that was killed" : "";
        call.Terminal.Error.WriteLine($"recording every container below {call.Get(_cgroup)} ({recorder.Containers().Count} now{pickedUp}); recordings go to {place.Store.Directory}");
        await using var service = new RecorderService(recorder, place, _ => Task.FromResult<KubeTarget?>(target.Value), node is { Length: > 0 } ? node : null, call.Time, call.Keep, call.Terminal.Problem);
        await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
        return ExitCode.Pass;
    }

    private KubeResult<KubeTarget> Target(Invocation call)
    {
        if (call.Get(_context) is null && call.Get(_kubeconfig) is null)
        {
            return ServiceAccount.Load(Environment.GetEnvironmentVariable, call.Time);
        }
        string[] files = call.Get(_kubeconfig) is { } file ? [file] : [.. Platform.Kubernetes.Configuration.Kubeconfig.DefaultFiles(Environment.GetEnvironmentVariable)];
        return Platform.Kubernetes.Configuration.Kubeconfig.Load(files).Then(config => config.Target(call.Time, call.Get(_context)));
    }
}
