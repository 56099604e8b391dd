using Microsoft.Data.Sqlite;

namespace Plumb.Platform.Storage;

/// <summary>The three forms in which this folder talks to SQLite. Parameters are named $0, $1, … in their order.</summary>
internal static class SqliteCalls
{
    public static int Run(this SqliteConnection connection, string sql, params ReadOnlySpan<object> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    public static long Scalar(this SqliteConnection connection, string sql, params ReadOnlySpan<object> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return (long)(command.ExecuteScalar() ?? 0L);
    }

    public static List<T> Rows<T>(this SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<object> parameters)
    {
        using var command = Command(connection, sql, parameters);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }
        return rows;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, ReadOnlySpan<object> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < parameters.Length; i++)
        {
            command.Parameters.AddWithValue($"${i}", parameters[i]);
        }
        return command;
    }
}
