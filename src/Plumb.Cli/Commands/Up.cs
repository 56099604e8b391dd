using System.CommandLine;
using Plumb.Cli.Configuration;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;
using Plumb.Cli.Lab;
using Plumb.Cli.Output;
using Plumb.Cli.Tracing;
using Plumb.Cli.WebConsole;
using Plumb.Cli.WebConsole.Traffic;
using Plumb.Core;
using Plumb.Lab;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Commands;

internal sealed class Up : CliCommand
{
    private const double HighestRate = 500;

    private readonly Option<bool> _detach = new("--detach", "-d") { Description = "return when everything is ready; the lab runs on until 'plumb down'" };
    private readonly Option<int?> _nodes = new("--nodes") { Description = "nodes of the cluster (1 to 20); without it lab.nodes of plumb.yaml, or 3", HelpName = "N" };
    private readonly Option<bool> _keep = new("--keep") { Description = "keep objects and data when the lab ends, and go on with those of the last kept one" };
    private readonly Option<bool> _bare = new("--bare") { Description = "only the cluster, without the payments system" };
    private readonly Option<bool> _noRecorder = new("--no-recorder") { Description = "do not record the containers' system calls: nothing is attached to the kernel; recorder.enabled of plumb.yaml does so too" };
    private readonly Option<double> _rate = new("--rate") { Description = "payments a second that the load generator sends (0 to 500)", HelpName = "N", DefaultValueFactory = _ => 20 };
    private readonly Option<int> _apiPort = new("--api-port") { Description = "the Kubernetes API's port on 127.0.0.1; 0 takes a free one", HelpName = "PORT", DefaultValueFactory = _ => 0 };
    private readonly Option<int?> _consolePort = new("--console-port") { Description = "the console's port; without it console.port of plumb.yaml, or 7585, or any free one when that is taken", HelpName = "PORT" };

    public override string Name => "up";

    public override string Summary => "start the lab: a Kubernetes of real processes, and payments on it";

    public override string Description =>
        "Starts a Kubernetes cluster in this program: an API server that kubectl and every other client can use, and nodes whose containers are real "
        + "Linux processes. On it runs a payments system with a real PostgreSQL and Prometheus. Ctrl-C ends it and leaves nothing behind. As root, "
        + "memory and CPU limits, private file systems and addresses are enforced by the kernel; without root the table says what is not.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb up", "until Ctrl-C"),
        new("plumb up --detach && plumb experiment run kill-pod", "in the background"),
        new("plumb up --bare --nodes 1", "an empty cluster, as small as possible"),
        new("PLUMB_HOME=/tmp/second plumb up", "a second lab beside the first"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes =>
    [
        (0, "the lab ran and was ended, or runs detached"),
        (1, "the lab runs, but not everything became ready"),
        (2, "it could not start; one line on standard error says why and what to do"),
    ];

    public override IReadOnlyList<Option> Options => [_detach, _nodes, _keep, _bare, _noRecorder, _rate, _apiPort, _consolePort];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        if (call.Get(_nodes) is < 1 or > LabSettings.MostNodes)
        {
            return call.Fail(new Problem($"a lab has 1 to {LabSettings.MostNodes} nodes, not {call.Get(_nodes)}", "See 'plumb up --help'"));
        }
        if (call.Get(_rate) is not (>= 0 and <= HighestRate))
        {
            return call.Fail(new Problem($"the load is 0 to {HighestRate} payments a second, not {call.Get(_rate)}", "See 'plumb up --help'"));
        }
        var configuration = PlumbConfiguration.OfProcess();
        if (!configuration.IsOk)
        {
            return call.Fail(configuration.Problem);
        }
        var options = new LabOptions(call.Home)
        {
            Nodes = call.Get(_nodes) ?? configuration.Value.Lab.Nodes, Keep = call.Get(_keep), Payments = !call.Get(_bare), LoadRate = call.Get(_rate), ApiPort = call.Get(_apiPort),
            Recorder = cgroup => call.Get(_noRecorder) ? LabRecorder.NotWanted(_noRecorder.Name)
                : configuration.Value.Recorder is { Enabled: true, Limits: var limits } ? LabRecorder.Start(cgroup, call.Home, limits, call.Time, call.Keep, call.Terminal.Problem)
                : LabRecorder.NotWanted("recorder.enabled is false in plumb.yaml"),
        };
        var port = call.Get(_consolePort) ?? configuration.Value.Console.Port;
        return call.Get(_detach) ? await DetachAsync(call, options, port, cancellation) : await StayAsync(call, options, port, cancellation);
    }

    private async Task<int> DetachAsync(Invocation call, LabOptions options, int? consolePort, CancellationToken cancellation)
    {
        if (LabState.Running(call.Home) is { IsOk: true, Value: { } running })
        {
            return call.Fail(new Problem($"a lab runs already in {call.Home.Path} (process {running.Pid})", "See it with 'plumb status', end it with 'plumb down'"));
        }
        var detached = new DetachedLab(call.Home, call.Terminal, call.Time);
        var started = await detached.StartAsync([.. Again(options, consolePort, call.Get(_noRecorder))], cancellation);
        if (!started.IsOk)
        {
            return call.Fail(started.Problem);
        }
        await ShowAsync(call, started.Value, cancellation);
        return started.Value.Phase == LabPhase.Ready ? ExitCode.Pass : ExitCode.Fail;
    }

    /// <summary>The same command line without --detach, for the process that stays.</summary>
    private IEnumerable<string> Again(LabOptions options, int? consolePort, bool noRecorder)
    {
        yield return Name;
        foreach (var (option, value) in ((Option, string)[])[
            (_nodes, $"{options.Nodes}"), (_rate, FormattableString.Invariant($"{options.LoadRate}")), (_apiPort, $"{options.ApiPort}")])
        {
            yield return option.Name;
            yield return value;
        }
        if (consolePort is { } port)
        {
            yield return _consolePort.Name;
            yield return $"{port}";
        }
        foreach (var (flag, given) in ((Option, bool)[])[(_keep, options.Keep), (_bare, !options.Payments), (_noRecorder, noRecorder)])
        {
            if (given)
            {
                yield return flag.Name;
            }
        }
    }

    private static async Task<int> StayAsync(Invocation call, LabOptions options, int? consolePort, CancellationToken cancellation)
    {
        using var progress = new Output.Progress(call.Terminal, call.Time);
        var started = await LabHost.StartAsync(options, call.Time, new StepProgress(progress), cancellation);
        if (!started.IsOk)
        {
            progress.Dispose();
            return call.Fail(started.Problem);
        }
        var phase = started.Value.State.Phase;
        await using (var lab = started.Value)
        {
            await using var console = await ConsoleAsync(call, lab, consolePort, cancellation);
            lab.Announce(console?.Url);
            try
            {
                await ShowAsync(call, lab.State, cancellation);
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            catch (OperationCanceledException)
            {
                progress.Now("stopping the pods and the cluster");
            }
        }
        progress.Done("the lab has ended; nothing is left behind");
        return phase == LabPhase.Ready ? ExitCode.Pass : ExitCode.Fail;
    }

    private static async Task<ConsoleServer?> ConsoleAsync(Invocation call, LabHost lab, int? port, CancellationToken cancellation)
    {
        var target = Platform.Kubernetes.Configuration.Kubeconfig.Load([lab.State.Kubeconfig]).Then(config => config.Target(call.Time));
        if (!target.IsSuccess)
        {
            call.Terminal.Problem(new Problem($"no console: {target.Error.Message.TrimEnd('.')}", target.Error.Next));
            return null;
        }
        var options = ConsoleOptions.Of(target.Value, "lab", null, lab.State.Prometheus, TrafficQueries.OfLoadGenerator, call.Time).WithLab(call.Home, target.Value);
        var start = await ConsoleServer.StartAsync(options with { Experiments = new ExperimentDesk(ExperimentTarget.Lab, call.Home, call.Time), Port = port }, cancellation);
        foreach (var warning in start.Warnings)
        {
            call.Terminal.Error.WriteLine($"warning: {warning}");
        }
        if (start.Server is null)
        {
            call.Terminal.Problem(new Problem($"no console: {start.Problem}"));
            return null;
        }
        return start.Server;
    }

    private static async Task ShowAsync(Invocation call, LabState lab, CancellationToken cancellation)
    {
        var survey = await LabSurvey.TakeAsync(lab, call.Time, cancellation);
        if (!survey.IsOk)
        {
            call.Terminal.Problem(survey.Problem);
            return;
        }
        if (call.Json)
        {
            call.Terminal.Json(survey.Value.ToJson(call.Time.GetUtcNow()), CoreJson.Indented.JsonObject);
            return;
        }
        LabTable.Write(call.Terminal, survey.Value, call.Time.GetUtcNow());
        LabTable.Next(call.Terminal);
    }

    /// <summary>Reports at once, in the caller's thread, so that lines keep their order.</summary>
    private sealed class StepProgress(Output.Progress progress) : IProgress<LabStep>
    {
        public void Report(LabStep value)
        {
            if (value.Done)
            {
                progress.Done(value.Text);
            }
            else
            {
                progress.Now(value.Text);
            }
        }
    }
}
