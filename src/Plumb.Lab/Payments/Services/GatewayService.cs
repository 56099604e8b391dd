using System.Text.Json;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <summary>The public door: checks the caller, has the ledger move the money, and asks for a mail about it.</summary>
internal sealed class GatewayService : IService
{
    private const int MaxIdempotencyKeyLength = 128;
    private readonly Peer _auth;
    private readonly Peer _ledger;
    private readonly Peer _notification;
    private readonly JsonLog _log;

    public GatewayService(Peer auth, Peer ledger, Peer notification, JsonLog log)
    {
        (_auth, _ledger, _notification, _log) = (auth, ledger, notification, log);
        Routes = [new Route("POST", "/api/payments", PayAsync), new Route("GET", "/api/payments/{id}", ShowAsync)];
    }

    public IReadOnlyList<Route> Routes { get; }

    public ValueTask DisposeAsync()
    {
        _auth.Dispose();
        _ledger.Dispose();
        _notification.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<Reply> PayAsync(Call call)
    {
        var (request, problem) = await PaymentRequest.ReadAsync(call.Http.Request, call.Cancel);
        if (problem is not null)
        {
            return problem;
        }

        // The key makes a second try harmless: the client's own when it sent one, else one for our own retries.
        var key = call.Http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > MaxIdempotencyKeyLength)
        {
            return Reply.Problem(400, "invalid_field", $"Idempotency-Key has {key.Length} characters; the limit is {MaxIdempotencyKeyLength}.", "Idempotency-Key");
        }

        if (await AuthorizeAsync(call) is { } refusal)
        {
            return refusal;
        }

        _log.Info("payment_requested", $"{request!.Amount} {request.Currency} from {request.From} to {request.To}.", call.Trace);
        var body = JsonSerializer.SerializeToUtf8Bytes(request, PaymentsJson.Default.PaymentRequest);
        var answer = await _ledger.SendAsync(
            HttpMethod.Post, "/payments", body, call.Trace, call.Cancel, ("Idempotency-Key", key.Length > 0 ? key : Guid.NewGuid().ToString()));
        if (!answer.Success)
        {
            return Failed(call, "ledger", answer);
        }

        if (answer.Read(PaymentsJson.Default.Payment) is not { } payment)
        {
            return Unreadable(call, "ledger");
        }

        var notification = await NotifyAsync(call, payment);
        _log.Info("payment_completed", $"Payment {payment.Id} is {payment.Status}.", call.Trace, ("payment_id", payment.Id.ToString()), ("notification", notification));
        return Reply.Json(answer.Status, View(payment, notification), PaymentsJson.Default.PaymentView);
    }

    private async Task<Reply> ShowAsync(Call call)
    {
        if (!Guid.TryParseExact(call.Argument, "D", out var id))
        {
            return Reply.Problem(400, "invalid_field", "A payment's id is a UUID such as 3f0c1d9e-6f0b-4c57-9a35-0d1c2b3a4e5f.", "id");
        }

        if (await AuthorizeAsync(call) is { } refusal)
        {
            return refusal;
        }

        var answer = await _ledger.SendAsync(HttpMethod.Get, $"/payments/{id}", null, call.Trace, call.Cancel);
        if (!answer.Success)
        {
            return Failed(call, "ledger", answer);
        }

        return answer.Read(PaymentsJson.Default.Payment) is { } payment
            ? Reply.Json(200, View(payment, null), PaymentsJson.Default.PaymentView)
            : Unreadable(call, "ledger");
    }

    private async Task<Reply?> AuthorizeAsync(Call call)
    {
        var answer = await _auth.SendAsync(
            HttpMethod.Get, "/check", null, call.Trace, call.Cancel, ("Authorization", call.Http.Request.Headers.Authorization.ToString()));
        return answer.Success ? null : Failed(call, "auth", answer);
    }

    /// <summary>A mail that cannot be sent must not undo a payment that is made.</summary>
    private async Task<string> NotifyAsync(Call call, Payment payment)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new NotificationRequest(payment.Id, payment.From, payment.To, payment.Amount, payment.Currency), PaymentsJson.Default.NotificationRequest);
        var answer = await _notification.SendAsync(HttpMethod.Post, "/notifications", body, call.Trace, call.Cancel);
        if (answer.Success)
        {
            return "queued";
        }

        _log.Warn("notification_failed", $"Nobody is told about payment {payment.Id}: {answer.Failure ?? $"status {answer.Status}"}.", call.Trace);
        return "failed";
    }

    /// <summary>The caller's own mistakes are passed on; a peer's failure becomes 503 or 502 with the peer's name.</summary>
    private Reply Failed(Call call, string peer, PeerAnswer answer)
    {
        if (answer.Status is >= 400 and < 500)
        {
            return new Reply(answer.Status, answer.Body, "application/json");
        }

        var why = answer.Failure ?? $"it answered {answer.Status}";
        _log.Error("peer_failed", $"{peer}: {why}, after {answer.Attempts} attempts.", call.Trace, ("peer", peer), ("attempts", answer.Attempts));
        return answer.Status is 0 or 503
            ? Reply.Problem(503, "unavailable", $"The {peer} service is not available now. Try again with the same Idempotency-Key; nothing is charged twice.") with { RetryAfterSeconds = 1 }
            : Reply.Problem(502, "bad_gateway", $"The {peer} service failed. Trace {call.Trace.TraceId} has the details in its log.");
    }

    private static Reply Unreadable(Call call, string peer) =>
        Reply.Problem(502, "bad_gateway", $"The {peer} service gave an answer that is no payment. Trace {call.Trace.TraceId} has the details in its log.");

    private static PaymentView View(Payment payment, string? notification) => new(
        payment.Id, payment.Amount, payment.Currency, payment.From, payment.To, payment.Status, payment.CreatedAt, payment.TraceId, notification);
}
