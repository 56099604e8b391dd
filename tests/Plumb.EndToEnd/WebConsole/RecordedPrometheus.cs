using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Plumb.EndToEnd.WebConsole;

/// <summary>A real Prometheus whose past is made with promtool, so that a test need not wait for minutes of scrapes.</summary>
internal sealed class RecordedPrometheus : IAsyncDisposable
{
    private const int Tries = 200;
    private readonly DirectoryInfo _folder;
    private readonly Process _process;

    private RecordedPrometheus(DirectoryInfo folder, Process process, Uri url) => (_folder, _process, Url) = (folder, process, url);

    internal Uri Url { get; }

    /// <param name="openMetrics">Samples with their times, in the OpenMetrics text format.</param>
    internal static async Task<RecordedPrometheus> StartAsync(string openMetrics, CancellationToken cancellationToken)
    {
        Assert.True(File.Exists("/usr/bin/prometheus"), "This test runs Debian's Prometheus: apt-get install prometheus");
        var folder = Directory.CreateTempSubdirectory("plumb-prometheus-");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "past.txt"), openMetrics, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "prometheus.yml"), "global: {}\n", cancellationToken);
        using (var promtool = Run(folder, "/usr/bin/promtool", "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"))
        {
            await promtool.WaitForExitAsync(cancellationToken);
            Assert.Equal(0, promtool.ExitCode);
        }

        var port = FreePort();
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        var process = Run(folder, "/usr/bin/prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=" + url.Authority, "--log.level=error");
        var started = new RecordedPrometheus(folder, process, url);
        using var client = new HttpClient(new SocketsHttpHandler());
        for (var i = 0; i < Tries; i++)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(url, "-/ready"), cancellationToken);
                if (answer.IsSuccessStatusCode)
                {
                    return started;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50, cancellationToken);
        }

        await started.DisposeAsync();
        throw new InvalidOperationException("Prometheus did not become ready.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static Process Run(DirectoryInfo folder, string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder.FullName, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
