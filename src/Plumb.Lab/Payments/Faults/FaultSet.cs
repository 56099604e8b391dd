using System.Runtime.InteropServices;

namespace Plumb.Lab.Payments.Faults;

/// <summary>The faults that are set in this process. Each ends by itself.</summary>
/// <param name="seed">Decides which requests a percentage hits; it is logged at start, so that a run can be repeated.</param>
/// <param name="exit">Ends the process; a parameter because a test must survive it.</param>
internal sealed class FaultSet(TimeProvider time, int seed, Action<int> exit) : IDisposable
{
    private const int DefaultDurationSeconds = 60;
    private const int StepMegabytes = 4;
    private const int PageBytes = 4096;
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly ActiveFault?[] _active = new ActiveFault?[FaultDescription.All.Count];
    private readonly CancellationTokenSource?[] _work = new CancellationTokenSource?[FaultDescription.All.Count];

    /// <summary>The fault, or null when it is not set or over.</summary>
    public ActiveFault? Get(FaultKind kind)
    {
        var fault = Volatile.Read(ref _active[(int)kind]);
        return fault is not null && time.GetUtcNow() < fault.ExpiresAt ? fault : null;
    }

    /// <summary>The fault when it is set and this request is one of its percentage.</summary>
    public ActiveFault? Hit(FaultKind kind)
    {
        if (Get(kind) is not { } fault)
        {
            return null;
        }

        lock (_lock)
        {
            return _random.Next(100) < (fault.Request.Percent ?? 100) ? fault : null;
        }
    }

    public IReadOnlyList<ActiveFault> List() => [.. FaultDescription.All.Select(d => Get(d.Kind)).OfType<ActiveFault>()];

    /// <summary>Sets a fault, in place of the same one if it is set already.</summary>
    public ActiveFault Set(FaultKind kind, FaultRequest request)
    {
        var duration = TimeSpan.FromSeconds(request.DurationSeconds ?? DefaultDurationSeconds);
        var now = time.GetUtcNow();
        var fault = new ActiveFault(kind, request, now, now + duration);
        lock (_lock)
        {
            Clear(kind);
            Volatile.Write(ref _active[(int)kind], fault);
            var work = new CancellationTokenSource(duration, time);
            _work[(int)kind] = work;
            Begin(fault, work.Token);
        }

        return fault;
    }

    /// <returns>False when it was not set.</returns>
    public bool Clear(FaultKind kind)
    {
        lock (_lock)
        {
            var wasSet = Get(kind) is not null;
            Volatile.Write(ref _active[(int)kind], null);
            _work[(int)kind]?.Cancel();
            _work[(int)kind]?.Dispose();
            _work[(int)kind] = null;
            return wasSet;
        }
    }

    public void ClearAll()
    {
        foreach (var description in FaultDescription.All)
        {
            Clear(description.Kind);
        }
    }

    public void Dispose() => ClearAll();

    private void Begin(ActiveFault fault, CancellationToken cancel)
    {
        switch (fault.Kind)
        {
            case FaultKind.Memory:
                _ = HoldMemoryAsync(fault.Request.Megabytes ?? 256, TimeSpan.FromSeconds(fault.Request.RampSeconds ?? 5), cancel);
                break;
            case FaultKind.Cpu:
                for (var i = 0; i < (fault.Request.Workers ?? 1); i++)
                {
                    new Thread(() => Burn(cancel)) { IsBackground = true, Name = "fault cpu" }.Start();
                }

                break;
            case FaultKind.Exit:
                _ = ExitSoonAsync(fault.Request.Code ?? 1, cancel);
                break;
            default:
                break;
        }
    }

    private static void Burn(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            Thread.SpinWait(10_000);
        }
    }

    /// <summary>
    /// Memory outside the garbage collector's heap: inside it the runtime would see the container's limit and throw before the kernel acts,
    /// and what should be shown is the kernel's kill. Every page is written, because an untouched page is not resident.
    /// </summary>
    private async Task HoldMemoryAsync(int megabytes, TimeSpan ramp, CancellationToken cancel)
    {
        var blocks = new List<nint>();
        var steps = (megabytes + StepMegabytes - 1) / StepMegabytes;
        try
        {
            for (var step = 0; step < steps; step++)
            {
                var bytes = Math.Min(StepMegabytes, megabytes - (step * StepMegabytes)) << 20;
                var block = Marshal.AllocHGlobal(bytes);
                blocks.Add(block);
                for (var offset = 0; offset < bytes; offset += PageBytes)
                {
                    Marshal.WriteByte(block, offset, 1);
                }

                await Task.Delay(ramp / steps, time, cancel);
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancel);
        }
        catch (OperationCanceledException)
        {
            // The fault was cleared or is over.
        }
        finally
        {
            blocks.ForEach(Marshal.FreeHGlobal);
        }
    }

    private async Task ExitSoonAsync(int code, CancellationToken cancel)
    {
        try
        {
            // The answer to whoever set the fault goes out first.
            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancel);
            exit(code);
        }
        catch (OperationCanceledException)
        {
            // Cleared in time.
        }
    }
}
