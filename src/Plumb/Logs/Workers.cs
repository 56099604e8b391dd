using System.Runtime.ExceptionServices;

namespace Plumb.Logs;

/// <summary>Does one piece of work on several processors at once. Plain threads: what is read in a tenth of a second should not first wait for a pool to grow.</summary>
internal static class Workers
{
    private const int Most = 8;

    /// <summary>Runs the same work on every processor, this thread among them, and returns when all have ended.</summary>
    /// <param name="atMost">No more than so many can have something to do.</param>
    /// <param name="work">Takes its share of what there is, until nothing is left.</param>
    /// <exception cref="Exception">The first that any of them met.</exception>
    public static void Run(int atMost, Action work)
    {
        ExceptionDispatchInfo? wrong = null;
        var guard = new Lock();
        var others = new Thread[Math.Clamp(Math.Min(Environment.ProcessorCount, atMost), 1, Most) - 1];
        for (var i = 0; i < others.Length; i++)
        {
            others[i] = new Thread(Guarded) { IsBackground = true, Name = "logs" };
            others[i].Start();
        }
        Guarded();
        foreach (var other in others)
        {
            other.Join();
        }
        wrong?.Throw();

        void Guarded()
        {
            try
            {
                work();
            }
            catch (Exception error)
            {
                lock (guard)
                {
                    // That one was cancelled because another one failed is not what went wrong.
                    wrong = wrong is null or { SourceException: OperationCanceledException } ? ExceptionDispatchInfo.Capture(error) : wrong;
                }
            }
        }
    }
}
