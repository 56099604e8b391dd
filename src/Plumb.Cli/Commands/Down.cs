using System.Text.Json.Nodes;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Platform.Processes;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Commands;

internal sealed class Down : CliCommand
{
    /// <summary>Pods get their grace period (30 s at most in the lab's manifests), then the rest is taken down.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    public override string Name => "down";

    public override string Summary => "end the lab and leave nothing behind";

    public override string Description =>
        "Asks the running lab to end and waits until it has: pods are stopped, processes, cgroups, mounts and addresses are gone. After a crash or a "
        + "kill -9 it clears what the dead lab left. Without a lab it does nothing and says so.";

    public override IReadOnlyList<Example> Examples => [new("plumb down", "end the lab"), new("PLUMB_HOME=/tmp/second plumb down", "end another one")];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        switch (LabState.Read(call.Home))
        {
            case null:
                return Say(call, $"no lab runs here (state directory {call.Home.Path}); nothing to do");
            case { IsOk: false } unreadable:
                return call.Fail(unreadable.Problem!);
            case { Value: { IsAlive: true } lab }:
                return await EndAsync(call, lab, cancellation);
            default:
                LabRecorder.TakeOut(call.Home, call.Time, call.Keep, call.Terminal.Problem);
                return await Plumb.Lab.LabHost.ClearLeftoversAsync(call.Home, cancellation) is { } ended
                    ? Say(call, $"the lab had ended without cleaning up; what it left is cleared ({ended} processes)")
                    : call.Fail(new Problem($"the state directory {call.Home.Path} is in use by a lab that is just starting or ending", "Try again in a moment"));
        }
    }

    private static async Task<int> EndAsync(Invocation call, LabState lab, CancellationToken cancellation)
    {
        using var progress = new Progress(call.Terminal, call.Time);
        progress.Now($"stopping the lab (process {lab.Pid})");
        if (!Signals.Terminate(lab.Pid))
        {
            return call.Fail(new Problem($"the lab's process {lab.Pid} cannot be signalled", "Run as the user who started it"));
        }
        while (lab.IsAlive && progress.Elapsed < Patience)
        {
            await Task.Delay(LookAgain, call.Time, cancellation);
        }
        if (lab.IsAlive)
        {
            progress.Now("it does not end by itself: killing it");
            Signals.Kill(lab.Pid);
            while (lab.IsAlive)
            {
                await Task.Delay(LookAgain, call.Time, cancellation);
            }
        }
        LabRecorder.TakeOut(call.Home, call.Time, call.Keep, call.Terminal.Problem);
        await Plumb.Lab.LabHost.ClearLeftoversAsync(call.Home, cancellation);
        progress.Done("the lab has ended");
        return Say(call, null);
    }

    private static int Say(Invocation call, string? text)
    {
        if (call.Json)
        {
            call.Terminal.Json(new JsonObject { ["running"] = false }, CoreJson.Indented.JsonObject);
        }
        else if (text is not null)
        {
            call.Terminal.Line(text);
        }
        return ExitCode.Pass;
    }
}
