using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Plumb.EndToEnd.Payments;

/// <summary>One service of the payments system as a process of its own, on free ports of loopback.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly ConcurrentQueue<JsonElement> _log = new();

    public ServiceProcess(string role, IReadOnlyDictionary<string, string> env, params string[] args)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Plumb.Cli"), ["payments", role, .. args]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["POD_IP"] = "127.0.0.1";
        start.Environment["POD_NAME"] = role;
        start.Environment["PORT"] = "0";
        start.Environment["ADMIN_PORT"] = "0";
        start.Environment["SMTP_PORT"] = "0";
        foreach (var (name, value) in env)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
    }

    public IReadOnlyCollection<JsonElement> Log => _log;

    public async Task<string> UrlAsync() => (await LoggedAsync("started")).GetProperty("url").GetString()!;

    /// <summary>The first line of an event, waited for.</summary>
    public async Task<JsonElement> LoggedAsync(string name, string? traceId = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            foreach (var line in _log)
            {
                if (Text(line, "event") == name && (traceId is null || Text(line, "trace_id") == traceId))
                {
                    return line;
                }
            }

            Assert.False(_process.HasExited && limit.IsCancellationRequested, $"the service ended: {string.Join('\n', _log)}");
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>SIGTERM, and its exit code when it has ended.</summary>
    public async Task<int> TerminateAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        return await EndAsync();
    }

    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is { Length: > 0 })
        {
            _log.Enqueue(JsonElement.Parse(line));
        }
    }

    private static string? Text(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;
}
