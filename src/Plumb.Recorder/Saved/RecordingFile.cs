using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Plumb.Core;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Saved;

/// <summary>
/// A recording as a file: gzip; a line that names the format, a line of JSON (<see cref="RecordingInfo"/>), then the entries, each a byte for its kind and either a slot of
/// 256 bytes or the number of missing calls in 8.
/// </summary>
public static class RecordingFile
{
    public const string Extension = ".plumbrec";
    private const string Format = "plumb-recording 1";
    private const byte Hole = 0xFF;

    /// <summary>More than any ring holds.</summary>
    private const int MostEntries = 100_000;
    private const int LongestLine = 64 * 1024;

    public static void Write(Stream to, SavedRecording recording)
    {
        using var gzip = new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true);
        gzip.Write(Encoding.UTF8.GetBytes($"{Format}\n{JsonSerializer.Serialize(recording.Info, RecordingJson.Default.RecordingInfo)}\n"));
        Span<byte> number = stackalloc byte[8];
        foreach (var (call, missing) in recording.Entries)
        {
            gzip.WriteByte(call is null ? Hole : (byte)call.State);
            if (call is null)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(number, missing);
                gzip.Write(number);
            }
            else
            {
                gzip.Write(call.Slot);
            }
        }
    }

    /// <param name="name">For messages.</param>
    public static Result<SavedRecording> Read(Stream from, string name) => Guarded<SavedRecording>(name, () =>
    {
        using var gzip = new GZipStream(from, CompressionMode.Decompress);
        var info = ReadInfo(gzip, name);
        if (!info.IsOk)
        {
            return info.Problem;
        }
        if (info.Value.Machine != RecordingInfo.ThisMachine)
        {
            return new Problem($"the recording {name} was made on {info.Value.Machine}, whose calls have other numbers than those of this machine ({RecordingInfo.ThisMachine})", $"Look at it on a machine with {info.Value.Machine}");
        }
        var entries = new List<RingEntry>();
        while (gzip.ReadByte() is var kind and >= 0)
        {
            if (kind != Hole && kind > (int)CallState.ReturnLost)
            {
                return Damaged(name, $"entry {entries.Count + 1} is of an unknown kind");
            }
            if (entries.Count == MostEntries)
            {
                return Damaged(name, $"it holds more than {MostEntries:N0} entries");
            }
            var bytes = new byte[kind == Hole ? 8 : SlotLayout.Bytes];
            gzip.ReadExactly(bytes);
            entries.Add(kind == Hole ? new RingEntry(null, BinaryPrimitives.ReadUInt64LittleEndian(bytes)) : new RingEntry(new RecordedCall(bytes, (CallState)kind), 0));
        }
        var calls = entries.Count(entry => entry.Call is not null);
        return calls == info.Value.Calls ? new SavedRecording(info.Value, entries) : Damaged(name, $"it holds {calls} of {info.Value.Calls} calls");
    });

    /// <summary>Without the calls.</summary>
    public static Result<RecordingInfo> ReadInfo(Stream from, string name) => Guarded(name, () =>
    {
        using var gzip = new GZipStream(from, CompressionMode.Decompress);
        return ReadInfo(gzip, name);
    });

    private static Result<RecordingInfo> ReadInfo(GZipStream from, string name)
    {
        var format = Line(from);
        if (format != Format)
        {
            return Damaged(name, format?.StartsWith("plumb-recording ", StringComparison.Ordinal) == true ? $"it is of the format '{format}', which this version does not know" : "it is no recording of plumb");
        }
        return Line(from) is { } line && JsonSerializer.Deserialize(line, RecordingJson.Default.RecordingInfo) is { } info ? info : Damaged(name, "its description is missing");
    }

    private static string? Line(GZipStream from)
    {
        var line = new List<byte>();
        while (from.ReadByte() is var one and >= 0 && one != '\n')
        {
            line.Add((byte)one);
            if (line.Count > LongestLine)
            {
                return null;
            }
        }
        return Encoding.UTF8.GetString([.. line]);
    }

    private static Result<T> Guarded<T>(string name, Func<Result<T>> read)
        where T : notnull
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or JsonException)
        {
            return Damaged(name, $"it is cut off or changed ({error.Message.TrimEnd('.')})");
        }
    }

    private static Problem Damaged(string name, string why) => new($"the recording {name} cannot be read: {why}");
}
