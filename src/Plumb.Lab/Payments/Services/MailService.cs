using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Plumb.Core.Metrics;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <param name="TraceId">From the mail's traceparent header; empty when it has none.</param>
internal sealed record MailMessageView(long Number, DateTimeOffset ReceivedAt, string From, string[] To, string Subject, string TraceId, string? Text = null);

/// <param name="Total">All mails received; only the newest are kept.</param>
internal sealed record MailListing(long Total, MailMessageView[] Messages);

/// <summary>A mail server that delivers nowhere: it takes everything over SMTP and shows it over HTTP.</summary>
internal sealed class MailService : IService
{
    private const int Kept = 500;
    private const int Listed = 50;
    private const int MaxConnections = 64;
    private readonly IPEndPoint _listen;
    private readonly JsonLog _log;
    private readonly TimeProvider _time;
    private readonly Counter _received;
    private readonly Lock _lock = new();
    private readonly Queue<MailMessageView> _mails = new();
    private readonly SemaphoreSlim _connections = new(MaxConnections);
    private readonly CancellationTokenSource _stop = new();
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;
    private long _total;

    public MailService(IPEndPoint listen, JsonLog log, MetricRegistry metrics, TimeProvider time)
    {
        (_listen, _log, _time) = (listen, log, time);
        _received = metrics.Counter("mail_received_total", "Mails taken over SMTP.");
        Routes = [new Route("GET", "/messages", ListAsync), new Route("GET", "/messages/{number}", ShowAsync)];
    }

    public IReadOnlyList<Route> Routes { get; }

    public Task StartAsync(CancellationToken cancel)
    {
        _listener = new TcpListener(_listen);
        try
        {
            _listener.Start();
        }
        catch (SocketException problem)
        {
            // Health must not claim what does not work; without its SMTP port this process is useless.
            _log.Error("listen_failed", $"Cannot listen for SMTP on {_listen}: {problem.Message}. Set SMTP_PORT to a free port.");
            throw new IOException(problem.Message, problem);
        }

        _log.Info("smtp_started", $"SMTP on {_listener.LocalEndpoint}.", null, ("smtp_port", ((IPEndPoint)_listener.LocalEndpoint).Port));
        _accepting = AcceptAsync(_listener, _stop.Token);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener?.Stop();
        await _accepting;
        _stop.Dispose();
        _connections.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken cancel)
    {
        try
        {
            while (!cancel.IsCancellationRequested)
            {
                await _connections.WaitAsync(cancel);
                var client = await listener.AcceptTcpClientAsync(cancel);
                _ = TalkAsync(client, cancel);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task TalkAsync(TcpClient client, CancellationToken cancel)
    {
        try
        {
            using (client)
            {
                using var session = new SmtpSession(client.GetStream(), Keep);
                await session.RunAsync(cancel);
            }
        }
        catch (Exception problem) when (problem is OperationCanceledException or IOException)
        {
            _log.Warn("smtp_connection_lost", $"A sender went away in the middle: {problem.Message}");
        }
        finally
        {
            if (!cancel.IsCancellationRequested)
            {
                _connections.Release();
            }
        }
    }

    private void Keep(SmtpMail mail)
    {
        var trace = mail.Header("traceparent") is { } header ? TraceContext.Continue(header, null) : null;
        lock (_lock)
        {
            _total++;
            _mails.Enqueue(new MailMessageView(_total, _time.GetUtcNow(), mail.From, [.. mail.To], mail.Header("Subject") ?? "", trace?.TraceId ?? "", mail.Text));
            if (_mails.Count > Kept)
            {
                _mails.Dequeue();
            }
        }

        _received.Add();
        _log.Info("email_received", $"Mail from {mail.From} to {string.Join(", ", mail.To)}.", trace, ("payment_id", mail.Header("X-Payment-Id") ?? ""));
    }

    private Task<Reply> ListAsync(Call call)
    {
        lock (_lock)
        {
            var newest = _mails.Reverse().Take(Listed).Select(m => m with { Text = null });
            return Task.FromResult(Reply.Json(200, new MailListing(_total, [.. newest]), PaymentsJson.Default.MailListing));
        }
    }

    private Task<Reply> ShowAsync(Call call)
    {
        if (!long.TryParse(call.Argument, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Task.FromResult(Reply.Problem(400, "invalid_field", "A mail's number is a whole number; GET /messages lists them.", "number"));
        }

        lock (_lock)
        {
            return Task.FromResult(_mails.FirstOrDefault(m => m.Number == number) is { } mail
                ? Reply.Json(200, mail, PaymentsJson.Default.MailMessageView)
                : Reply.Problem(404, "not_found", $"There is no mail {number}; the newest {Kept} are kept."));
        }
    }
}
