using System.Text;
using System.Text.Json;

namespace Plumb.EndToEnd.Payments;

/// <summary>The whole payments system as plain processes: no cluster, a real database, two ledgers.</summary>
internal sealed class PaymentsSystem : IAsyncDisposable
{
    private const string Token = "end-to-end-token-0123";
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    public required RealPostgres Database { get; init; }
    public required ServiceProcess[] Ledgers { get; init; }
    public required ServiceProcess Gateway { get; init; }
    public required ServiceProcess Auth { get; init; }
    public required ServiceProcess Notification { get; init; }
    public required ServiceProcess Mail { get; init; }

    public static async Task<PaymentsSystem> StartAsync()
    {
        var database = await RealPostgres.StartAsync();
        var ledgerEnv = new Dictionary<string, string> { ["DATABASE_HOST"] = "127.0.0.1", ["DATABASE_PORT"] = $"{database.Port}", ["DATABASE_PASSWORD"] = RealPostgres.Password };
        // Both at once on an empty database: the first thing that two replicas do.
        ServiceProcess[] ledgers = [new("ledger", ledgerEnv), new("ledger", ledgerEnv)];
        var auth = new ServiceProcess("auth", new Dictionary<string, string> { ["AUTH_TOKENS"] = $"tests={Token}" });
        var mail = new ServiceProcess("mail", new Dictionary<string, string>());
        var smtpPort = (await mail.LoggedAsync("smtp_started")).GetProperty("smtp_port").GetInt32();
        var notification = new ServiceProcess("notification", new Dictionary<string, string> { ["SMTP_HOST"] = "127.0.0.1", ["SMTP_PORT"] = $"{smtpPort}" });
        var gateway = new ServiceProcess("gateway", new Dictionary<string, string>
        {
            ["LEDGER_URL"] = $"{await ledgers[0].UrlAsync()},{await ledgers[1].UrlAsync()}",
            ["AUTH_URL"] = await auth.UrlAsync(),
            ["NOTIFICATION_URL"] = await notification.UrlAsync(),
        });
        foreach (var ledger in ledgers)
        {
            await ledger.LoggedAsync("schema_ready");
        }

        return new PaymentsSystem { Database = database, Ledgers = ledgers, Gateway = gateway, Auth = auth, Notification = notification, Mail = mail };
    }

    public async Task<(int Status, JsonElement Body)> PayAsync(string? key = null, string? traceParent = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{await Gateway.UrlAsync()}api/payments")
        {
            Content = new StringContent("""{"amount":100,"currency":"EUR","from":"account-001","to":"account-002"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Authorization", $"Bearer {Token}");
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        if (traceParent is not null)
        {
            request.Headers.Add("traceparent", traceParent);
        }

        using var response = await _client.SendAsync(request);
        return ((int)response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <summary>The load generator as a process: it ends by itself and leaves its report as its last line.</summary>
    public async Task<ServiceProcess> LoadAsync(int rate, int seconds) => new(
        "load", new Dictionary<string, string> { ["GATEWAY_URL"] = await Gateway.UrlAsync(), ["API_TOKEN"] = Token, ["RATE"] = $"{rate}" }, "--duration", $"{seconds}");

    public async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { Gateway, Ledgers[0], Ledgers[1], Auth, Notification, Mail })
        {
            await process.DisposeAsync();
        }

        await Database.DisposeAsync();
        _client.Dispose();
    }
}
