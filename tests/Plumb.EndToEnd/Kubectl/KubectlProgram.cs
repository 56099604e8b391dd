using System.Diagnostics;
using System.Globalization;

namespace Plumb.EndToEnd.Kubectl;

/// <summary>A kubectl of this machine, told where the cluster is by nothing but the kubeconfig that the cluster writes.</summary>
internal sealed class KubectlProgram(string path, string kubeconfig, string home)
{
    /// <summary>What any one command may take; only a hanging command reaches it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Every kubectl found, the oldest first.</summary>
    public static IReadOnlyList<string> Found { get; } =
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Append("/usr/lib/google-cloud-sdk/bin")
            .Append(Path.Combine(BuiltProgram.Root, ".build/debian-kubectl"))
            .Distinct(StringComparer.Ordinal).Where(Directory.Exists).SelectMany(place => Directory.GetFiles(place, "kubectl*")).Where(IsKubectl)
            .OrderBy(Minor).ThenBy(file => file, StringComparer.Ordinal),
    ];

    public string Kubeconfig => kubeconfig;

    public static string? Newest => Found.Count == 0 ? null : Found[^1];

    public static string Name(string file) => Path.GetFileName(file);

    private static bool IsKubectl(string file) => Path.GetFileName(file) is "kubectl" || Path.GetFileName(file).StartsWith("kubectl.1.", StringComparison.Ordinal);

    private static int Minor(string file) => int.TryParse(Path.GetExtension(file).AsSpan().TrimStart('.'), NumberStyles.None, CultureInfo.InvariantCulture, out var minor) ? minor : 0;

    /// <summary>Runs a command that must succeed, and returns what it wrote.</summary>
    public async Task<string> DoAsync(string commandLine, string? input = null)
    {
        var (code, text) = await RunAsync(commandLine, input);
        Assert.True(code == 0, $"kubectl {commandLine} ended with {code}:\n{text}");
        return text;
    }

    /// <summary>Runs a command that must fail, and returns what it wrote.</summary>
    public async Task<string> RefusedAsync(string commandLine)
    {
        var (code, text) = await RunAsync(commandLine, null);
        Assert.True(code != 0, $"kubectl {commandLine} was expected to fail, and wrote:\n{text}");
        return text;
    }

    /// <summary>Starts a command that goes on by itself, does something after its first line, and ends it when a line is as wanted.</summary>
    public async Task<IReadOnlyList<string>> FollowAsync(string commandLine, Func<string, bool> last, Func<Task>? afterFirst = null)
    {
        using var process = Start(commandLine);
        var lines = new List<string>();
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            Task? act = null;
            do
            {
                lines.Add(await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("it ended: " + await process.StandardError.ReadToEndAsync(limit.Token)));
                act ??= afterFirst?.Invoke();
            }
            while (!last(lines[^1]));
            await (act ?? Task.CompletedTask);
            return lines;
        }
        catch (OperationCanceledException overdue)
        {
            throw new TimeoutException($"kubectl {commandLine} never wrote the line waited for, but:\n{string.Join('\n', lines)}", overdue);
        }
        finally
        {
            process.Kill();
        }
    }

    public async Task<(int Code, string Text)> RunAsync(string commandLine, string? input)
    {
        var (code, output, errors) = await RunAsync(Start(commandLine), commandLine, input);
        return (code, output + errors);
    }

    /// <summary>Runs a shell's script, in which <c>$KUBECTL</c> is this kubectl.</summary>
    public Task<(int Code, string Output, string Errors)> ShellAsync(string script, string? input = null) => RunAsync(StartShell(script), script, input);

    /// <summary>Starts a shell's script, in which <c>$KUBECTL</c> is this kubectl; the caller ends it.</summary>
    public Process StartShell(string script)
    {
        var start = Told("/bin/sh");
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        start.Environment["KUBECTL"] = path;
        return Process.Start(start)!;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(Process started, string commandLine, string? input)
    {
        using var process = started;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException overdue)
        {
            process.Kill();
            throw new TimeoutException($"{commandLine} did not end within {Patience}", overdue);
        }
    }

    private Process Start(string commandLine)
    {
        var start = Told(path);
        start.Arguments = commandLine;
        return Process.Start(start)!;
    }

    private ProcessStartInfo Told(string program) => new(program)
    {
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["KUBECONFIG"] = kubeconfig, ["HOME"] = home },
    };
}
