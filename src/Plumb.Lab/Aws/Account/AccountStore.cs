using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Data.Sqlite;

namespace Plumb.Lab.Aws.Account;

/// <summary>
/// What the account has, in memory, and each change of it in one SQLite file before the change is answered. One request is one transaction:
/// after a <c>kill -9</c> it happened, with its event in the trail, or it did not.
/// </summary>
internal sealed class AccountStore : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly Lock _lock = new();

    public AccountStore(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        _connection.Open();
        Run("PRAGMA journal_mode=WAL");
        Run("PRAGMA synchronous=NORMAL");
        Run("CREATE TABLE IF NOT EXISTS documents(seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL, UNIQUE(kind, id))");
        Load();
    }

    public Table<GroupRow> Groups { get; private set; } = null!;

    public Table<RuleRow> Rules { get; private set; } = null!;

    public Table<SecretRow> Secrets { get; private set; } = null!;

    public Table<BucketRow> Buckets { get; private set; } = null!;

    public Table<ObjectRow> Objects { get; private set; } = null!;

    public Table<EventRow> Events { get; private set; } = null!;

    /// <summary>Does one request's work alone, and keeps all of it or none.</summary>
    public T Alone<T>(Func<T> work)
    {
        lock (_lock)
        {
            using var transaction = _connection.BeginTransaction();
            try
            {
                var result = work();
                transaction.Commit();
                return result;
            }
            catch
            {
                transaction.Rollback();
                if (Tables.Any(table => table.Changed))
                {
                    Load();
                }
                throw;
            }
            finally
            {
                foreach (var table in Tables)
                {
                    table.Changed = false;
                }
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _connection.Dispose();
        }
    }

    internal void Put(string kind, string id, byte[] json) =>
        Run("INSERT INTO documents(kind, id, json) VALUES($0, $1, $2) ON CONFLICT(kind, id) DO UPDATE SET json=excluded.json", kind, id, json);

    internal void Remove(string kind, string id) => Run("DELETE FROM documents WHERE kind=$0 AND id=$1", kind, id);

    private IEnumerable<ITable> Tables => [Groups, Rules, Secrets, Buckets, Objects, Events];

    private void Load()
    {
        Groups = Read("group", AccountJson.Default.GroupRow);
        Rules = Read("rule", AccountJson.Default.RuleRow);
        Secrets = Read("secret", AccountJson.Default.SecretRow);
        Buckets = Read("bucket", AccountJson.Default.BucketRow);
        Objects = Read("object", AccountJson.Default.ObjectRow);
        Events = Read("event", AccountJson.Default.EventRow);
    }

    private Table<T> Read<T>(string kind, JsonTypeInfo<T> type)
        where T : class
    {
        var table = new Table<T>(this, kind, type);
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT id, json FROM documents WHERE kind=$0 ORDER BY seq";
        command.Parameters.AddWithValue("$0", kind);
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            table.Load(reader.GetString(0), JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(1), type)!);
        }
        return table;
    }

    private void Run(string sql, params ReadOnlySpan<object> parameters)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters.AddWithValue($"${i}", parameters[i]);
        }
        command.ExecuteNonQuery();
    }
}

internal interface ITable
{
    /// <summary>True from the first write of a request until its end.</summary>
    bool Changed { get; set; }
}

/// <summary>Rows of one kind, in the order in which they were made.</summary>
internal sealed class Table<T>(AccountStore store, string kind, JsonTypeInfo<T> type) : ITable
    where T : class
{
    private readonly OrderedDictionary<string, T> _rows = new(StringComparer.Ordinal);

    public bool Changed { get; set; }

    public IEnumerable<T> All => _rows.Values;

    public int Count => _rows.Count;

    public T? Find(string id) => _rows.GetValueOrDefault(id);

    public void Put(string id, T row)
    {
        Changed = true;
        _rows[id] = row;
        store.Put(kind, id, JsonSerializer.SerializeToUtf8Bytes(row, type));
    }

    public void Remove(string id)
    {
        Changed = true;
        _rows.Remove(id);
        store.Remove(kind, id);
    }

    internal void Load(string id, T row) => _rows[id] = row;
}
