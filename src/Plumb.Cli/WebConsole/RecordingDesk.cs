using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Storage;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.WebConsole;

/// <summary>The lab's saved recordings for the pages: the list with the findings that they belong to, and one with its explanation, its calls as <c>plumb trace show -o json</c> has them, and what its container logged meanwhile.</summary>
internal sealed class RecordingDesk(PlumbHome home, KubeClient client) : IDisposable
{
    /// <summary>Findings that are read; there are at most so many recordings.</summary>
    private const int MostFindings = 1000;

    private readonly RecordingPlace _place = RecordingPlace.Of(home);
    private readonly SemaphoreSlim _one = new(1);

    public void Dispose()
    {
        _one.Dispose();
        client.Dispose();
    }

    /// <summary>Newest first.</summary>
    internal Task ListAsync(HttpContext http)
    {
        var (recordings, problems) = _place.Store.List();
        var (findings, problem) = Findings();
        return Answer.WriteAsync(http, new JsonObject
        {
            ["recordings"] = new JsonArray([.. recordings.Select(one => (JsonNode)Of(one.Info, findings))]),
            ["findings"] = new JsonArray([.. findings.Values.Select(one => (JsonNode)Of(one))]),
            ["problems"] = new JsonArray([.. problems.Concat(problem is null ? [] : [problem]).Select(one => (JsonNode)one.ToString())]),
        }, CoreJson.Compact.JsonObject);
    }

    /// <summary>The recorder's findings by id, the newest first. Without the store there are recordings still.</summary>
    private (IReadOnlyDictionary<string, StoredFinding> Findings, Problem? Problem) Findings()
    {
        var opened = StateStore.Open(home, Environment.GetEnvironmentVariable("PLUMB_DATABASE"));
        if (!opened.IsOk)
        {
            return (new Dictionary<string, StoredFinding>(), opened.Problem with { What = $"the findings cannot be read: {opened.Problem.What}" });
        }
        using var store = opened.Value;
        return (store.Findings.Open(CrashReport.Check, MostFindings).ToDictionary(one => one.Finding.Id), null);
    }

    private static JsonObject Of(StoredFinding one) => new()
    {
        ["id"] = one.Finding.Id, ["severity"] = one.Finding.Severity.ToString().ToLowerInvariant(), ["subject"] = one.Finding.Subject.ToString(), ["summary"] = one.Finding.Summary,
        ["timesSeen"] = one.TimesSeen, ["firstSeen"] = one.FirstSeen.UtcDateTime, ["lastSeen"] = one.LastSeen.UtcDateTime,
    };

    /// <param name="id">Its id, or the first digits of it.</param>
    internal async Task ShowAsync(HttpContext http, string id)
    {
        // The command takes paths, too; a web page must not.
        var found = id.All(char.IsAsciiHexDigitLower) ? _place.Store.Find(id) : new Problem($"'{id}' is no id of a recording", "'plumb trace recordings' lists them");
        if (!found.IsOk)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await Answer.WriteAsync(http, found.Problem);
            return;
        }
        // One at a time: a recording in words is some megabytes.
        await _one.WaitAsync(http.RequestAborted);
        try
        {
            await Answer.WriteAsync(http, await DocumentAsync(found.Value, http.RequestAborted), CoreJson.Compact.JsonObject);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<JsonObject> DocumentAsync(SavedRecording recording, CancellationToken cancellation)
    {
        var info = recording.Info;
        var entries = RecordingText.Decode(recording);
        var calls = entries.Select(entry => entry.Call).OfType<DecodedCall>().ToList();
        var document = CallJson.Of(Plumb.Recorder.Explanation.Read(calls, Plumb.Recorder.ProcessEnd.Of(info) is { } end ? [end] : [], info.Origin), info.Origin);
        var (findings, _) = Findings();
        document["recording"] = Of(info, findings);
        document["finding"] = findings.GetValueOrDefault(CrashReport.FindingId(info)) is { } finding ? Of(finding) : null;
        document["calls"] = new JsonArray([.. entries.Select(entry => (JsonNode)(entry.Call is { } call ? CallJson.Of(call, info.Origin) : CallJson.Missing(entry.Missing)))]);
        var logs = calls.Count == 0 ? ContainerLog.Nothing : await ContainerLog.ReadAsync(client, info, CrashReport.At(info, calls[0].Call.EnterNs), cancellation);
        document["logs"] = new JsonArray([.. logs.Lines.Select(line => (JsonNode)new JsonObject { ["at"] = line.At.UtcDateTime, ["text"] = line.Text })]);
        document["logNotes"] = new JsonArray([.. logs.Notes.Select(note => (JsonNode)note)]);
        return document;
    }

    private static JsonObject Of(RecordingInfo info, IReadOnlyDictionary<string, StoredFinding> findings)
    {
        var json = RecordingText.Json(info);
        json["why"] = info.Why;
        json["finding"] = findings.ContainsKey(CrashReport.FindingId(info)) ? CrashReport.FindingId(info) : null;
        return json;
    }
}
