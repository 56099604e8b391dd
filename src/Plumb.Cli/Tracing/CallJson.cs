using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Diagnoses;
using Plumb.Recorder.Ring;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>Calls and what they say, in JSON: of the commands, and of the console.</summary>
internal static class CallJson
{
    /// <summary>What stands in the place of calls that were overwritten before they could be read.</summary>
    public static JsonObject Missing(ulong calls, RecordedContainer? container = null)
    {
        var one = new JsonObject { ["missing"] = calls };
        Put(one, container);
        return one;
    }

    public static JsonObject Of(Explained explained, DateTimeOffset origin) => new()
    {
        ["explanation"] = new JsonArray([.. explained.Suspects.Select(suspect => (JsonNode)Of(suspect, origin))]),
        ["observations"] = new JsonArray([.. explained.Observations.Select(one => (JsonNode)Of(one))]),
    };

    /// <param name="origin">When CLOCK_MONOTONIC was zero.</param>
    /// <param name="container">Whose call it is, where that is to be said.</param>
    public static JsonObject Of(DecodedCall call, DateTimeOffset origin, RecordedContainer? container = null)
    {
        var one = new JsonObject { ["at"] = (origin + TimeSpan.FromTicks((long)(call.Call.EnterNs / 100))).ToString("o", CultureInfo.InvariantCulture) };
        Put(one, container);
        (one["cpu"], one["pid"], one["tid"], one["uid"], one["comm"]) = (call.Call.Cpu, call.Call.ProcessId, call.Call.ThreadId, call.Call.UserId, call.Command);
        one["position"] = call.Call.Position;
        one["syscall"] = call.Name;
        one["parameters"] = new JsonObject(call.Parameters.Select(parameter => KeyValuePair.Create(parameter.Name, (JsonNode?)parameter.Value)));
        one["state"] = call.Call.State switch { CallState.Returned => "returned", CallState.Final => "final", CallState.InFlight => "inFlight", _ => "returnLost" };
        if (call.Call.State == CallState.Returned)
        {
            (one["ret"], one["durationNs"]) = (call.Call.Return, call.Call.ExitNs - call.Call.EnterNs);
            if (call.Error is null && call.Return != call.Call.Return.ToString(CultureInfo.InvariantCulture))
            {
                one["returned"] = call.Return;
            }
        }
        if (call.Error is { } error)
        {
            (one["error"], one["errorText"]) = (error, ErrorNames.Words(call.Call.Error));
        }
        return one;
    }

    private static JsonObject Of(Suspect suspect, DateTimeOffset origin) => new()
    {
        ["text"] = suspect.Text,
        ["times"] = suspect.Times,
        ["beforeExitNs"] = suspect.Before?.Ticks * 100,
        ["kind"] = suspect.Kind,
        ["evidence"] = new JsonArray([.. suspect.Evidence.Select(line => (JsonNode)line)]),
        ["cannotSee"] = suspect.BlindSpot,
        ["failure"] = Of(suspect.Failure, origin),
    };

    private static JsonObject Of(Observation one) => new()
    {
        ["kind"] = one.Kind, ["pid"] = one.ProcessId, ["text"] = one.Text, ["evidence"] = new JsonArray([.. one.Evidence.Select(line => (JsonNode)line)]), ["cannotSee"] = one.BlindSpot,
    };

    private static void Put(JsonObject one, RecordedContainer? container)
    {
        if (container is not null)
        {
            (one["node"], one["namespace"], one["pod"], one["container"]) = (container.Node, container.Namespace, container.Pod, container.Name);
        }
    }
}
