using System.Globalization;
using Plumb.Recorder.Decoding;

namespace Plumb.Recorder.Diagnoses;

/// <summary>Something in a recording that a person should know, whether or not a process ended by it.</summary>
/// <param name="Kind">missing-file, refused-access, refused-connection, …: stable, for machines.</param>
/// <param name="Text">One line: what, how often.</param>
/// <param name="Evidence">The calls that say so.</param>
/// <param name="BlindSpot">What the calls cannot tell about it.</param>
/// <param name="LastNs">CLOCK_MONOTONIC of the last of the calls.</param>
public sealed record Observation(string Kind, int ProcessId, string Text, IReadOnlyList<string> Evidence, string BlindSpot, ulong LastNs)
{
    /// <summary>The failure that it is about; null when it is about none, or several.</summary>
    public Failure? Failure { get; init; }

    /// <summary>At most so many calls stand under a line.</summary>
    internal const int MostEvidence = 3;

    internal static string Line(DecodedCall call) => $"{call.Name}({call.ParameterText}) = {call.Return}{(call.Call.Duration is { TotalMilliseconds: >= 1 } time ? $" <{Human(time)}>" : "")}";

    internal static string Times(int count) => count == 1 ? "once" : count == 2 ? "twice" : string.Create(CultureInfo.InvariantCulture, $"{count:N0} times");

    internal static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Human(TimeSpan time) => time.TotalSeconds >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s")
        : time.TotalMilliseconds >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:0} µs");

    /// <summary>1,025.0 MiB</summary>
    internal static string Bytes(ulong bytes) => bytes < 1 << 20 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:N0} KiB") : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):N1} MiB");

    internal static TimeSpan Nanoseconds(ulong nanoseconds) => TimeSpan.FromTicks((long)nanoseconds / 100);

    /// <summary>comm (process 12)</summary>
    internal static string Who(DecodedCall call) => string.Create(CultureInfo.InvariantCulture, $"{call.Command} (process {call.Call.ProcessId})");
}
