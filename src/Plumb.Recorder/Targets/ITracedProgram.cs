using Plumb.Core;

namespace Plumb.Recorder.Targets;

/// <summary>A program that was started to be recorded.</summary>
public interface ITracedProgram : IDisposable
{
    int ProcessId { get; }

    bool HasEnded { get; }

    /// <summary>128 + n when signal n killed it.</summary>
    int ExitCode { get; }

    /// <summary>Null when it runs.</summary>
    Problem? Start();

    Task WaitAsync(CancellationToken cancellation);

    void Kill();
}
