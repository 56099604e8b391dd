using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Lab;

/// <summary>The lab of this home as a command needs it: there, or a sentence that says why not and what to do.</summary>
internal static class RunningLab
{
    public static Result<LabState> Of(PlumbHome home) => LabState.Read(home) switch
    {
        null => new Problem($"no lab runs here (state directory {home.Path})", "Start one with 'plumb up', or set PLUMB_HOME to the one that you mean"),
        { IsOk: true, Value.IsAlive: false } => new Problem(
            $"the lab of {home.Path} ended without cleaning up", "Run 'plumb down' to clear what it left, or 'plumb up' to start anew"),
        { } read => read,
    };
}
