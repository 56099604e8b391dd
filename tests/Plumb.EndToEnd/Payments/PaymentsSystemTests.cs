namespace Plumb.EndToEnd.Payments;

public sealed class PaymentsSystemTests
{
    [Fact]
    public async Task Terminating_one_of_two_ledgers_under_load_fails_no_request()
    {
        await using var system = await PaymentsSystem.StartAsync();
        Assert.Equal(201, (await system.PayAsync()).Status);

        await using var load = await system.LoadAsync(rate: 40, seconds: 6);
        await Task.Delay(2000, TestContext.Current.CancellationToken);
        var exit = await system.Ledgers[0].TerminateAsync();
        await load.EndAsync();
        var report = load.Log.Last();

        Assert.Equal(0, exit);
        Assert.True(report.GetProperty("failed").GetInt64() == 0 && report.GetProperty("dropped").GetInt64() == 0, report.ToString());
        Assert.InRange(report.GetProperty("succeeded").GetInt64(), 200, 300);
    }

    [Fact]
    public async Task After_the_database_restarts_payments_go_on_and_no_money_is_lost()
    {
        await using var system = await PaymentsSystem.StartAsync();
        Assert.Equal(201, (await system.PayAsync()).Status);
        var before = await system.Database.QueryAsync("SELECT sum(balance) FROM accounts");

        await using (var load = await system.LoadAsync(rate: 20, seconds: 6))
        {
            await system.Database.StopServerAsync();
            var (status, body) = await system.PayAsync();
            Assert.Equal(503, status);
            Assert.Equal("unavailable", body.GetProperty("error").GetProperty("code").GetString());
            await system.Database.StartServerAsync();
            await load.EndAsync();
        }

        // Each of the two pools holds connections that died; every one of these would fail if dead connections were kept.
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(201, (await system.PayAsync()).Status);
        }

        Assert.Equal(before, await system.Database.QueryAsync("SELECT sum(balance) FROM accounts"));
        Assert.Equal("0", await system.Database.QueryAsync(
            "SELECT count(*) FROM accounts a WHERE balance <> 1000000000000"
            + " + coalesce((SELECT sum(amount) FROM payments WHERE to_account = a.id), 0) - coalesce((SELECT sum(amount) FROM payments WHERE from_account = a.id), 0)"));
    }

    [Fact]
    public async Task The_same_idempotency_key_many_times_at_once_pays_once()
    {
        await using var system = await PaymentsSystem.StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => system.PayAsync(key: "once-and-only-once")));

        Assert.All(answers, answer => Assert.InRange(answer.Status, 200, 201));
        Assert.Single(answers.Select(a => a.Body.GetProperty("id").GetString()).Distinct());
        Assert.Equal("1", await system.Database.QueryAsync("SELECT count(*) FROM payments"));
    }

    [Fact]
    public async Task One_trace_id_stands_in_the_logs_of_all_services_and_in_the_mail()
    {
        const string traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
        await using var system = await PaymentsSystem.StartAsync();

        Assert.Equal(201, (await system.PayAsync(traceParent: $"00-{traceId}-00f067aa0ba902b7-01")).Status);

        await system.Gateway.LoggedAsync("payment_completed", traceId);
        await system.Auth.LoggedAsync("token_accepted", traceId);
        await system.Notification.LoggedAsync("email_sent", traceId);
        await system.Mail.LoggedAsync("email_received", traceId);
        Assert.Contains(system.Ledgers.SelectMany(l => l.Log), line => line.TryGetProperty("trace_id", out var id) && id.GetString() == traceId);
        Assert.Equal("1", await system.Database.QueryAsync($"SELECT count(*) FROM payments WHERE trace_id = '{traceId}'"));
    }
}
