using System.Globalization;
using System.Text.Json.Nodes;

namespace Plumb.Tests.Logs;

/// <summary>Writes the logs of a small payments system, seeded: three services, six events a request, some of which lose their id.</summary>
internal sealed class Requests(int seed)
{
    public static readonly DateTimeOffset Begin = new(2026, 5, 15, 21, 42, 0, TimeSpan.Zero);

    private readonly Random _random = new(seed);
    private readonly List<(string Service, DateTimeOffset At, string Line, string? Lost)> _lines = [];

    /// <summary>Lines without an id, with the request that they belong to: source, number of the line from 0, id.</summary>
    public List<(string Service, int Line, string Id)> Lost { get; } = [];

    public List<string> Ids { get; } = [];

    /// <summary>Milliseconds that a service's clock is ahead.</summary>
    public Dictionary<string, double> SkewMs { get; } = [];

    /// <param name="stripped">Share of lines without an id.</param>
    /// <param name="lostMails">Numbers of requests whose mail fails with a plain line.</param>
    /// <param name="everyMs">Mean time between two requests.</param>
    public Requests Add(int count, double stripped = 0, int[]? lostMails = null, double everyMs = 40)
    {
        var start = Begin;
        for (var i = 0; i < count; i++)
        {
            start += TimeSpan.FromMilliseconds(everyMs * 2 * _random.NextDouble());
            var (at, id, user) = (start, $"pay-{_random.Next():x8}", $"u_{_random.Next(60)}");
            Ids.Add(id);
            Json("auth", "payment_request_received", ("user_id", user), ("amount", _random.Next(10, 10_000)));
            Json("auth", "user_authenticated", ("user_id", user));
            Json("ledger", "transaction_recorded", ("user_id", user), ("currency", "USD"));
            Json("notification", "email_send_attempt", ("recipient", $"{user}@example.com"));
            if (lostMails?.Contains(i) == true)
            {
                Write("notification", $"{Stamp("notification")} ERROR Connection timeout to email provider after 50 ms - failed to send confirmation to {user}@example.com", id);
            }
            else
            {
                Json("notification", "email_queued", ("recipient", $"{user}@example.com"));
            }
            Json("auth", "payment_complete", ("user_id", user));

            void Json(string service, string name, params ReadOnlySpan<(string Name, JsonNode Value)> fields)
            {
                var line = new JsonObject { ["timestamp"] = Stamp(service), ["level"] = "INFO", ["service"] = service, ["event"] = name };
                var lost = _random.NextDouble() < stripped;
                if (!lost)
                {
                    line["trace_id"] = id;
                }
                foreach (var (field, value) in fields)
                {
                    line[field] = value;
                }
                Write(service, line.ToJsonString(), lost ? id : null);
            }

            string Stamp(string service) => at.AddMilliseconds(SkewMs.GetValueOrDefault(service)).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);

            void Write(string service, string line, string? lost)
            {
                _lines.Add((service, at, line, lost));
                at += TimeSpan.FromMilliseconds(1 + (10 * _random.NextDouble()));
            }
        }
        return this;
    }

    public LogFolder Write()
    {
        var folder = new LogFolder();
        foreach (var service in _lines.GroupBy(line => line.Service))
        {
            var lines = service.OrderBy(line => line.At).ToArray();
            folder.With($"{service.Key}.log", [.. lines.Select(line => line.Line)]);
            Lost.AddRange(lines.Select((line, number) => (service.Key, number, line.Lost)).Where(line => line.Lost is not null).Select(line => (line.Key, line.number, line.Lost!)));
        }
        return folder;
    }
}
