using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Plumb.Core;

namespace Plumb.Platform.Processes;

/// <summary>A program to run to its end.</summary>
/// <param name="TimeLimit">After this the process and everything that it started are killed.</param>
/// <param name="Input">Text for its standard input; null closes it at once.</param>
/// <param name="Environment">Variables to set, or with null to remove; the others are inherited.</param>
public sealed record ProcessRequest(
    string Program,
    IReadOnlyList<string> Arguments,
    TimeSpan TimeLimit,
    string? Input = null,
    string? WorkingDirectory = null,
    IReadOnlyDictionary<string, string?>? Environment = null);

/// <summary>What a program left behind when it ended.</summary>
/// <param name="ExitCode">128 + n when signal n killed it.</param>
/// <param name="Truncated">Whether it wrote more than <see cref="ProcessRunner.MaxOutputChars"/> to one of them; the rest was read and dropped.</param>
public sealed record ProcessOutput(int ExitCode, string Output, string Error, bool Truncated)
{
    /// <summary>The last line of standard error that is not blank, for a message; of standard output when there is none.</summary>
    public string LastLine => Last(Error) ?? Last(Output) ?? "";

    private static string? Last(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
}

/// <summary>Runs programs to their end, with a time limit and bounded output; nothing that it starts outlives it.</summary>
public static class ProcessRunner
{
    /// <summary>Characters kept of each of standard output and standard error.</summary>
    public const int MaxOutputChars = 4 * 1024 * 1024;

    private const int ReadChars = 16 * 1024;

    /// <summary>
    /// Runs it. A program that cannot be started or that takes too long is a problem; an exit code that is not 0 is a result.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; the process tree has been killed.</exception>
    public static async Task<Result<ProcessOutput>> RunAsync(ProcessRequest request, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var process = new Process { StartInfo = StartInfo(request) };
        try
        {
            process.Start();
        }
        catch (Win32Exception error)
        {
            return new Problem($"'{request.Program}' cannot be started: {error.Message}");
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(request.TimeLimit);
        try
        {
            var output = ReadAsync(process.StandardOutput, limit.Token);
            var error = ReadAsync(process.StandardError, limit.Token);
            await WriteAsync(process, request.Input, limit.Token);
            await process.WaitForExitAsync(limit.Token);
            var (outputText, outputCut) = await output;
            var (errorText, errorCut) = await error;
            return new ProcessOutput(process.ExitCode, outputText, errorText, outputCut || errorCut);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            cancellation.ThrowIfCancellationRequested();
            return new Problem($"'{request.Program} {string.Join(' ', request.Arguments)}' did not end within {request.TimeLimit.TotalSeconds:0.#} s and was killed");
        }
    }

    private static ProcessStartInfo StartInfo(ProcessRequest request)
    {
        var start = new ProcessStartInfo(request.Program, request.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = request.WorkingDirectory ?? "",
        };
        foreach (var (name, value) in request.Environment ?? new Dictionary<string, string?>())
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }
        return start;
    }

    private static async Task WriteAsync(Process process, string? input, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A program may end, or close its input, without having read all of it.
        }
    }

    private static async Task<(string Text, bool Cut)> ReadAsync(StreamReader reader, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        var buffer = new char[ReadChars];
        var cut = false;
        while (await reader.ReadAsync(buffer, cancellation) is > 0 and var read)
        {
            var room = Math.Min(read, MaxOutputChars - text.Length);
            text.Append(buffer, 0, room);
            cut |= room < read;
        }
        return (text.ToString(), cut);
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself in the meantime.
        }
    }
}
