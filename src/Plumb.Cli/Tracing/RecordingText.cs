using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cli.Output;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Masking;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>A saved recording in words and in JSON.</summary>
internal static class RecordingText
{
    /// <summary>default/crash-app main, exit 1, 2 m ago: 212 calls, from its first execve</summary>
    public static string Line(RecordingInfo info, DateTimeOffset now) => string.Create(CultureInfo.InvariantCulture,
        $"{info.Id}: {info.Container.Namespace}/{info.Container.Pod} {info.Container.Name}, {info.Why}, saved {Human.Duration(now - info.At)} ago: {info.Calls:N0} calls, {Held(info)}");

    /// <summary>Which of the container's calls a recording has.</summary>
    public static string Held(RecordingInfo info) => info.IsWhole ? "from its first execve"
        : info.Counters.Overwritten == 0 ? "without its beginning" : string.Create(CultureInfo.InvariantCulture, $"the last of {info.Counters.Recorded:N0}");

    public static JsonObject Json(RecordingInfo info, long? bytes = null)
    {
        var json = new JsonObject
        {
            ["id"] = info.Id, ["at"] = info.At, ["reason"] = info.Reason.ToString().ToLowerInvariant(), ["exitCode"] = info.ExitCode,
            ["node"] = info.Container.Node, ["namespace"] = info.Container.Namespace, ["pod"] = info.Container.Pod, ["container"] = info.Container.Name, ["containerId"] = info.Container.Id,
            ["machine"] = info.Machine, ["calls"] = info.Calls, ["whole"] = info.IsWhole,
            ["recorded"] = info.Counters.Recorded, ["overwritten"] = info.Counters.Overwritten, ["lostReturns"] = info.Counters.LostReturns, ["torn"] = info.Counters.Torn, ["compat"] = info.Counters.Compat, ["yields"] = info.Counters.Yields,
        };
        if (bytes is not null)
        {
            json["bytes"] = bytes;
        }
        return json;
    }

    /// <summary>The calls in words, and where some are missing, how many.</summary>
    public static IReadOnlyList<(DecodedCall? Call, ulong Missing, RecordedContainer? Container)> Decode(SavedRecording recording, Privacy? privacy = null)
    {
        var container = recording.Info.Container;
        return [.. new CallDecoder(privacy ?? Privacy.Default).Decode(recording.Entries).Select(entry => (entry.Call, entry.Missing, (RecordedContainer?)container))];
    }
}
