using System.Diagnostics;
using System.Globalization;
using System.Text;
using Plumb.Core.Metrics;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>What every service counts about its requests and its process, under the usual names.</summary>
internal sealed class ServiceMetrics
{
    /// <summary>Failures that a new process has not seen yet stand at 0: a missing series is no data, and an error ratio needs its numerator.</summary>
    private static readonly int[] FailureCodes = [500, 503];

    private readonly string _service;
    private readonly Counter _requests;
    private readonly Histogram _durations;
    private readonly Gauge _inFlight;

    public ServiceMetrics(string service, string version)
    {
        _service = service;
        _requests = Registry.Counter("http_requests_total", "Requests answered.", "service", "route", "method", "code");
        _durations = Registry.Histogram(
            "http_request_duration_seconds", "Time from the request's arrival to the end of its response.", Histogram.RequestSeconds, "service", "route", "method");
        _inFlight = Registry.Gauge("http_requests_in_flight", "Requests being worked on.", "service");
        _inFlight.With(service).Set(0);
        Registry.Gauge("service_info", "Always 1; the labels say what runs.", "service", "version").With(service, version).Set(1);
    }

    public MetricRegistry Registry { get; } = new();

    public void Declare(Route route)
    {
        _durations.With(_service, route.Path, route.Method);
        _requests.With(_service, route.Path, route.Method, route.Method == "POST" ? "201" : "200");
        foreach (var code in FailureCodes)
        {
            _requests.With(_service, route.Path, route.Method, code.ToString(CultureInfo.InvariantCulture));
        }
    }

    public void Begin() => _inFlight.With(_service).Add(1);

    public void End(string route, string method, int code, TimeSpan elapsed)
    {
        _inFlight.With(_service).Add(-1);
        _requests.With(_service, route, method, code.ToString(CultureInfo.InvariantCulture)).Add();
        _durations.With(_service, route, method).Observe(elapsed.TotalSeconds);
    }

    public string Page()
    {
        var text = new StringBuilder(8 * 1024);
        var writer = new ExpositionWriter(text);
        Registry.Write(writer);
        WriteProcess(writer);
        return text.ToString();
    }

    private static void WriteProcess(ExpositionWriter writer)
    {
        using var process = Process.GetCurrentProcess();
        One(writer, "process_cpu_seconds_total", MetricType.Counter, "User and system CPU time.", process.TotalProcessorTime.TotalSeconds);
        One(writer, "process_resident_memory_bytes", MetricType.Gauge, "Resident memory.", process.WorkingSet64);
        One(writer, "process_virtual_memory_bytes", MetricType.Gauge, "Virtual memory.", process.VirtualMemorySize64);
        One(writer, "process_start_time_seconds", MetricType.Gauge, "Start of the process, seconds since the epoch.",
            (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds);
        if (OpenFiles() is { } openFiles)
        {
            One(writer, "process_open_fds", MetricType.Gauge, "Open file descriptors.", openFiles);
        }

        One(writer, "process_num_threads", MetricType.Gauge, "Threads.", process.Threads.Count);
        One(writer, "dotnet_total_memory_bytes", MetricType.Gauge, "Bytes that the garbage collector knows to be allocated.", GC.GetTotalMemory(forceFullCollection: false));
        writer.Family("dotnet_collection_count_total", MetricType.Counter, "Garbage collections.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            writer.Sample("dotnet_collection_count_total", GC.CollectionCount(generation), [("generation", generation.ToString(CultureInfo.InvariantCulture))]);
        }
    }

    private static void One(ExpositionWriter writer, string name, MetricType type, string help, double value)
    {
        writer.Family(name, type, help);
        writer.Sample(name, value);
    }

    /// <summary>Null where there is no /proc: then the metric is left out rather than invented.</summary>
    private static int? OpenFiles() => Directory.Exists("/proc/self/fd") ? Directory.GetFileSystemEntries("/proc/self/fd").Length : null;
}
