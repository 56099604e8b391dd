using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Saved;

/// <summary>Why a recording was saved.</summary>
public enum SaveReason
{
    /// <summary>The container ended with another code than 0.</summary>
    [JsonStringEnumMemberName("exit")]
    Exit,

    /// <summary>The kernel killed the container for lack of memory.</summary>
    [JsonStringEnumMemberName("oom")]
    OutOfMemory,

    /// <summary>The pod was Ready and is no longer.</summary>
    [JsonStringEnumMemberName("unready")]
    Unready,

    /// <summary>The recorder itself was killed; its successor found the ring.</summary>
    [JsonStringEnumMemberName("found")]
    Found,
}

/// <summary>Whose calls a recording holds.</summary>
/// <param name="Name">The container's name in its pod; - when it is not known.</param>
public sealed record RecordedContainer(string Node, string Namespace, string Pod, string Name, string Id);

/// <summary>Everything about a saved recording but its calls.</summary>
/// <param name="Id">12 hexadecimal digits.</param>
/// <param name="At">When it was saved.</param>
/// <param name="Machine">The instruction set, which the numbers of the calls belong to: <see cref="ThisMachine"/>.</param>
/// <param name="ExitCode">Of the container, for <see cref="SaveReason.Exit"/> and <see cref="SaveReason.OutOfMemory"/>; 128 + n when signal n ended it.</param>
/// <param name="Origin">When CLOCK_MONOTONIC was zero on that machine.</param>
/// <param name="IsWhole">True when the first call of the container is in it.</param>
/// <param name="Calls">How many it holds.</param>
public sealed record RecordingInfo(
    string Id, DateTimeOffset At, SaveReason Reason, int? ExitCode, string Machine, RecordedContainer Container, DateTimeOffset Origin, bool IsWhole, int Calls, RecordingCounters Counters)
{
    /// <summary>x86_64 or arm64.</summary>
    public static string ThisMachine => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x86_64";

    /// <summary>exit 1 · OOM-killed · unready · found after the recorder was killed</summary>
    [JsonIgnore]
    public string Why => Reason switch
    {
        SaveReason.Exit => ExitCode is > 128 and <= 192 ? $"signal {ExitCode - 128}" : $"exit {ExitCode}",
        SaveReason.OutOfMemory => "OOM-killed",
        SaveReason.Unready => "unready",
        _ => "found",
    };
}

/// <summary>A saved recording.</summary>
/// <param name="Entries">Calls, and where calls are missing, how many; oldest first.</param>
public sealed record SavedRecording(RecordingInfo Info, IReadOnlyList<RingEntry> Entries);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RecordingInfo))]
internal sealed partial class RecordingJson : JsonSerializerContext;
