using System.Globalization;
using System.Text;

namespace Plumb.Bench;

/// <summary>
/// Writes the logs of a payments system of four services, one file each, in the order of time: JSON lines of the shape that the lab's services write, with some
/// plain text. The same seed gives the same bytes. With a truth file it also says which request each line without an id belongs to.
/// </summary>
/// <param name="paymentIds">False: no line has the payment's id, so that a line that lost its trace id shares with its request only a user, an amount, and the time.</param>
internal sealed class LogInput(int seed, double strippedShare, double lostMailShare, double skewSeconds = 0, bool paymentIds = true)
{
    private const double RequestsPerSecond = 180;
    private const int Users = 400;
    private const int Batch = 4000;
    private static readonly string[] Services = ["gateway", "auth", "ledger", "notification"];
    private static readonly DateTime Begin = new(2026, 5, 1, 14, 0, 0, DateTimeKind.Utc);

    private readonly Random _random = new(seed);
    private readonly List<(DateTime At, int Service, string Line, string? Truth)> _pending = [];
    private readonly long[] _lines = new long[Services.Length];

    public long Lines => _lines.Sum();

    public long Bytes { get; private set; }

    /// <summary>An id in the middle of the files, to search for.</summary>
    public string SampleId { get; private set; } = "";

    public void Write(string folder, long bytes)
    {
        Directory.CreateDirectory(folder);
        var files = Services.Select(name => new StreamWriter(Path.Combine(folder, name + ".log"), false, new UTF8Encoding(false), 1 << 20) { NewLine = "\n" }).ToArray();
        using var truth = new StreamWriter(Path.Combine(folder, "..", Path.GetFileName(folder) + ".truth"));
        var at = Begin;
        while (Bytes < bytes)
        {
            for (var i = 0; i < Batch; i++)
            {
                at += TimeSpan.FromSeconds(-Math.Log(1 - _random.NextDouble()) / RequestsPerSecond);
                Request(at);
            }
            Flush(files, truth, at);
            SampleId = Bytes < bytes / 2 ? _last : SampleId;
        }
        Flush(files, truth, DateTime.MaxValue);
        foreach (var file in files)
        {
            file.Dispose();
        }
    }

    private string _last = "";

    private void Flush(StreamWriter[] files, StreamWriter truth, DateTime until)
    {
        foreach (var (at, service, line, id) in _pending.Where(line => line.At < until).OrderBy(line => line.At))
        {
            files[service].WriteLine(line);
            Bytes += line.Length + 1;
            _lines[service]++;
            if (id is not null)
            {
                truth.WriteLine($"{Services[service]}.log\t{_lines[service]}\t{id}");
            }
        }
        _pending.RemoveAll(line => line.At < until);
    }

    private void Request(DateTime start)
    {
        var id = Hex(16);
        _last = id;
        var user = $"u_{_random.Next(Users)}";
        var mail = $"{user}@example.com";
        var amount = _random.Next(100, 100_000);
        var payment = Guid.Parse(Hex(16));
        var (own, named) = paymentIds ? ($"\"payment_id\":\"{payment}\",", $" {payment}") : ("", "");
        var pods = Services.Select(name => $"{name}-{(name[0] * 7919) % 9000 + 1000}b9-{"x2k4p"[_random.Next(5)]}{_random.Next(1, 3)}").ToArray();
        var spans = Services.Select(_ => Hex(8)).ToArray();
        var at = start;
        Json(0, "info", "payment_requested", $"\"user_id\":\"{user}\",\"amount\":{amount},\"currency\":\"USD\",\"message\":\"{amount} USD from {user} to m_{_random.Next(50)}\"");
        Step(0.4, 2);
        Json(1, "info", "user_authenticated", $"\"user_id\":\"{user}\",\"message\":\"Token of {user} is valid.\",\"duration_ms\":{_random.NextDouble() * 3:0.000}");
        Step(0.4, 2);
        Json(2, "info", "payment_received", $"{own}\"amount\":{amount},\"message\":\"Payment{named} begins.\"");
        Step(3, 25);
        Json(2, "info", "transaction_recorded", $"{own}\"amount\":{amount},\"user_id\":\"{user}\",\"message\":\"{amount} USD moved for {user}.\",\"duration_ms\":{_random.NextDouble() * 25:0.000}");
        Step(0.4, 3);
        Json(3, "info", "email_send_attempt", $"{own}\"recipient\":\"{mail}\",\"message\":\"Sending the mail about payment{named}.\"");
        Step(2, 30);
        if (_random.NextDouble() < lostMailShare)
        {
            Plain(3, $"ERROR Connection timeout to mail server smtp.example.com:587 after 50 ms - failed to send confirmation to {mail}");
        }
        else
        {
            Json(3, "info", "email_sent", $"{own}\"recipient\":\"{mail}\",\"message\":\"The mail server has the mail about payment{named}.\"");
        }
        Step(0.4, 2);
        Json(0, "info", "payment_completed", $"{own}\"user_id\":\"{user}\",\"status\":201,\"message\":\"Payment{named} is completed.\",\"duration_ms\":{(at - start).TotalMilliseconds:0.000}");

        void Step(double least, double most) => at += TimeSpan.FromMilliseconds(least + (_random.NextDouble() * (most - least)));

        string Stamp(int service) => at.AddSeconds(service == 2 ? skewSeconds : 0).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

        void Json(int service, string level, string name, string rest)
        {
            var stripped = _random.NextDouble() < strippedShare;
            var ids = stripped ? "" : $"\"trace_id\":\"{id}\",\"span_id\":\"{spans[service]}\",";
            _pending.Add((at, service, $"{{\"timestamp\":\"{Stamp(service)}\",\"level\":\"{level}\",\"service\":\"{Services[service]}\",\"version\":\"1.0\",\"pod\":\"{pods[service]}\",\"event\":\"{name}\",{ids}{rest}}}", stripped ? id : null));
        }

        void Plain(int service, string text) => _pending.Add((at, service, $"{Stamp(service)} {text}", id));
    }

    private string Hex(int bytes)
    {
        Span<byte> random = stackalloc byte[bytes];
        _random.NextBytes(random);
        return Convert.ToHexStringLower(random);
    }
}
