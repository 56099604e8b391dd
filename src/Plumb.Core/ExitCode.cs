namespace Plumb.Core;

/// <summary>What the program tells the shell; a pipeline can rely on these.</summary>
public static class ExitCode
{
    public const int Pass = 0;
    public const int Fail = 1;

    /// <summary>Also bad usage, bad input and a missing prerequisite.</summary>
    public const int Error = 2;
    public const int Inconclusive = 3;

    public static int Of(Outcome outcome) => outcome switch
    {
        Outcome.Pass => Pass,
        Outcome.Fail => Fail,
        Outcome.Inconclusive => Inconclusive,
        _ => Error,
    };
}
