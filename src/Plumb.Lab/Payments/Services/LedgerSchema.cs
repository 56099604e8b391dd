namespace Plumb.Lab.Payments.Services;

/// <summary>The ledger's tables. Applying it twice, or from two replicas at once, is harmless: an advisory lock lets one go first, and each part checks for itself.</summary>
internal static class LedgerSchema
{
    /// <summary>Accounts that exist from the start: account-000 to account-199, each in EUR.</summary>
    public const int SeedAccounts = 200;

    /// <summary>Takes the lock within the transaction of <see cref="Create"/>. The number is arbitrary; it only has to be the same everywhere.</summary>
    public const string Lock = "SELECT pg_advisory_xact_lock(7166217)";

    public const string Create = """
        CREATE TABLE IF NOT EXISTS accounts (
            id       text PRIMARY KEY,
            currency text NOT NULL,
            balance  bigint NOT NULL CHECK (balance >= 0)
        );
        CREATE TABLE IF NOT EXISTS payments (
            id              uuid PRIMARY KEY,
            idempotency_key text NOT NULL UNIQUE,
            amount          bigint NOT NULL CHECK (amount > 0),
            currency        text NOT NULL,
            from_account    text NOT NULL REFERENCES accounts (id),
            to_account      text NOT NULL REFERENCES accounts (id),
            status          text NOT NULL,
            trace_id        text NOT NULL,
            created_at      timestamptz NOT NULL DEFAULT now()
        );
        INSERT INTO accounts (id, currency, balance)
            SELECT 'account-' || lpad(n::text, 3, '0'), 'EUR', 1000000000000 FROM generate_series(0, 199) AS n
            ON CONFLICT DO NOTHING;
        """;

    /// <summary>
    /// One statement, so one transaction and one round trip. Both accounts are locked in the order of their ids (two opposite payments must
    /// not wait for each other), the payment is written only if its key is new, and balances change only if it was written.
    /// Parameters: 1 id, 2 key, 3 amount, 4 currency, 5 from, 6 to, 7 trace id.
    /// </summary>
    public const string Pay = """
        WITH locked AS (
            SELECT id, currency, balance FROM accounts WHERE id IN ($5, $6) ORDER BY id FOR UPDATE
        ), verdict AS (
            SELECT CASE
                WHEN NOT EXISTS (SELECT FROM locked WHERE id = $5) THEN 'unknown_from'
                WHEN NOT EXISTS (SELECT FROM locked WHERE id = $6) THEN 'unknown_to'
                WHEN EXISTS (SELECT FROM locked WHERE currency <> $4) THEN 'wrong_currency'
                WHEN (SELECT balance FROM locked WHERE id = $5) < $3 THEN 'insufficient_funds'
                ELSE 'ok' END AS word
        ), written AS (
            INSERT INTO payments (id, idempotency_key, amount, currency, from_account, to_account, status, trace_id)
            SELECT $1, $2, $3, $4, $5, $6, 'completed', $7 FROM verdict WHERE word = 'ok'
            ON CONFLICT (idempotency_key) DO NOTHING
            RETURNING created_at
        ), moved AS (
            UPDATE accounts SET balance = balance + CASE WHEN id = $6 THEN $3 ELSE -$3 END
            WHERE id IN ($5, $6) AND EXISTS (SELECT FROM written)
        )
        SELECT verdict.word, written.created_at FROM verdict LEFT JOIN written ON true
        """;

    public const string ByKey = "SELECT id, amount, currency, from_account, to_account, status, created_at, trace_id FROM payments WHERE idempotency_key = $1";

    public const string ById = "SELECT id, amount, currency, from_account, to_account, status, created_at, trace_id FROM payments WHERE id = $1";

    public const string AccountById = "SELECT id, currency, balance FROM accounts WHERE id = $1";
}
