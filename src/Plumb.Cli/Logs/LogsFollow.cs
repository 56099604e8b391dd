using System.Globalization;
using System.Text.Json;
using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Correlating;
using Plumb.Logs.Sources;

namespace Plumb.Cli.Logs;

/// <summary>Shows a request's lines as they are written.</summary>
internal static class LogsFollow
{
    /// <returns>0 when a line was shown, 3 when none came before Ctrl-C.</returns>
    public static async Task<int> RunAsync(Invocation call, LogSources sources, PodStreams? pods, IdForms id, CancellationToken cancellation)
    {
        if (sources.All.FirstOrDefault(source => source.Path != source.Name && source.Container is null) is { } copied)
        {
            return call.Fail(new Problem($"{copied.Name} cannot be followed: --follow is for files that are written to, and for pods", "Leave --follow out to see what is there now"));
        }
        var (colours, seen) = (new TimelineText(call.Terminal), 0);
        foreach (var line in new Correlator(sources, id, call.Time.GetUtcNow()).Run(cancellation).Timeline?.Lines ?? [])
        {
            Show(call, colours, line);
            seen++;
        }
        try
        {
            var follower = new Follower(sources.All, pods, id, call.Time);
            await foreach (var line in follower.LinesAsync(cancellation))
            {
                Show(call, colours, line);
                seen++;
            }
            if (follower.Problem is { } problem)
            {
                return call.Fail(problem);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Ctrl-C is how following ends.
        }
        return seen > 0 ? ExitCode.Pass : ExitCode.Inconclusive;
    }

    private static void Show(Invocation call, TimelineText colours, TimelineLine line)
    {
        if (call.Json)
        {
            call.Terminal.Line(JsonSerializer.Serialize(line, LogsJson.Plain.TimelineLine));
            return;
        }
        var note = line.Belonging == Belonging.Adopted ? "~ " : "";
        call.Terminal.Line($"{line.At.ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture)}  {call.Terminal.Paint(line.Service, colours.Colour(line.Service))}  {line.Level,-5}  {note}{line.Event}  {call.Terminal.Paint(line.Text, Style.Faint)}");
    }
}
