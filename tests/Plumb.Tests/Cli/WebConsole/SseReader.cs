namespace Plumb.Tests.Cli.WebConsole;

internal sealed record SseMessage(string Name, string Id, string Data);

/// <summary>Reads server-sent events; gives up after a while so that a silent stream fails a test instead of hanging it.</summary>
internal sealed class SseReader : IAsyncDisposable
{
    private const int MaxMessages = 100;
    private readonly HttpResponseMessage _answer;
    private readonly StreamReader _lines;
    private readonly CancellationTokenSource _limit;

    private SseReader(HttpResponseMessage answer, StreamReader lines, CancellationTokenSource limit) => (_answer, _lines, _limit) = (answer, lines, limit);

    internal static async Task<SseReader> OpenAsync(HttpClient client, string? lastEventId, CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/stream");
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        answer.EnsureSuccessStatusCode();
        return new SseReader(answer, new StreamReader(await answer.Content.ReadAsStreamAsync(limit.Token)), limit);
    }

    internal async Task<SseMessage> NextAsync()
    {
        var (name, id, data) = ("", "", "");
        while (await _lines.ReadLineAsync(_limit.Token) is { } line)
        {
            if (line.Length == 0 && name.Length > 0)
            {
                return new SseMessage(name, id, data);
            }

            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            _ = colon < 0 ? "" : line[..colon] switch
            {
                "event" => name = line[(colon + 2)..],
                "id" => id = line[(colon + 2)..],
                "data" => data = line[(colon + 2)..],
                _ => "",
            };
        }

        throw new EndOfStreamException("The stream ended.");
    }

    internal async Task<SseMessage> UntilAsync(Predicate<SseMessage> fits)
    {
        for (var i = 0; i < MaxMessages; i++)
        {
            var message = await NextAsync();
            if (fits(message))
            {
                return message;
            }
        }

        throw new InvalidOperationException($"None of {MaxMessages} messages fits.");
    }

    public ValueTask DisposeAsync()
    {
        _answer.Dispose();
        _limit.Dispose();
        return ValueTask.CompletedTask;
    }
}
