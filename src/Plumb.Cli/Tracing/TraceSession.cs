using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>One recording from its start to its end, live or only its last calls.</summary>
/// <param name="last">Show only so many calls, at the end; null shows all as they come.</param>
internal sealed class TraceSession(TraceTarget target, TraceOutput output, CallDecoder decoder, TimeProvider time, int? last, bool explain)
{
    /// <summary>Calls kept for the explanation; older ones are forgotten.</summary>
    private const int MostKept = 100_000;

    /// <summary>Waiting calls that are worth another look at once.</summary>
    private const ulong Busy = Recording.Capacity / 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Queue<DecodedCall> _kept = [];

    public async Task<Result<RecordingCounters>> RunAsync(bool buffers, CancellationToken cancellation)
    {
        var started = target.Open(buffers);
        if (!started.IsOk)
        {
            return started.Problem;
        }
        using var recording = started.Value;
        if (last is not null && recording is LabRings rings)
        {
            output.Header();
            Show(rings.Now(), last);
            return End(recording);
        }
        if (target.Program?.Start() is { } problem)
        {
            return problem;
        }
        output.Header();
        // The program that we started ends in the background of the loop, which has to see its last calls.
        while (!cancellation.IsCancellationRequested && !target.IsOver())
        {
            if (last is null)
            {
                Show(recording.ReadNew());
            }
            if (last is not null || recording.Backlog < Busy)
            {
                await Task.Delay(Pause, time, CancellationToken.None);
            }
        }
        await EndAsync(recording);
        var rest = recording.Stop();
        // The explanation reads all that the ring held, also when only its end is shown.
        Show(rest, last);
        return End(recording);
    }

    private RecordingCounters End(ICallSource recording)
    {
        output.Finish();
        if (explain)
        {
            var ended = target.Program is { HasEnded: true } program ? (IReadOnlyList<ProcessEnd>)[ProcessEnd.Of(program.ProcessId, program.ExitCode, oomKilled: false, time.GetUtcNow())] : [];
            output.Explain(Explanation.Read([.. _kept], ended));
        }
        output.Close();
        return recording.Counters;
    }

    /// <summary>Ctrl-C reaches the program too; one that does not end by it is ended.</summary>
    private async Task EndAsync(ICallSource recording)
    {
        if (target.Program is not { HasEnded: false } program)
        {
            return;
        }
        var until = time.GetTimestamp();
        while (!program.HasEnded && time.GetElapsedTime(until) < Farewell)
        {
            if (last is null)
            {
                Show(recording.ReadNew());
            }
            await Task.Delay(Pause, time, CancellationToken.None);
        }
        if (!program.HasEnded)
        {
            program.Kill();
            await program.WaitAsync(CancellationToken.None);
        }
    }

    private void Show(IReadOnlyList<PlacedEntry> entries, int? newest = null)
    {
        // Containers with an id have a ring each; the others are in one together.
        var decoded = decoder.Decode([.. entries.Select(entry => entry.Entry)], index => entries[index].Container?.Id ?? "").Select((entry, index) => (entry.Call, entry.Missing, entries[index].Container)).ToList();
        foreach (var words in decoded.Select(entry => entry.Call).OfType<DecodedCall>().Where(_ => explain))
        {
            _kept.Enqueue(words);
            if (_kept.Count > MostKept)
            {
                _kept.Dequeue();
            }
        }
        output.Write(decoded, newest);
    }
}
