using System.Runtime.InteropServices;
using Plumb.Cluster;

namespace Plumb.Lab.Installation;

/// <summary>What <c>plumb/gateway:1.0</c> and the others are on this machine: this program, told which service to be.</summary>
internal static class PaymentsImages
{
    private static readonly string[] Roles = ["gateway", "auth", "ledger", "notification", "mail", "load"];

    /// <summary>Tag and what is special about it. 1.1 is a harmless next version; the 2.0 ones are what a canary should find.</summary>
    private static readonly (string Tag, string Variant)[] Tags = [("1.0", "none"), ("1.1", "none"), ("2.0-slow", "slow"), ("2.0-errors", "errors")];

    /// <param name="program">Path of this program and the arguments that come before a command.</param>
    public static IReadOnlyList<ImageCommand> Create(IReadOnlyList<string> program) =>
    [
        .. from role in Roles
           from tag in Tags
           select new ImageCommand(
               $"plumb/{role}:{tag.Tag}", program[0], [.. program.Skip(1), "payments", role, "--version", tag.Tag, "--variant", tag.Variant], Runtime),
    ];

    /// <summary>How this process can be started again: the program itself, or the runtime with the program's library.</summary>
    public static IReadOnlyList<string> ThisProgram()
    {
        var path = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this process is not known.");
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, Path.Combine(AppContext.BaseDirectory, "Plumb.Cli.dll")] : [path];
    }

    /// <summary>Settings of the .NET runtime for many small processes on one machine: a small young generation, and no debugging ports.</summary>
    private static readonly Dictionary<string, string> Runtime = new()
    {
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../..")),
        ["DOTNET_GCgen0size"] = "0x200000",
        ["DOTNET_GCConserveMemory"] = "5",
        ["DOTNET_gcConcurrent"] = "0",
        ["DOTNET_EnableDiagnostics"] = "0",
    };
}
