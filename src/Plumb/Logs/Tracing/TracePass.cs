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
    private const int MostWaitingBlocks = 8;

    private readonly Lock _turn = new();
    private readonly Stack<Block> _free = [];
    private Block?[] _done = [];
    private int _next;
    private int _folded;

    /// <param name="ends">Where each source ends for this run.</param>
    public void Run(PiecePlan plan, long[] ends, ILineSink sink, CancellationToken cancellation)
    {
        var pieces = plan.Pieces;
        _done = new Block?[pieces.Length];
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var room = new SemaphoreSlim(Environment.ProcessorCount + MostWaitingBlocks);
        Workers.Run(pieces.Length, () =>
        {
            try
            {
                var reader = new BlockReader(sources, handles, steps, now);
                while (true)
                {
                    // First the room, then the piece: who has taken the next piece in turn must not wait for those behind it.
                    room.Wait(broken.Token);
                    var taken = Interlocked.Increment(ref _next) - 1;
                    if (taken >= pieces.Length)
                    {
                        room.Release();
                        return;
                    }
                    var block = Unused();
                    reader.Read(pieces[taken], ends[pieces[taken].Source], block);
                    Volatile.Write(ref _done[taken], block);
                    Fold(sink, room);
                }
            }
            catch
            {
                // The others would wait for a block that never comes.
                broken.Cancel();
                throw;
            }
        });
        cancellation.ThrowIfCancellationRequested();
    }

    private Block Unused()
    {
        lock (_free)
        {
            return _free.TryPop(out var block) ? block : new Block();
        }
    }

    /// <summary>Whoever finds the next block in turn hands it on; nobody waits for a turn.</summary>
    private void Fold(ILineSink sink, SemaphoreSlim room)
    {
        while (IsNextDone() && _turn.TryEnter())
        {
            try
            {
                while (IsNextDone())
                {
                    var block = _done[_folded]!;
                    _done[_folded] = null;
                    sink.Take(block);
                    Volatile.Write(ref _folded, _folded + 1);
                    room.Release();
                    lock (_free)
                    {
                        _free.Push(block);
                    }
                }
            }
            finally
            {
                _turn.Exit();
            }
        }
    }

    private bool IsNextDone() => Volatile.Read(ref _folded) is var next && next < _done.Length && Volatile.Read(ref _done[next]) is not null;
}
