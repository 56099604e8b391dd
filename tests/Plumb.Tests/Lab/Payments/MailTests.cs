using System.Net;
using System.Text.Json;
using Plumb.Lab.Payments.Faults;
using Plumb.Lab.Payments.Services;
using Xunit;

namespace Plumb.Tests.Lab.Payments;

public sealed class MailTests
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_mail_arrives_as_it_was_sent_with_its_trace_and_its_lines_of_dots()
    {
        await using var mail = Mail();
        var port = (await mail.LoggedAsync("smtp_started")).GetProperty("smtp_port").GetInt32();
        var text = $"Subject: Hello\r\ntraceparent: 00-{TraceId}-00f067aa0ba902b7-01\r\n\r\n.\r\n..two\r\nend";

        var refusal = await SmtpSender.SendAsync("127.0.0.1", port, "a@example", "b@example", text, Cancel);

        Assert.Null(refusal);
        var url = await mail.UrlAsync();
        var listing = JsonDocument.Parse(await mail.Client.GetStringAsync(new Uri(url, "/messages"), Cancel)).RootElement;
        Assert.Equal(1, listing.GetProperty("total").GetInt64());
        Assert.Equal(TraceId, listing.GetProperty("messages")[0].GetProperty("traceId").GetString());
        var message = JsonDocument.Parse(await mail.Client.GetStringAsync(new Uri(url, "/messages/1"), Cancel)).RootElement;
        Assert.Equal(text + "\r\n", message.GetProperty("text").GetString());
        Assert.Equal("b@example", message.GetProperty("to")[0].GetString());
    }

    [Fact]
    public async Task A_mail_that_is_too_large_is_refused_and_not_kept()
    {
        await using var mail = Mail();
        var port = (await mail.LoggedAsync("smtp_started")).GetProperty("smtp_port").GetInt32();
        var text = "Subject: Large\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 300));

        var refusal = await SmtpSender.SendAsync("127.0.0.1", port, "a@example", "b@example", text, Cancel);

        Assert.Contains("552", refusal, StringComparison.Ordinal);
        var listing = await mail.Client.GetStringAsync(new Uri(await mail.UrlAsync(), "/messages"), Cancel);
        Assert.Contains("\"total\":0", listing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mail_that_times_out_under_the_fault_leaves_an_attempt_with_a_trace_and_an_error_without_one()
    {
        await using var notification = new RunningService((log, metrics, faults) =>
        {
            faults.Set(FaultKind.MailTimeout, new FaultRequest(DelayMs: 1));
            return new NotificationService("127.0.0.1", 1, faults, log, metrics.Registry, TimeProvider.System);
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(await notification.UrlAsync(), "/notifications"));
        request.Headers.Add("traceparent", $"00-{TraceId}-00f067aa0ba902b7-01");
        request.Content = new StringContent($$"""{"paymentId":"{{Guid.NewGuid()}}","from":"alice","to":"bob","amount":5,"currency":"USD"}""");
        using var reply = await notification.Client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Accepted, reply.StatusCode);

        var attempt = await notification.LoggedAsync("email_send_attempt");
        while (notification.PlainLines.Count == 0)
        {
            await Task.Delay(5, Cancel);
        }

        Assert.Equal(TraceId, attempt.GetProperty("trace_id").GetString());
        var lost = Assert.Single(notification.PlainLines);
        Assert.Contains(" ERROR Connection timeout to mail server", lost, StringComparison.Ordinal);
        Assert.Contains("alice@customers.example", lost, StringComparison.Ordinal);
        Assert.DoesNotContain(TraceId, lost, StringComparison.Ordinal);
        Assert.DoesNotContain(notification.Log, line => line.GetProperty("event").GetString() == "email_sent");
    }

    private static RunningService Mail() =>
        new((log, metrics) => new MailService(new IPEndPoint(IPAddress.Loopback, 0), log, metrics.Registry, TimeProvider.System));
}
