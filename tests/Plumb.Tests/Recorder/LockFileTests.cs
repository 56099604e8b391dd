using Plumb.Recorder.Kernel;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class LockFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-lock-");

    private string Place => Path.Combine(_directory.FullName, "one.lock");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Many_that_race_for_it_are_never_inside_together_and_leave_no_file()
    {
        const int Takers = 4;
        const int Times = 1000;
        var (inside, most, taken) = (0, 0, 0);
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var takers = Enumerable.Range(0, Takers).Select(async taker =>
        {
            await start.Task;
            for (var time = 0; time < Times; time++)
            {
                // Some wait, some do not: both delete the file that the others may have opened by then.
                using var held = taker % 2 == 0 ? LockFile.Take(Place) : LockFile.TryTake(Place);
                if (held is not null)
                {
                    InterlockedMax(ref most, Interlocked.Increment(ref inside));
                    Interlocked.Increment(ref taken);
                    Thread.Yield();
                    Interlocked.Decrement(ref inside);
                }
            }
        }).ToArray();
        start.SetResult();
        await Task.WhenAll(takers);

        Assert.Equal(1, most);
        Assert.InRange(taken, Takers / 2 * Times, Takers * Times);
        Assert.False(File.Exists(Place));
    }

    [Fact]
    public async Task Who_waited_for_a_file_that_was_deleted_holds_the_lock_all_the_same()
    {
        var first = LockFile.Take(Place);
        var waiting = Task.Run(() => LockFile.Take(Place));
        var waits = $":{FileNumber.Of(Place)} ";
        while (!File.ReadLines("/proc/locks").Any(line => line.Contains("-> FLOCK", StringComparison.Ordinal) && line.Contains(waits, StringComparison.Ordinal)))
        {
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        first.Dispose();
        using var second = await waiting;
        Assert.Null(LockFile.TryTake(Place));
    }

    [Fact]
    public void Who_does_not_wait_is_told_that_it_is_held_and_gets_it_afterwards()
    {
        using (LockFile.Take(Place))
        {
            Assert.Null(LockFile.TryTake(Place));
        }
        using var again = LockFile.TryTake(Place);
        Assert.NotNull(again);
    }

    [Fact]
    public void The_file_of_a_killed_one_is_used_and_goes_too()
    {
        File.WriteAllText(Place, "");
        LockFile.TryTake(Place)!.Dispose();
        Assert.False(File.Exists(Place));
    }

    private static void InterlockedMax(ref int most, int now)
    {
        for (var before = Volatile.Read(ref most); before < now; before = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, now, before);
        }
    }
}
