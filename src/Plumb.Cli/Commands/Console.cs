using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using Plumb.Cli.Configuration;
using Plumb.Cli.Experiments;
using Plumb.Cli.Framework;
using Plumb.Cli.WebConsole;
using Plumb.Cli.WebConsole.Traffic;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Commands;

internal sealed class Console : CliCommand
{
    private readonly Option<string?> _context = new("--context") { Description = "the kubeconfig's context to show; without it, the running lab", HelpName = "NAME" };
    private readonly Option<string?> _kubeconfig = new("--kubeconfig") { Description = "the kubeconfig to read; without it KUBECONFIG, then ~/.kube/config", HelpName = "FILE" };
    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = "show pods and events of this namespace only", HelpName = "NAME" };
    private readonly Option<Uri?> _prometheus = new("--prometheus") { Description = "where request numbers come from; without it there are no charts (the lab knows its own)", HelpName = "URL" };
    private readonly Option<string[]> _allow = new("--allow-namespace") { Description = "offer the experiments too, and let them act in this namespace; the lab needs no permission", HelpName = "NAMESPACE" };
    private readonly Option<string> _address = new("--console-address") { Description = "the address to listen on; anything but loopback is warned about", HelpName = "IP", DefaultValueFactory = _ => "127.0.0.1" };
    private readonly Option<int?> _port = new("--console-port") { Description = "the port to listen on; without it 7585, or any free one when that is taken", HelpName = "PORT" };

    public override string Name => "console";

    public override string Summary => "show a cluster live in the browser";

    public override string Description =>
        "Serves the console until Ctrl-C: nodes and pods live, events in plain English, and request rate, errors and latency when there is a Prometheus. "
        + "It reads the cluster only while a page is open. It changes nothing by itself: an experiment is run only when its plan was shown and confirmed. "
        + "The printed address holds a token: whoever has it can do what the page can.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb console", "the running lab"),
        new("plumb console --context staging --prometheus http://127.0.0.1:9090", "any cluster of the kubeconfig"),
        new("plumb console --context staging -n payments", "only that namespace"),
    ];

    public override IReadOnlyList<Option> Options => [_context, _kubeconfig, _namespace, _prometheus, _allow, _address, _port];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        if (!IPAddress.TryParse(call.Get(_address), out var address))
        {
            return call.Fail(new Problem($"'{call.Get(_address)}' is not an IP address", "Give one of this machine, for instance 127.0.0.1"));
        }

        if (call.Get(_port) is < 0 or > 65535)
        {
            return call.Fail(new Problem($"there is no port {call.Get(_port)}", "Choose one from 1 to 65535, or 0 for any free one"));
        }

        var configuration = PlumbConfiguration.OfProcess();
        if (!configuration.IsOk)
        {
            return call.Fail(configuration.Problem);
        }

        var options = What(call);
        if (!options.IsOk)
        {
            return call.Fail(options.Problem);
        }

        var start = await ConsoleServer.StartAsync(options.Value with { Address = address, Port = call.Get(_port) ?? configuration.Value.Console.Port, Time = call.Time }, cancellation);
        foreach (var warning in start.Warnings)
        {
            call.Terminal.Error.WriteLine($"warning: {warning}");
        }

        if (start.Server is null)
        {
            return call.Fail(start.Problem!);
        }

        await using (start.Server)
        {
            Tell(call, start.Server.Url);
            await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
        }

        return ExitCode.Pass;
    }

    private static void Tell(Invocation call, Uri url)
    {
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["url"] = url.ToString() }, CoreJson.Indented.JsonObject);
            return;
        }

        call.Terminal.Line($"console  {url}");
        call.Terminal.Line("Ctrl-C ends it. The token in the address is the key: whoever has it can do what the page can.");
    }

    private Result<ConsoleOptions> What(Invocation call)
    {
        if (call.Get(_context) is { } context)
        {
            string[] files = call.Get(_kubeconfig) is { } file ? [file] : [.. Platform.Kubernetes.Configuration.Kubeconfig.DefaultFiles(Environment.GetEnvironmentVariable)];
            var allowed = call.Get(_allow) ?? [];
            var desk = allowed.Length == 0 ? null : new ExperimentDesk(new ExperimentTarget(call.Get(_kubeconfig), context, allowed, AllowProcess: false), call.Home, call.Time);
            return Cluster(call, files, context, context, call.Get(_prometheus), TrafficQueries.OfServices, desk);
        }

        return LabState.Running(call.Home) switch
        {
            null => new Problem("no lab is running here, and no --context was given", "Start the lab with 'plumb up', or say which cluster: plumb console --context NAME"),
            { IsOk: false, Problem: { } problem } => problem,
            { Value: { } lab } => OfLab(call, lab),
            _ => new Problem("the lab's state cannot be read"),
        };
    }

    private Result<ConsoleOptions> OfLab(Invocation call, LabState lab)
    {
        var desk = new ExperimentDesk(ExperimentTarget.Lab, call.Home, call.Time);
        return Cluster(call, [lab.Kubeconfig], null, "lab", call.Get(_prometheus) ?? lab.Prometheus, TrafficQueries.OfLoadGenerator, desk, isLab: true);
    }

    private Result<ConsoleOptions> Cluster(Invocation call, IReadOnlyList<string> files, string? context, string name, Uri? prometheus, TrafficQueries queries, IExperimentDesk? desk,
        bool isLab = false)
    {
        var target = Platform.Kubernetes.Configuration.Kubeconfig.Load(files).Then(config => config.Target(call.Time, context));
        if (!target.IsSuccess)
        {
            return new Problem(target.Error.Message.TrimEnd('.'), target.Error.Next.TrimEnd('.'));
        }
        var options = ConsoleOptions.Of(target.Value, name, call.Get(_namespace), prometheus, queries, call.Time) with { Experiments = desk, Home = call.Home };
        return isLab ? options.WithLab(call.Home, target.Value) : options;
    }
}
