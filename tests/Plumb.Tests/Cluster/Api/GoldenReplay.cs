using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Plumb.Cluster.Api.Http;
using Plumb.Cluster.Objects;

namespace Plumb.Tests.Cluster.Api;

/// <param name="Difference">Null: the answer is that of the recording.</param>
internal sealed record GoldenResult(string Name, string? Difference);

/// <summary>Plays one recorded file against the server, in order, and compares every answer.</summary>
internal sealed partial class GoldenReplay(string file, GoldenServer server)
{
    private readonly Dictionary<string, string> _own = [];
    private readonly List<JsonObject> _entries = Load(file);

    private bool WithoutControllers => file is "patches" or "delete" or "subresources";

    public static List<JsonObject> Load(string file) =>
        [.. JsonNode.Parse(File.ReadAllText(GoldenPaths.Http(file)))!.AsArray().Select(entry => entry!.AsObject())];

    public async Task<IReadOnlyList<GoldenResult>> RunAsync()
    {
        GoldenSeed.Apply(file, _entries, server.Api, _own);
        var results = new List<GoldenResult>();
        foreach (var entry in _entries)
        {
            var name = entry["name"]!.GetValue<string>();
            GoldenSeed.Before(file, name, server.Api);
            results.Add(new GoldenResult(name, await TryAsync(name, entry)));
        }
        return results;
    }

    private async Task<string?> TryAsync(string name, JsonObject entry)
    {
        try
        {
            return entry["request"]?["path"] is null ? "the recording holds no request" : await PlayAsync(name, entry);
        }
        catch (OperationCanceledException)
        {
            return "no end of the answer within 8 s";
        }
    }

    private async Task<string?> PlayAsync(string name, JsonObject entry)
    {
        var (asked, recorded) = (entry["request"]!.AsObject(), entry["response"]!.AsObject());
        using var request = Request(name, asked);
        var stream = recorded["stream"] as JsonArray;
        if (stream is not null && name.Contains("75 s", StringComparison.Ordinal))
        {
            return "the recording takes two minutes; bookmarks have a test of their own";
        }
        using var answer = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if ((int)answer.StatusCode != recorded["status"]!.GetValue<int>())
        {
            var text = await ReadAllAsync(answer);
            return $"status: recorded {recorded["status"]}, own {(int)answer.StatusCode} {text[..Math.Min(200, text.Length)]}";
        }
        if (Header(recorded, "Warning") is { } warning && (!answer.Headers.TryGetValues("Warning", out var warnings) || warnings.First() != warning))
        {
            return $"header Warning: recorded {warning}";
        }
        if ((Header(recorded, "Retry-After") is not null) != (answer.Headers.RetryAfter is not null))
        {
            return "header Retry-After";
        }
        if (stream is not null && (stream.Count == 0 || stream[0]!["event"]!["type"] is not null))
        {
            return await CompareStreamAsync(stream, answer);
        }
        var body = recorded["body"] ?? stream?[0]?["event"];
        return await CompareBodyAsync(asked, recorded, body, await ReadAllAsync(answer));
    }

    private async Task<string?> CompareBodyAsync(JsonObject asked, JsonObject recorded, JsonNode? body, string own)
    {
        await Task.CompletedTask;
        if (body is null && recorded["bodyText"] is { } text)
        {
            var exact = text.GetValue<string>();
            if (exact.Contains("bytes in all>", StringComparison.Ordinal))
            {
                return "the recording holds only the head of a large answer";
            }
            if (exact.StartsWith('{') && exact.TrimEnd().EndsWith('}') && !exact.Contains("\n  ", StringComparison.Ordinal))
            {
                body = JsonNode.Parse(exact);
            }
            else
            {
                var (left, right) = (PlainText(exact), PlainText(own));
                return left == right ? null : $"text: recorded {left[..Math.Min(120, left.Length)]}, own {right[..Math.Min(120, right.Length)]}";
            }
        }
        if (body is null)
        {
            return own.Trim().Length == 0 ? null : $"recorded no body, own {own[..Math.Min(120, own.Length)]}";
        }
        var mine = JsonNode.Parse(own);
        Learn(body, mine);
        return GoldenComparison.Difference(Reduce(asked, body), Reduce(asked, mine, body), WithoutControllers);
    }

    /// <summary>The recorder shortened some lists to names; the own answer is shortened in the same way.</summary>
    private static JsonNode? Reduce(JsonObject asked, JsonNode? node, JsonNode? like = null)
    {
        _ = asked;
        if (node is not JsonObject json)
        {
            return node;
        }
        var shape = (like ?? node).AsObject();
        if (shape["itemNames"] is not null && like is not null)
        {
            var names = json["items"]!.AsArray().Select(item => (JsonNode?)item!["metadata"]!["name"]!.GetValue<string>()).ToArray();
            return new JsonObject { ["kind"] = json["kind"]!.DeepClone(), ["metadata"] = json["metadata"]!.DeepClone(), ["itemNames"] = new JsonArray(names) };
        }
        if (like is not null && shape["items"] is JsonArray { Count: > 0 } recorded && recorded[0]!["metadata"] is JsonObject { Count: 2 } short2 && short2.ContainsKey("name"))
        {
            var made = json.DeepClone().AsObject();
            made["items"] = new JsonArray([.. json["items"]!.AsArray().Select(item => (JsonNode)new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = item!["metadata"]!["name"]!.DeepClone(), ["resourceVersion"] = item["metadata"]!["resourceVersion"]?.DeepClone() },
            })]);
            return made;
        }
        return GoldenTables.Reduce(json, shape, isOwn: like is not null);
    }

    private async Task<string?> CompareStreamAsync(JsonArray stream, HttpResponseMessage answer)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await using var body = await answer.Content.ReadAsStreamAsync(limit.Token);
        using var reader = new StreamReader(body);
        if (stream.Any(item => item!["tMs"]!.GetValue<int>() >= 300))
        {
            _ = Task.Run(() => GoldenSeed.WriteWatched(server.Api), limit.Token);
        }
        for (var i = 0; i < stream.Count; i++)
        {
            var recorded = stream[i]!["event"]!.AsObject();
            string? line;
            try
            {
                line = await reader.ReadLineAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                line = null;
            }
            if (line is null)
            {
                return $"event {i + 1} of {stream.Count}: recorded {recorded["type"]}, own nothing";
            }
            var own = JsonNode.Parse(line)!.AsObject();
            Learn(recorded["object"], own["object"]);
            if (GoldenComparison.Difference(recorded, own, WithoutControllers) is { } difference)
            {
                return $"event {i + 1}: {difference}";
            }
        }
        return null;
    }

    private HttpRequestMessage Request(string name, JsonObject asked)
    {
        var headers = asked["headers"]?.AsObject() ?? [];
        var body = asked["body"] switch
        {
            null => null,
            JsonValue text when text.GetValueKind() == JsonValueKind.String => Expand(text.GetValue<string>()),
            var json => Translate(json.ToJsonString()),
        };
        var request = server.Request(asked["method"]!.GetValue<string>(), Path(asked["path"]!.GetValue<string>()), body, headers["Content-Type"]?.GetValue<string>());
        foreach (var (header, value) in headers.Where(pair => pair.Key is not "Content-Type"))
        {
            request.Headers.TryAddWithoutValidation(header, Translate(value!.GetValue<string>()));
        }
        switch (asked["auth"]?.GetValue<string>())
        {
            case "none":
                request.Headers.Authorization = null;
                break;
            case not null:
                request.Headers.Authorization = new("Bearer", "invalid");
                break;
        }
        if (name.Contains("curl UA", StringComparison.Ordinal))
        {
            request.Headers.Remove("User-Agent");
            request.Headers.TryAddWithoutValidation("User-Agent", "curl/7.88.1");
        }
        return request;
    }

    private static string Expand(string text)
    {
        var match = Sized().Match(text);
        return !match.Success ? text
            : $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{"a":"{{{new string('x', int.Parse(match.Groups["size"].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture))}}}"}}""";
    }

    /// <summary>Versions, uids and continue tokens of the recording become those that this server gave for the same things.</summary>
    private string Translate(string text)
    {
        foreach (var (theirs, mine) in _own.Where(pair => pair.Key.Length >= 5))
        {
            text = text.Replace(theirs, mine, StringComparison.Ordinal);
        }
        return text;
    }

    private string Path(string path) => VersionInQuery().Replace(Translate(path), match =>
    {
        var version = match.Groups["version"].Value;
        var isMeant = version.Length is < 4 or > 8 || _own.ContainsValue(version);
        return match.Groups["name"].Value + (isMeant ? version : server.Api.Store.Version.ToString(CultureInfo.InvariantCulture));
    });

    private void Learn(JsonNode? recorded, JsonNode? own)
    {
        switch (recorded, own)
        {
            case (JsonObject left, JsonObject right):
                foreach (var (name, value) in left)
                {
                    if (name is "uid" or "resourceVersion" or "continue" && value is JsonValue theirs && right[name] is JsonValue mine
                        && theirs.GetValueKind() == JsonValueKind.String && mine.GetValueKind() == JsonValueKind.String)
                    {
                        _own[theirs.GetValue<string>()] = mine.GetValue<string>();
                    }
                    else
                    {
                        Learn(value, right[name]);
                    }
                }
                break;
            case (JsonArray left, JsonArray right):
                for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
                {
                    Learn(left[i], right[i]);
                }
                break;
        }
    }

    private static async Task<string> ReadAllAsync(HttpResponseMessage answer)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        var bytes = await answer.Content.ReadAsByteArrayAsync(limit.Token);
        if (answer.Content.Headers.ContentEncoding.Contains("gzip"))
        {
            using var plain = new System.IO.Compression.GZipStream(new MemoryStream(bytes), System.IO.Compression.CompressionMode.Decompress);
            using var reader = new StreamReader(plain);
            return await reader.ReadToEndAsync();
        }
        return Encoding.UTF8.GetString(bytes);
    }

    private static string? Header(JsonObject recorded, string name) => recorded["headers"]?[name]?.GetValue<string>();

    private static string PlainText(string text) => OwnInText().Replace(text, "<own>");

    [GeneratedRegex("<configmap with (?<size>[0-9,]+) bytes", RegexOptions.None, 1000)]
    private static partial Regex Sized();

    [GeneratedRegex("(?<name>[?&]resourceVersion=)(?<version>[0-9]+)", RegexOptions.None, 1000)]
    private static partial Regex VersionInQuery();

    [GeneratedRegex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\\d{4}-\\d\\d-\\d\\dT[\\d:]+Z|\"\\d{4,}\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OwnInText();
}

internal static class GoldenPaths
{
    public static string Root { get; } = FindRoot();

    public static string Http(string file) => System.IO.Path.Combine(Root, "tests", "golden", "http", file + ".json");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "Plumb.slnx")))
        {
            directory = directory.Parent;
        }
        return directory?.FullName ?? throw new InvalidOperationException("the repository's root is not above the tests");
    }
}
