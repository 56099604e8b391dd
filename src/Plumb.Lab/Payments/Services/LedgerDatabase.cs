using System.Globalization;
using Npgsql;
using Plumb.Lab.Payments.Faults;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <summary>Where the database is.</summary>
/// <param name="PasswordFile">Read again for each new connection, so that a rotated password arrives; null: the fixed <paramref name="Password"/>.</param>
internal sealed record DatabaseSettings(string Host, int Port, string Database, string User, string Password, string? PasswordFile)
{
    public static (DatabaseSettings? Settings, IReadOnlyList<string> Problems) Read(Func<string, string?> env)
    {
        var problems = new List<string>();
        var file = env("DATABASE_PASSWORD_FILE");
        var password = env("DATABASE_PASSWORD") ?? "";
        if (string.IsNullOrEmpty(file) && password.Length == 0)
        {
            problems.Add("DATABASE_PASSWORD is empty. Set it from the secret postgres, key password, or set DATABASE_PASSWORD_FILE.");
        }

        var port = ServiceSettings.Number(env, env("DATABASE_PORT") is null ? "POSTGRES_SERVICE_PORT" : "DATABASE_PORT", 5432, 1, ushort.MaxValue, problems);
        var host = env("DATABASE_HOST") ?? env("POSTGRES_SERVICE_HOST") ?? "postgres";
        return problems.Count > 0
            ? (null, problems)
            : (new DatabaseSettings(host, port, env("DATABASE_NAME") ?? "payments", env("DATABASE_USER") ?? "payments", password, string.IsNullOrEmpty(file) ? null : file), []);
    }
}

/// <summary>The pool of connections, and the ways in which a database that restarts is survived.</summary>
internal sealed class LedgerDatabase : IAsyncDisposable
{
    private const int PoolSize = 10;
    private const int ConnectTimeoutSeconds = 2;
    private const int CommandTimeoutSeconds = 3;
    private const int MaxAttempts = 3;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan FirstSchemaDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxSchemaDelay = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _fresh;
    private readonly DatabaseSettings _settings;
    private readonly FaultSet _faults;
    private readonly JsonLog _log;
    private readonly TimeProvider _time;
    private volatile bool _schemaReady;
    private volatile string _schemaProblem = "The database has not been reached yet.";

    public LedgerDatabase(DatabaseSettings settings, string applicationName, FaultSet faults, JsonLog log, TimeProvider time)
    {
        (_settings, _faults, _log, _time) = (settings, faults, log, time);
        _pool = Build(applicationName, pooled: true);
        _fresh = Build(applicationName + " check", pooled: false);
    }

    /// <summary>Creates the tables as soon as the database is there, however long that takes. It runs beside the server: a pod is ready without its database.</summary>
    public async Task CreateSchemaAsync(CancellationToken cancel)
    {
        var delay = FirstSchemaDelay;
        for (var attempt = 1; !cancel.IsCancellationRequested; attempt++)
        {
            try
            {
                await using var connection = await _pool.OpenConnectionAsync(cancel);
                await using var transaction = await connection.BeginTransactionAsync(cancel);
                await using var batch = new NpgsqlBatch(connection, transaction) { BatchCommands = { new(LedgerSchema.Lock) } };
                await batch.ExecuteNonQueryAsync(cancel);
                await using var create = new NpgsqlCommand(LedgerSchema.Create, connection, transaction);
                await create.ExecuteNonQueryAsync(cancel);
                await transaction.CommitAsync(cancel);
                _schemaReady = true;
                _log.Info("schema_ready", "The tables are there.", null, ("attempt", attempt));
                return;
            }
            catch (Exception problem) when (problem is NpgsqlException or TimeoutException or IOException)
            {
                _schemaProblem = Explain(problem);
                if (attempt == 1)
                {
                    _log.Warn("database_unavailable", $"{_schemaProblem} Trying again, every {MaxSchemaDelay.TotalSeconds:0} s at the latest.");
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(delay, _time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            delay = delay * 2 < MaxSchemaDelay ? delay * 2 : MaxSchemaDelay;
        }
    }

    /// <summary>
    /// Runs <paramref name="work"/> on a pooled connection. Connections that died with a restarted database fail at first use; the pool is
    /// emptied then and the work is tried again, so <paramref name="work"/> must be safe to repeat.
    /// </summary>
    /// <returns>The result, or why the database cannot be used now.</returns>
    public async Task<(T? Result, string? Failure)> TryAsync<T>(Func<NpgsqlConnection, Task<T>> work, TraceContext trace, CancellationToken cancel)
    {
        if (!_schemaReady)
        {
            return (default, _schemaProblem);
        }

        if (_faults.Get(FaultKind.DeadPool) is not null)
        {
            return (default, "Every connection in the pool is dead (fault dead-pool is set).");
        }

        var failure = "";
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            try
            {
                await using var connection = await _pool.OpenConnectionAsync(cancel);
                return (await work(connection), null);
            }
            catch (Exception problem) when (problem is NpgsqlException { IsTransient: true } or TimeoutException or IOException || IsRestart(problem))
            {
                failure = Explain(problem);
                _pool.Clear();
            }
            catch (PostgresException problem)
            {
                // A refused password, a missing table: trying again changes nothing.
                return (default, Explain(problem));
            }

            if (attempt < MaxAttempts)
            {
                _log.Warn("database_retry", failure, trace, ("attempt", attempt));
                await Task.Delay(RetryDelay * attempt, _time, cancel);
            }
        }

        return (default, failure);
    }

    /// <summary>Opens a connection that no pool knows: a pool may go on with old connections that a new one would no longer get.</summary>
    public async Task<(TimeSpan Took, string? Failure)> CheckFreshAsync(CancellationToken cancel)
    {
        var began = _time.GetTimestamp();
        try
        {
            await using var connection = await _fresh.OpenConnectionAsync(cancel);
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteScalarAsync(cancel);
            return (_time.GetElapsedTime(began), null);
        }
        catch (Exception problem) when (problem is NpgsqlException or TimeoutException or IOException)
        {
            return (_time.GetElapsedTime(began), Explain(problem));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await _fresh.DisposeAsync();
    }

    private NpgsqlDataSource Build(string applicationName, bool pooled)
    {
        var builder = new NpgsqlSlimDataSourceBuilder
        {
            ConnectionStringBuilder =
            {
                Host = _settings.Host, Port = _settings.Port, Database = _settings.Database, Username = _settings.User,
                // Traffic stays in the cluster; asking the server for TLS or Kerberos first would cost each new connection two round trips and two libraries.
                SslMode = SslMode.Disable, GssEncryptionMode = GssEncryptionMode.Disable,
                ApplicationName = applicationName, Pooling = pooled, Timeout = ConnectTimeoutSeconds, CommandTimeout = CommandTimeoutSeconds,
            },
        };
        if (pooled)
        {
            builder.ConnectionStringBuilder.MaxPoolSize = PoolSize;
            builder.ConnectionStringBuilder.MaxAutoPrepare = 8;
            builder.ConnectionStringBuilder.AutoPrepareMinUsages = 2;
        }

        if (_settings.PasswordFile is { } file)
        {
            builder.UsePasswordProvider(_ => File.ReadAllText(file).TrimEnd(), async (_, cancel) => (await File.ReadAllTextAsync(file, cancel)).TrimEnd());
        }
        else
        {
            builder.ConnectionStringBuilder.Password = _settings.Password;
        }

        return builder.Build();
    }

    /// <summary>57P01 admin shutdown, 57P02 crash shutdown, 57P03 starting up: the server says itself that it is about to be back.</summary>
    private static bool IsRestart(Exception problem) => problem is PostgresException { SqlState: "57P01" or "57P02" or "57P03" };

    private string Explain(Exception problem)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"PostgreSQL at {_settings.Host}:{_settings.Port}");
        return problem switch
        {
            PostgresException { SqlState: "28P01" } => $"{where} refuses the password of {_settings.User}.",
            PostgresException refusal => $"{where} answers {refusal.SqlState}: {refusal.MessageText}.",
            _ => $"{where}: {problem.InnerException?.Message ?? problem.Message}.",
        };
    }
}
