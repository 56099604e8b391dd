using Microsoft.Data.Sqlite;
using Plumb.Core;

namespace Plumb.Platform.Storage;

/// <summary>SQLite's result codes (https://sqlite.org/rescode.html) in words.</summary>
internal static class StorageProblem
{
    private const int Busy = 5;
    private const int ReadOnly = 8;
    private const int InputOutput = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static Problem Of(SqliteException error, string path) => error.SqliteErrorCode switch
    {
        Full => new Problem($"the disk that holds {path} is full; nothing was changed", "Free some space, or set PLUMB_HOME to a directory on another disk"),
        ReadOnly or CannotOpen => new Problem($"{path} cannot be opened for writing", "Check its owner and mode, or set PLUMB_HOME to a directory that you may write to"),
        Corrupt or NotADatabase => new Problem($"{path} is damaged, or was not written by Plumb", "Move it away, or set PLUMB_HOME to another directory"),
        Busy => new Problem($"{path} is locked by another process for too long", "Try again; 'plumb status' shows what is running"),
        InputOutput => new Problem($"{path} cannot be read or written: the disk reports an error ({error.SqliteExtendedErrorCode}), it may be full", "Check the disk, or set PLUMB_HOME to a directory on another one"),
        _ => new Problem($"{path}: {error.Message}"),
    };
}
