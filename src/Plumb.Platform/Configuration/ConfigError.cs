namespace Plumb.Platform.Configuration;

/// <summary>What is wrong in a configuration file, and where. Line and column count from 1.</summary>
public sealed record ConfigError(string File, long Line, long Column, string Message)
{
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";
}
