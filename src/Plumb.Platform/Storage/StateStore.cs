using Microsoft.Data.Sqlite;
using Plumb.Core;

namespace Plumb.Platform.Storage;

/// <summary>
/// The state of one Plumb: one SQLite file, <c>state.db</c>. Several processes may have it open at once (write-ahead log); within a process it is thread-safe.
/// Every write is on the disk when its call returns.
/// </summary>
public sealed class StateStore : IDisposable
{
    /// <summary>The layout of the tables that this program reads and writes.</summary>
    public const int SchemaVersion = 2;

    private const int BusySeconds = 5;

    private const string Schema = """
        CREATE TABLE reports(id INTEGER PRIMARY KEY, check_name TEXT NOT NULL, outcome TEXT NOT NULL, finished_ms INTEGER NOT NULL, json TEXT NOT NULL);
        CREATE INDEX reports_by_check ON reports(check_name, finished_ms);
        CREATE TABLE findings(id TEXT PRIMARY KEY, check_name TEXT NOT NULL, json TEXT NOT NULL, report INTEGER NOT NULL,
            first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, times_seen INTEGER NOT NULL);
        CREATE TABLE plans(id TEXT PRIMARY KEY, json TEXT NOT NULL, state INTEGER NOT NULL, owner TEXT NOT NULL);
        CREATE TABLE steps(plan TEXT NOT NULL REFERENCES plans(id) ON DELETE CASCADE, step INTEGER NOT NULL, state INTEGER NOT NULL, PRIMARY KEY(plan, step));
        """;

    /// <summary>What layout 2 has more than layout 1.</summary>
    private const string Since2 = """
        ALTER TABLE findings ADD COLUMN closed_because TEXT;
        CREATE TABLE bills(source TEXT PRIMARY KEY, seen_ms INTEGER NOT NULL);
        CREATE TABLE spend(source TEXT NOT NULL REFERENCES bills(source) ON DELETE CASCADE, day INTEGER NOT NULL, service TEXT NOT NULL, amount TEXT NOT NULL,
            PRIMARY KEY(source, day, service)) WITHOUT ROWID;
        """;

    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly string _path;

    private StateStore(SqliteConnection connection, string path)
    {
        (_connection, _path) = (connection, path);
        Journal = new Journal(this);
        Findings = new FindingStore(this);
        SeenSpend = new SeenSpend(this);
    }

    public Journal Journal { get; }

    public FindingStore Findings { get; }

    public SeenSpend SeenSpend { get; }

    /// <summary>Opens the state, and makes it when there is none. The problem of a state that cannot be used is one line for the user.</summary>
    /// <param name="database">The value of PLUMB_DATABASE; null or empty when it is not set.</param>
    public static Result<StateStore> Open(PlumbHome home, string? database = null)
    {
        if (!string.IsNullOrEmpty(database))
        {
            return new Problem("PLUMB_DATABASE is set, but storing the state in PostgreSQL is not supported yet",
                $"Unset it: the state is then kept in {home.File("state.db")}");
        }
        var path = home.File("state.db");
        try
        {
            // Others may walk through to a pod's volume, which runs as another user; they may not look around.
            Directory.CreateDirectory(home.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
            var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = BusySeconds }.ToString());
            connection.Open();
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var store = new StateStore(connection, path);
            if (store.Prepare() is { } problem)
            {
                store.Dispose();
                return problem;
            }
            return store;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the state directory {home.Path} cannot be used: {error.Message.TrimEnd('.')}", "Set PLUMB_HOME to a directory that you may write to");
        }
        catch (SqliteException error)
        {
            return StorageProblem.Of(error, path);
        }
        catch (StorageException error)
        {
            return error.Problem;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _connection.Dispose();
        }
    }

    /// <summary>Runs statements in one transaction that takes the write lock at once, so that reading and then writing cannot lose to another process.</summary>
    /// <exception cref="StorageException">The state cannot be read or written.</exception>
    internal T Write<T>(Func<SqliteConnection, T> work)
    {
        lock (_lock)
        {
            try
            {
                using var transaction = _connection.BeginTransaction(deferred: false);
                var result = work(_connection);
                transaction.Commit();
                return result;
            }
            catch (SqliteException error)
            {
                throw new StorageException(StorageProblem.Of(error, _path), error);
            }
        }
    }

    /// <exception cref="StorageException">The state cannot be read.</exception>
    internal T Read<T>(Func<SqliteConnection, T> work)
    {
        lock (_lock)
        {
            try
            {
                return work(_connection);
            }
            catch (SqliteException error)
            {
                throw new StorageException(StorageProblem.Of(error, _path), error);
            }
        }
    }

    private Problem? Prepare()
    {
        _connection.Run("PRAGMA journal_mode=WAL");
        // FULL: a journal entry that a power failure takes back would be an effect that nobody undoes.
        _connection.Run("PRAGMA synchronous=FULL");
        _connection.Run("PRAGMA foreign_keys=ON");
        return Write(connection =>
        {
            var version = connection.Scalar("PRAGMA user_version");
            if (version == SchemaVersion)
            {
                return null;
            }
            if (version > SchemaVersion)
            {
                return new Problem($"{_path} was written by a newer Plumb (layout {version}; this one knows {SchemaVersion})",
                    "Update Plumb, or set PLUMB_HOME to another directory");
            }
            if (version == 0 && connection.Scalar("SELECT count(*) FROM sqlite_schema") > 0)
            {
                return new Problem($"{_path} was written by a Plumb that is too old for this one, or by another program",
                    "Move it away, or set PLUMB_HOME to another directory");
            }
            if (version == 0)
            {
                connection.Run(Schema);
            }
            connection.Run(Since2);
            connection.Run($"PRAGMA user_version={SchemaVersion}");
            return null;
        });
    }
}
