using System.Globalization;
using Plumb.Cli.Tracing;
using Plumb.Platform.Kubernetes;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.WebConsole;

/// <param name="At">When the container's runtime had read it.</param>
internal sealed record LogLine(DateTimeOffset At, string Text);

/// <summary>What a recorded container logged while it was recorded, from the cluster's API.</summary>
/// <param name="Notes">Sentences: why there are no lines, or not all.</param>
internal sealed record ContainerLog(IReadOnlyList<LogLine> Lines, IReadOnlyList<string> Notes)
{
    /// <summary>As many as a recording has calls.</summary>
    private const int MostLines = Plumb.Recorder.Recording.Capacity;

    /// <summary>A pod that logs without end is not read to its end.</summary>
    private const int MostRead = 200_000;
    private const int LongestLine = 2000;

    /// <summary>A runtime reads what was written a little later, and the kubelet's second is not ours.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    public static ContainerLog Nothing { get; } = new([], []);

    /// <param name="from">The recording's first call.</param>
    public static async Task<ContainerLog> ReadAsync(KubeClient client, RecordingInfo info, DateTimeOffset from, CancellationToken cancellation)
    {
        var of = info.Container;
        var name = $"{of.Namespace}/{of.Pod}";
        if (of.Namespace == "-")
        {
            return Without("Whose container this was is not known, and so not where its logs are");
        }
        var pod = await client.GetAsync(KubeResource.Pods, of.Namespace, of.Pod, cancellation);
        if (!pod.IsSuccess)
        {
            return Without(pod.Error.Kind == KubeErrorKind.NotFound ? $"The pod {name} is gone, and its logs with it" : $"The logs of {name} cannot be read: {pod.Error.Message.TrimEnd('.')}");
        }
        // The same pod may have run other containers since: their lines are not this recording's.
        var status = PodTriggers.Statuses(pod.Value).FirstOrDefault(one => one.Text("name") == of.Name);
        bool? isPrevious = PodTriggers.Id(status.Text("containerID")) == of.Id ? false : PodTriggers.Id(status.Field("lastState").Field("terminated").Text("containerID")) == of.Id ? true : null;
        if (isPrevious is null)
        {
            return Without($"The container has been restarted more than once since, or its pod made anew: Kubernetes keeps the logs of {name} for the present and the previous run only");
        }
        var opened = await client.LogAsync(of.Namespace, of.Pod, new KubeLogRequest(of.Name, Previous: isPrevious.Value, Timestamps: true), cancellation);
        if (!opened.IsSuccess)
        {
            return Without($"The logs of {name} cannot be read: {opened.Error.Message.TrimEnd('.')}");
        }
        using var log = opened.Value;
        return await CollectAsync(log, from - Margin, info.At + Margin, cancellation);
    }

    private static ContainerLog Without(string why) => new([], [$"{why}. Only the calls are shown."]);

    private static async Task<ContainerLog> CollectAsync(KubeLog log, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellation)
    {
        var lines = new Queue<LogLine>();
        var (read, early, dropped, unread) = (0, 0, 0, 0);
        await foreach (var line in log.LinesAsync(cancellation))
        {
            if (++read > MostRead)
            {
                break;
            }
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (!DateTimeOffset.TryParse(space < 0 ? line : line.AsSpan(0, space), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
            {
                unread++;
                continue;
            }
            if (at > to)
            {
                break;
            }
            if (at < from)
            {
                early++;
                continue;
            }
            lines.Enqueue(new LogLine(at, space < 0 ? "" : line.Length - space - 1 > LongestLine ? $"{line.AsSpan(space + 1, LongestLine)}…" : line[(space + 1)..]));
            if (lines.Count > MostLines)
            {
                lines.Dequeue();
                dropped++;
            }
        }
        var notes = new List<string>();
        Note(notes, early, "logged before the first call of the recording");
        Note(notes, dropped, $"left out: at most {MostLines:N0} are shown, the last ones");
        Note(notes, unread, "left out: they have no time");
        if (read > MostRead)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"Only the first {MostRead:N0} lines of the log were read."));
        }
        if (log.Error is { } error)
        {
            notes.Add($"The log broke off: {error.Message.TrimEnd('.')}. Later lines are missing.");
        }
        else if (lines.Count == 0)
        {
            notes.Add("The container logged nothing in the time of this recording.");
        }
        return new ContainerLog([.. lines], notes);
    }

    private static void Note(List<string> notes, int lines, string what)
    {
        if (lines > 0)
        {
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{(lines == 1 ? "1 log line" : $"{lines:N0} log lines")} {what}."));
        }
    }
}
