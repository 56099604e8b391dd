using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using Plumb.Core.Metrics;
using Plumb.Lab.Payments.Faults;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

internal sealed record NotificationRequest(Guid PaymentId, string From, string To, long Amount, string Currency);

internal sealed record NotificationAccepted(string Status);

/// <summary>Accepts notifications, and sends each as a mail over SMTP from a bounded queue that is emptied before the process ends.</summary>
internal sealed class NotificationService : IService
{
    private const int QueueLimit = 1000;
    private const int MaxAttempts = 4;
    private const int DefaultTimeoutMs = 50;
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(5);

    private readonly Channel<(NotificationRequest Request, TraceContext Trace)> _queue =
        Channel.CreateBounded<(NotificationRequest, TraceContext)>(new BoundedChannelOptions(QueueLimit) { SingleReader = true });

    private readonly string _host;
    private readonly int _port;
    private readonly FaultSet _faults;
    private readonly JsonLog _log;
    private readonly TimeProvider _time;
    private readonly Counter _mails;
    private readonly CancellationTokenSource _giveUp = new();
    private Task _worker = Task.CompletedTask;

    public NotificationService(string host, int port, FaultSet faults, JsonLog log, MetricRegistry metrics, TimeProvider time)
    {
        (_host, _port, _faults, _log, _time) = (host, port, faults, log, time);
        _mails = metrics.Counter("notification_mails_total", "Mails by outcome.", "outcome");
        _mails.With("sent");
        _mails.With("failed");
        Routes = [new Route("POST", "/notifications", AcceptAsync)];
    }

    public IReadOnlyList<Route> Routes { get; }

    public Task StartAsync(CancellationToken cancel)
    {
        _worker = Task.Run(WorkAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        _giveUp.CancelAfter(FlushLimit);
        await _worker;
        _giveUp.Dispose();
    }

    private async Task<Reply> AcceptAsync(Call call)
    {
        NotificationRequest? request;
        try
        {
            request = await JsonSerializer.DeserializeAsync(call.Http.Request.Body, PaymentsJson.Default.NotificationRequest, call.Cancel);
        }
        catch (JsonException problem)
        {
            return Reply.Problem(400, "invalid_json", $"The body is no notification: {problem.Message}");
        }

        if (request is null || !IsWord(request.From) || !IsWord(request.To) || !IsWord(request.Currency))
        {
            return Reply.Problem(400, "invalid_field", "A notification needs paymentId, from, to, amount and currency; names hold letters, digits and - only.");
        }

        if (!_queue.Writer.TryWrite((request, call.Trace)))
        {
            _log.Error("email_queue_full", $"{QueueLimit} mails wait already.", call.Trace);
            return Reply.Problem(503, "queue_full", $"{QueueLimit} mails wait already. Is the mail server up?");
        }

        _log.Info("email_queued", $"Mail about payment {request.PaymentId} is queued.", call.Trace, ("payment_id", request.PaymentId.ToString()));
        return Reply.Json(202, new NotificationAccepted("queued"), PaymentsJson.Default.NotificationAccepted);
    }

    /// <summary>These become parts of a mail's header and of SMTP commands, where a line break would be an instruction.</summary>
    private static bool IsWord(string? text) => text is { Length: > 0 and <= 64 } && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private async Task WorkAsync()
    {
        await foreach (var (request, trace) in _queue.Reader.ReadAllAsync(CancellationToken.None))
        {
            await SendAsync(request, trace);
        }
    }

    private async Task SendAsync(NotificationRequest request, TraceContext trace)
    {
        var id = request.PaymentId.ToString();
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            _log.Info("email_send_attempt", $"Sending the mail about payment {id}.", trace, ("payment_id", id), ("attempt", attempt));
            if (_faults.Hit(FaultKind.MailTimeout) is { } timeout)
            {
                await LoseAsync(request, timeout.Request.DelayMs ?? DefaultTimeoutMs);
                return;
            }

            var began = _time.GetTimestamp();
            if (await TrySendAsync(request, trace) is not { } failure)
            {
                _mails.With("sent").Add();
                _log.Info("email_sent", $"The mail server has the mail about payment {id}.", trace,
                    ("payment_id", id), ("duration_ms", Math.Round(_time.GetElapsedTime(began).TotalMilliseconds, 3)));
                return;
            }

            _log.Warn("email_send_failed", failure, trace, ("payment_id", id), ("attempt", attempt));
            if (attempt < MaxAttempts && !_giveUp.IsCancellationRequested)
            {
                await Task.Delay(FirstBackOff * (1 << attempt), _time, _giveUp.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }

        _mails.With("failed").Add();
        _log.Error("email_lost", $"The mail about payment {id} was given up after {MaxAttempts} attempts.", trace, ("payment_id", id));
    }

    /// <summary>The fault: the mail is lost, and the line that says so has lost its trace. That is what a correlation by trace id alone never shows.</summary>
    private async Task LoseAsync(NotificationRequest request, int timeoutMs)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(timeoutMs), _time, _giveUp.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        _mails.With("failed").Add();
        _log.Plain("ERROR", $"Connection timeout to mail server {_host}:{_port} after {timeoutMs} ms - failed to send confirmation to {Address(request)}");
    }

    private static string Address(NotificationRequest request) => $"{request.From}@customers.example";

    private async Task<string?> TrySendAsync(NotificationRequest request, TraceContext trace)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_giveUp.Token);
        limit.CancelAfter(SendTimeout);
        var from = "payments@payments.example";
        var to = Address(request);
        var text = $"""
            From: {from}
            To: {to}
            Subject: Payment {request.PaymentId}
            Date: {_time.GetUtcNow():r}
            traceparent: {trace.Header}
            X-Payment-Id: {request.PaymentId}

            {request.Amount} {request.Currency} (minor units) went from {request.From} to {request.To}.
            """.ReplaceLineEndings("\r\n");
        try
        {
            var refusal = await SmtpSender.SendAsync(_host, _port, from, to, text, limit.Token);
            return refusal is null ? null : $"The mail server {_host}:{_port} did not take the mail: {refusal}";
        }
        catch (OperationCanceledException)
        {
            return $"The mail server {_host}:{_port} did not take the mail within {SendTimeout.TotalSeconds:0} s.";
        }
        catch (Exception problem) when (problem is SocketException or IOException)
        {
            return $"The mail server {_host}:{_port} cannot be reached: {problem.Message}";
        }
    }
}
