using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Plumb.Logs.Lines;
using Plumb.Logs.Sources;

namespace Plumb.Logs.Tracing;

/// <summary>A line without an id, kept until its trace is sought.</summary>
/// <param name="Offset">Of its first byte in the source.</param>
/// <param name="Lines">With the lines that go on with it.</param>
[StructLayout(LayoutKind.Auto)]
internal record struct Orphan(int Source, long Offset, int Length, long Ticks, int Step, LogLevel Level, int Lines);

/// <summary>What one line came to; called in the order of time, by one thread at a time.</summary>
internal interface ILineSink
{
    void Take(Block block);
}

/// <summary>Reads all pieces on all processors, and hands their lines on in the order of the plan.</summary>
internal sealed class TracePass(IReadOnlyList<LogSource> sources, SafeFileHandle[] handles, StepTable steps, DateTimeOffset now)
{
    private const int MostWorkers = 8;
    private const int MostWaitingBlocks = 8;

    /// <param name="ends">Where each source ends for this run.</param>
    public void Run(PiecePlan plan, IReadOnlyList<long> ends, ILineSink sink, CancellationToken cancellation)
    {
        var pieces = plan.Pieces;
        var workers = Math.Clamp(Math.Min(Environment.ProcessorCount, pieces.Count), 1, MostWorkers);
        var done = new ConcurrentDictionary<int, Block>();
        var free = new ConcurrentBag<Block>();
        var turn = new Lock();
        var (next, folded) = (-1, 0);
        using var room = new SemaphoreSlim(workers + MostWaitingBlocks);
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = cancellation }, _ =>
        {
            var reader = new BlockReader(sources, handles, steps, now);
            while (true)
            {
                room.Wait(cancellation);
                var taken = Interlocked.Increment(ref next);
                if (taken >= pieces.Count)
                {
                    room.Release();
                    return;
                }
                var filled = free.TryTake(out var used) ? used : new Block();
                reader.Read(pieces[taken], ends[pieces[taken].Source], filled);
                done[taken] = filled;
                // Whoever finds the next block in turn folds it; nobody waits for a turn.
                while (done.ContainsKey(Volatile.Read(ref folded)) && turn.TryEnter())
                {
                    try
                    {
                        while (done.TryRemove(folded, out var block))
                        {
                            sink.Take(block);
                            free.Add(block);
                            Volatile.Write(ref folded, folded + 1);
                            room.Release();
                        }
                    }
                    finally
                    {
                        turn.Exit();
                    }
                }
            }
        });
    }
}
