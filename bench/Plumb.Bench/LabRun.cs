using System.Diagnostics;
using System.Globalization;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Storage;

namespace Plumb.Bench;

/// <summary>One <c>plumb up</c> in a home of its own, watched from outside from the moment the process is started.</summary>
internal sealed class LabRun : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly PlumbHome _home = new(Directory.CreateTempSubdirectory("plumb-bench-").FullName);
    private readonly Process _process;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private KubeClient? _client;

    public LabRun(string program, params string[] args)
    {
        var start = new ProcessStartInfo(program, ["up", "--console-port", "0", .. args])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["PLUMB_HOME"] = _home.Path;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, line) => Trace(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;

    public KubeClient Client => _client ?? throw new InvalidOperationException("The API has not answered yet.");

    /// <summary>From the process's start until the API answers a request, in milliseconds.</summary>
    public async Task<double> ApiAnswersAsync()
    {
        var kubeconfig = Path.Combine(_home.Path, "cluster", "kubeconfig");
        while (true)
        {
            // The kubeconfig is written after the server listens, so its appearance is when a client can begin.
            if (File.Exists(kubeconfig) && Kubeconfig.Load([kubeconfig]).Then(c => c.Target(TimeProvider.System)) is { IsSuccess: true } target)
            {
                _client ??= new KubeClient(target.Value);
                var version = await _client.ServerVersionAsync(CancellationToken.None);
                if (version.IsSuccess)
                {
                    return _clock.Elapsed.TotalMilliseconds;
                }
            }

            await WaitAsync();
        }
    }

    /// <summary>From the process's start until so many objects of a kind are Ready, in milliseconds.</summary>
    public async Task<double> ReadyAsync(KubeResource resource, int wanted)
    {
        using var limit = new CancellationTokenSource(Patience);
        var ready = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var change in Client.WatchAsync(resource, null, null, null, limit.Token))
        {
            if (change is KubeWatchEvent.Changed { Object: var item } && Conditions.IsReady(item) && ready.Add(item.Uid) && ready.Count >= wanted)
            {
                return _clock.Elapsed.TotalMilliseconds;
            }
        }

        throw new TimeoutException($"Not {wanted} {resource} Ready.");
    }

    /// <summary>From the process's start until the lab itself says that all is ready, a first payment included, in milliseconds.</summary>
    public async Task<double> LabReadyAsync()
    {
        while (true)
        {
            if (LabState.Read(_home) is { IsOk: true, Value: { Phase: not LabPhase.Starting } state })
            {
                return state.Phase == LabPhase.Ready ? _clock.Elapsed.TotalMilliseconds : throw new InvalidOperationException(state.Trouble);
            }

            await WaitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        using (var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_home.Path, recursive: true);
    }

    private async Task WaitAsync()
    {
        if (_process.HasExited || _clock.Elapsed > Patience)
        {
            throw new InvalidOperationException($"plumb up did not get there (exit {(_process.HasExited ? _process.ExitCode : null)}).");
        }

        await Task.Delay(Poll);
    }

    private static void Trace(string? line)
    {
        if (line is { Length: > 0 } && Environment.GetEnvironmentVariable("BENCH_TRACE") == "1")
        {
            Console.Error.WriteLine(line);
        }
    }
}

internal static class Conditions
{
    public static bool IsReady(KubeObject item) =>
        !item.IsTerminating && item.Json.Field("status").Items("conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");
}
