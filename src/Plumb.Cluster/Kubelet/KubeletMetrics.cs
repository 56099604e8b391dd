using System.Globalization;
using System.Text;
using Plumb.Cluster.Api;
using Plumb.Cluster.Containers;

namespace Plumb.Cluster.Kubelet;

/// <summary>What the node's containers use, in the names and labels of cAdvisor and of the kubelet.</summary>
internal sealed class KubeletMetrics(NodeContext node, Func<List<PodWorker>> pods)
{
    private const double Nano = 1e9;

    /// <summary>Usage is measured over at least this long.</summary>
    private static readonly TimeSpan LeastWindow = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Cpu, DateTimeOffset At, ContainerUsage? Last)> _samples = new(StringComparer.Ordinal);

    private sealed record Sample(PodWorker Pod, ContainerRecord Record, RunningContainer Container, CgroupStats Stats)
    {
        public string Labels(bool isFull) =>
            isFull
                ? $"container=\"{Record.Name}\",id=\"/kubepods/pod{Pod.Uid}/{Container.Spec.Id}\",image=\"{Record.Spec.Image}\",name=\"{Container.Spec.Id}\",namespace=\"{Pod.Pod.Metadata.Namespace}\",pod=\"{Pod.Pod.Metadata.Name}\""
                : $"container=\"{Record.Name}\",namespace=\"{Pod.Pod.Metadata.Namespace}\",pod=\"{Pod.Pod.Metadata.Name}\"";
    }

    public string? Page(string page) => page switch
    {
        "cadvisor" => Cadvisor(),
        "resource" => Resource(),
        "probes" => "",
        _ => null,
    };

    public IReadOnlyList<ContainerUsage> Usage()
    {
        var now = node.Time.GetUtcNow();
        var samples = Take();
        lock (_lock)
        {
            foreach (var gone in _samples.Keys.Except(samples.Select(sample => sample.Container.Spec.Id), StringComparer.Ordinal).ToList())
            {
                _samples.Remove(gone);
            }
            return [.. samples.Select(sample => Usage(sample, now))];
        }
    }

    private ContainerUsage Usage(Sample sample, DateTimeOffset now)
    {
        var id = sample.Container.Spec.Id;
        var known = _samples.TryGetValue(id, out var before) ? before : (Cpu: 0L, At: sample.Container.StartedAt, Last: null);
        var window = now - known.At;
        if (window < LeastWindow && known.Last is { } recent)
        {
            return recent;
        }
        var nanoCores = window > TimeSpan.Zero ? (long)((sample.Stats.CpuNanoseconds - known.Cpu) / window.TotalSeconds) : 0;
        var usage = new ContainerUsage(
            sample.Pod.Pod.Metadata.Namespace!, sample.Pod.Pod.Metadata.Name, sample.Record.Name, Math.Max(0, nanoCores), sample.Stats.WorkingSetBytes, now, window);
        _samples[id] = (sample.Stats.CpuNanoseconds, now, usage);
        return usage;
    }

    private string Cadvisor()
    {
        var text = new StringBuilder();
        var samples = Take();
        Family("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.", sample => sample.Stats.CpuNanoseconds / Nano, ",cpu=\"total\"");
        Family("container_cpu_cfs_periods_total", "counter", "Number of elapsed enforcement period intervals.", sample => sample.Stats.Periods);
        Family("container_cpu_cfs_throttled_periods_total", "counter", "Number of throttled period intervals.", sample => sample.Stats.ThrottledPeriods);
        Family("container_cpu_cfs_throttled_seconds_total", "counter", "Total time duration the container has been throttled.", sample => sample.Stats.ThrottledNanoseconds / Nano);
        Family("container_memory_usage_bytes", "gauge", "Current memory usage in bytes, including all memory regardless of when it was accessed.", sample => sample.Stats.MemoryBytes);
        Family("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", sample => sample.Stats.WorkingSetBytes);
        Family("container_memory_rss", "gauge", "Size of RSS in bytes.", sample => sample.Stats.RssBytes);
        Family("container_memory_cache", "gauge", "Number of bytes of page cache memory.", sample => sample.Stats.CacheBytes);
        Family("container_oom_events_total", "counter", "Count of out of memory events observed for the container.", sample => sample.Stats.OomKills);
        Family("container_spec_memory_limit_bytes", "gauge", "Memory limit for the container.", sample => sample.Container.Spec.Limits.MemoryBytes ?? 0);
        Family("container_spec_cpu_period", "gauge", "CPU period of the container.", _ => 100_000);
        Family("container_spec_cpu_quota", "gauge", "CPU quota of the container.", sample => sample.Container.Spec.Limits.CpuMillis is { } millis ? millis * 100 : null);
        Family("container_spec_cpu_shares", "gauge", "CPU share of the container.", sample => Math.Max(2, sample.Container.Spec.Limits.CpuRequestMillis * 1024 / 1000));
        Family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.", sample => sample.Container.StartedAt.ToUnixTimeMilliseconds() / 1000.0);
        return text.ToString();

        void Family(string name, string type, string help, Func<Sample, double?> value, string more = "")
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            foreach (var sample in samples)
            {
                if (value(sample) is { } number)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{{{sample.Labels(isFull: true)}{more}}} {Number(number)}\n");
                }
            }
        }
    }

    private string Resource()
    {
        var text = new StringBuilder();
        var samples = Take();
        Family("container_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the container in core-seconds", sample => sample.Stats.CpuNanoseconds / Nano);
        Family("container_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the container in bytes", sample => sample.Stats.WorkingSetBytes);
        Family("container_start_time_seconds", "gauge", "[STABLE] Start time of the container since unix epoch in seconds", sample => sample.Container.StartedAt.ToUnixTimeMilliseconds() / 1000.0);
        Total("node_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the node in core-seconds", samples.Sum(sample => sample.Stats.CpuNanoseconds / Nano));
        Total("node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes", samples.Sum(sample => (double)sample.Stats.WorkingSetBytes));
        Pod("pod_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds", sample => sample.Stats.CpuNanoseconds / Nano);
        Pod("pod_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the pod in bytes", sample => sample.Stats.WorkingSetBytes);
        Total("resource_scrape_error", "gauge", "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", 0);
        return text.ToString();

        void Head(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Family(string name, string type, string help, Func<Sample, double> value)
        {
            Head(name, type, help);
            samples.ForEach(sample => text.Append(CultureInfo.InvariantCulture, $"{name}{{{sample.Labels(isFull: false)}}} {Number(value(sample))}\n"));
        }

        void Pod(string name, string type, string help, Func<Sample, double> value)
        {
            Head(name, type, help);
            foreach (var pod in samples.GroupBy(sample => sample.Pod))
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{{namespace=\"{pod.Key.Pod.Metadata.Namespace}\",pod=\"{pod.Key.Pod.Metadata.Name}\"}} {Number(pod.Sum(value))}\n");
            }
        }

        void Total(string name, string type, string help, double value)
        {
            Head(name, type, help);
            text.Append(CultureInfo.InvariantCulture, $"{name} {Number(value)}\n");
        }
    }

    private List<Sample> Take() =>
        [.. pods().SelectMany(pod => pod.Read(() => pod.Records.Where(record => record.Running is not null).Select(record => (pod, record, record.Running!)).ToList()))
            .Select(entry => new Sample(entry.pod, entry.record, entry.Item3, entry.Item3.Stats()))];

    private static string Number(double value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
