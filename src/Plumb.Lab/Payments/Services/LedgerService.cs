using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Plumb.Core.Metrics;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <param name="Status">ok or failed.</param>
/// <param name="Detail">What failed; null when nothing did.</param>
internal sealed record DatabaseHealth(string Status, double ConnectMs, string? Detail = null);

/// <summary>Keeps accounts and payments in PostgreSQL. The same Idempotency-Key makes the same payment only once.</summary>
internal sealed class LedgerService : IService
{
    private readonly LedgerDatabase _database;
    private readonly JsonLog _log;
    private readonly Counter _payments;
    private readonly Histogram _durations;
    private readonly TimeProvider _time;
    private Task _schema = Task.CompletedTask;

    public LedgerService(LedgerDatabase database, JsonLog log, MetricRegistry metrics, TimeProvider time)
    {
        (_database, _log, _time) = (database, log, time);
        _payments = metrics.Counter("ledger_payments_total", "Payments by outcome.", "outcome");
        _durations = metrics.Histogram("ledger_database_duration_seconds", "Time for the work on the database, retries included.", Histogram.RequestSeconds);
        foreach (var outcome in new[] { "completed", "replayed", "refused", "failed" })
        {
            _payments.With(outcome);
        }

        Routes =
        [
            new Route("POST", "/payments", PayAsync),
            new Route("GET", "/payments/{id}", ShowPaymentAsync),
            new Route("GET", "/accounts/{id}", ShowAccountAsync),
        ];
    }

    public IReadOnlyList<Route> Routes { get; }

    public Func<CancellationToken, Task<Reply>> CheckDatabase => CheckDatabaseAsync;

    public Task StartAsync(CancellationToken cancel)
    {
        _schema = Task.Run(() => _database.CreateSchemaAsync(cancel), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _schema;
        await _database.DisposeAsync();
    }

    private async Task<Reply> CheckDatabaseAsync(CancellationToken cancel)
    {
        var (took, failure) = await _database.CheckFreshAsync(cancel);
        var ms = Math.Round(took.TotalMilliseconds, 3);
        return failure is null
            ? Reply.Json(200, new DatabaseHealth("ok", ms), PaymentsJson.Default.DatabaseHealth)
            : Reply.Json(503, new DatabaseHealth("failed", ms, failure), PaymentsJson.Default.DatabaseHealth);
    }

    private async Task<Reply> PayAsync(Call call)
    {
        var (request, problem) = await PaymentRequest.ReadAsync(call.Http.Request, call.Cancel);
        if (problem is not null)
        {
            return problem;
        }

        var key = call.Http.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length is 0 or > 128)
        {
            return Reply.Problem(400, "invalid_field", "The ledger needs an Idempotency-Key of 1 to 128 characters: a retry must not charge twice.", "Idempotency-Key");
        }

        var began = _time.GetTimestamp();
        var (outcome, failure) = await _database.TryAsync(connection => PayAsync(connection, request!, key, call), call.Trace, call.Cancel);
        _durations.Observe(_time.GetElapsedTime(began).TotalSeconds);
        if (outcome is null)
        {
            return Unavailable(call, failure!);
        }

        _payments.With(outcome.Word).Add();
        _log.Info($"payment_{outcome.Word}", outcome.Message, call.Trace, ("duration_ms", Math.Round(_time.GetElapsedTime(began).TotalMilliseconds, 3)));
        return outcome.Reply;
    }

    private static async Task<Outcome> PayAsync(NpgsqlConnection connection, PaymentRequest request, string key, Call call)
    {
        var id = Guid.NewGuid();
        await using var command = new NpgsqlCommand(LedgerSchema.Pay, connection);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = request.Amount!.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = request.Currency });
        command.Parameters.Add(new() { Value = request.From });
        command.Parameters.Add(new() { Value = request.To });
        command.Parameters.Add(new() { Value = call.Trace.TraceId });
        string word;
        DateTimeOffset? createdAt;
        await using (var reader = await command.ExecuteReaderAsync(call.Cancel))
        {
            if (!await reader.ReadAsync(call.Cancel))
            {
                throw new UnreachableException("The statement always has one row.");
            }

            word = reader.GetString(0);
            createdAt = await reader.IsDBNullAsync(1, call.Cancel) ? null : reader.GetFieldValue<DateTimeOffset>(1);
        }

        if (createdAt is { } at)
        {
            var payment = new Payment(id, request.Amount.Value, request.Currency!, request.From!, request.To!, "completed", at, call.Trace.TraceId);
            return new Outcome("completed", $"Payment {id} is written.", Reply.Json(201, payment, PaymentsJson.Default.Payment));
        }

        // Not written: the key is known (then the first answer counts, whatever the balance is now), or the request is refused.
        return await FindAsync(connection, LedgerSchema.ByKey, key, call) is { } earlier ? Replay(earlier, request) : Refuse(word, request);
    }

    private static Outcome Replay(Payment earlier, PaymentRequest request) =>
        (earlier.Amount, earlier.Currency, earlier.From, earlier.To) == (request.Amount, request.Currency, request.From, request.To)
            ? new Outcome("replayed", $"Payment {earlier.Id} was made before; it is not made again.", Reply.Json(200, earlier, PaymentsJson.Default.Payment))
            : new Outcome("refused", "The Idempotency-Key belongs to another payment.",
                Reply.Problem(422, "idempotency_key_reused", "This Idempotency-Key belongs to a payment with other values. Use a new key for a new payment.", "Idempotency-Key"));

    private static Outcome Refuse(string word, PaymentRequest request)
    {
        var (message, field) = word switch
        {
            "unknown_from" => ($"There is no account {request.From}.", "from"),
            "unknown_to" => ($"There is no account {request.To}.", "to"),
            "wrong_currency" => ($"One of the accounts is not kept in {request.Currency}.", "currency"),
            "insufficient_funds" => ($"Account {request.From} has less than {request.Amount} {request.Currency} (minor units).", "amount"),
            // The same key, written by a request at the same moment and not visible yet: the caller asks again and gets the first answer.
            _ => ("Another request with this Idempotency-Key is being worked on.", "Idempotency-Key"),
        };
        return new Outcome("refused", message, word == "ok" ? Reply.Problem(503, "in_progress", message, field) : Reply.Problem(422, word, message, field));
    }

    private async Task<Reply> ShowPaymentAsync(Call call)
    {
        if (!Guid.TryParseExact(call.Argument, "D", out var id))
        {
            return Reply.Problem(400, "invalid_field", "A payment's id is a UUID.", "id");
        }

        var (found, failure) = await _database.TryAsync(
            async connection => new Found<Payment>(await FindAsync(connection, LedgerSchema.ById, id, call)), call.Trace, call.Cancel);
        return found switch
        {
            null => Unavailable(call, failure!),
            { Value: { } payment } => Reply.Json(200, payment, PaymentsJson.Default.Payment),
            _ => Reply.Problem(404, "not_found", $"There is no payment {id}."),
        };
    }

    private async Task<Reply> ShowAccountAsync(Call call)
    {
        var (found, failure) = await _database.TryAsync(
            async connection =>
            {
                await using var command = new NpgsqlCommand(LedgerSchema.AccountById, connection);
                command.Parameters.Add(new() { Value = call.Argument });
                await using var reader = await command.ExecuteReaderAsync(call.Cancel);
                return new Found<Account>(await reader.ReadAsync(call.Cancel) ? new Account(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)) : null);
            },
            call.Trace, call.Cancel);
        return found switch
        {
            null => Unavailable(call, failure!),
            { Value: { } account } => Reply.Json(200, account, PaymentsJson.Default.Account),
            _ => Reply.Problem(404, "not_found", $"There is no account {call.Argument}."),
        };
    }

    private Reply Unavailable(Call call, string failure)
    {
        _payments.With("failed").Add();
        _log.Error("database_unavailable", failure, call.Trace);
        return Reply.Problem(503, "database_unavailable", $"The ledger cannot use its database now: {failure}") with { RetryAfterSeconds = 1 };
    }

    private static async Task<Payment?> FindAsync(NpgsqlConnection connection, string sql, object value, Call call)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new() { Value = value });
        await using var reader = await command.ExecuteReaderAsync(call.Cancel);
        return await reader.ReadAsync(call.Cancel)
            ? new Payment(
                reader.GetGuid(0), reader.GetInt64(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5),
                reader.GetFieldValue<DateTimeOffset>(6), reader.GetString(7))
            : null;
    }

    private sealed record Outcome(string Word, string Message, Reply Reply);

    private sealed record Found<T>(T? Value)
        where T : class;
}
