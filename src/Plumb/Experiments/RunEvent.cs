namespace Plumb.Experiments;

public enum RunStage
{
    Before = 0,
    Fault = 1,
    During = 2,
    Undo = 3,
    After = 4,
    Done = 5,
}

/// <summary>Something that happened in a run, for whoever looks on. Told in order, from one thread at a time.</summary>
/// <param name="AtMs">Milliseconds since the run began.</param>
public sealed record RunEvent(double AtMs, RunStage Stage, string Text);
