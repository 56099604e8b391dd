using System.Net;
using System.Text;
using System.Text.Json;
using Plumb.Lab.Payments.Faults;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Tests.Lab.Payments;

/// <summary>One real service in this process, on a free port of loopback.</summary>
internal sealed class RunningService : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly LogText _output = new();
    private readonly JsonLog _log;
    private readonly FaultSet _faults = new(TimeProvider.System, 1, _ => { });

    public RunningService(Func<JsonLog, ServiceMetrics, IService> create, int drainMs = 0)
        : this((log, metrics, _) => create(log, metrics), drainMs)
    {
    }

    public RunningService(Func<JsonLog, ServiceMetrics, FaultSet, IService> create, int drainMs = 0)
    {
        _log = new JsonLog(_output, "test", "1.0", "pod", TimeProvider.System);
        var settings = new ServiceSettings(
            "test", "1.0", Variant.None, IPAddress.Loopback, 0, 0, "pod", "node", TimeSpan.FromMilliseconds(drainMs), TimeSpan.FromSeconds(20));
        var metrics = new ServiceMetrics("test", "1.0");
        Service = create(_log, metrics, _faults);
        Ended = new ServiceHost(settings, _log, metrics, _faults, TimeProvider.System, Service).RunAsync(_stop.Token);
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
    }

    public IService Service { get; }
    public HttpClient Client { get; }
    public Task<int> Ended { get; }

    /// <summary>The faults of this service, for a service that reads them itself.</summary>
    public FaultSet Faults => _faults;

    public IReadOnlyList<JsonElement> Log => _output.Lines();

    /// <summary>Lines that are no JSON.</summary>
    public IReadOnlyList<string> PlainLines => _output.PlainLines();

    public void Stop() => _stop.Cancel();

    /// <summary>Where it serves, or with <paramref name="admin"/> where its faults are set.</summary>
    public async Task<Uri> UrlAsync(bool admin = false)
    {
        var started = await LoggedAsync("started");
        return new Uri(started.GetProperty(admin ? "admin_url" : "url").GetString()!);
    }

    /// <summary>The first log line of an event, waited for.</summary>
    public async Task<JsonElement> LoggedAsync(string name)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            var line = Log.FirstOrDefault(l => l.GetProperty("event").GetString() == name);
            if (line.ValueKind == JsonValueKind.Object)
            {
                return line;
            }

            await Task.Delay(5, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Ended;
        Client.Dispose();
        _faults.Dispose();
        _log.Dispose();
        _stop.Dispose();
    }

    private sealed class LogText : MemoryStream
    {
        private readonly Lock _lock = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (_lock)
            {
                base.Write(buffer);
            }
        }

        public List<JsonElement> Lines() => [.. All().Where(line => line[0] == '{').Select(line => JsonDocument.Parse(line).RootElement)];

        public List<string> PlainLines() => [.. All().Where(line => line[0] != '{')];

        private string[] All()
        {
            lock (_lock)
            {
                return Encoding.UTF8.GetString(ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }
        }
    }
}
