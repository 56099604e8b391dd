using System.Text.Json;
using Microsoft.Data.Sqlite;
using Plumb.Core;

namespace Plumb.Platform.Storage;

/// <summary>A finding with its history.</summary>
/// <param name="ReportId">The newest report that has it.</param>
/// <param name="TimesSeen">In how many reports it stood.</param>
/// <param name="ClosedBecause">Why it is no problem any more; null while nobody has found that out.</param>
public sealed record StoredFinding(Finding Finding, string Check, long ReportId, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, long TimesSeen, string? ClosedBecause = null);

/// <summary>Reports and their findings: the place where capabilities meet.</summary>
public sealed class FindingStore
{
    /// <summary>Reports that are kept; older ones are dropped when a new one is saved. Findings stay.</summary>
    public const int MaxReports = 10_000;

    private const string Columns = "SELECT json, check_name, report, first_seen_ms, last_seen_ms, times_seen, closed_because FROM findings";

    private readonly StateStore _store;

    internal FindingStore(StateStore store) => _store = store;

    /// <summary>Saves a report; a finding that is known already is seen again.</summary>
    /// <returns>The id of the report.</returns>
    public long Save(CheckReport report) => _store.Write(connection =>
    {
        var at = report.FinishedAt.ToUnixTimeMilliseconds();
        connection.Run("INSERT INTO reports(check_name, outcome, finished_ms, json) VALUES($0, $1, $2, $3)",
            report.Check, report.Outcome.Word(), at, JsonSerializer.Serialize(report, CoreJson.Compact.CheckReport));
        var id = connection.Scalar("SELECT last_insert_rowid()");
        foreach (var finding in report.Findings)
        {
            connection.Run("""
                INSERT INTO findings(id, check_name, json, report, first_seen_ms, last_seen_ms, times_seen) VALUES($0, $1, $2, $3, $4, $4, 1)
                ON CONFLICT(id) DO UPDATE SET json=$2, report=$3, last_seen_ms=$4, times_seen=times_seen+1, closed_because=NULL
                """, finding.Id, report.Check, JsonSerializer.Serialize(finding, CoreJson.Compact.Finding), id, at);
        }
        connection.Run("DELETE FROM reports WHERE id <= $0", id - MaxReports);
        return id;
    });

    public CheckReport? Report(long id) => _store.Read(connection =>
        connection.Rows("SELECT json FROM reports WHERE id=$0", row => JsonSerializer.Deserialize(row.GetString(0), CoreJson.Compact.CheckReport)!, id).SingleOrDefault());

    /// <summary>Reports of one check, newest first.</summary>
    public IReadOnlyList<CheckReport> Reports(string check, int limit) => _store.Read(connection =>
        connection.Rows("SELECT json FROM reports WHERE check_name=$0 ORDER BY id DESC LIMIT $1", row => JsonSerializer.Deserialize(row.GetString(0), CoreJson.Compact.CheckReport)!, check, limit));

    /// <summary>Findings, the newest first.</summary>
    public IReadOnlyList<StoredFinding> Newest(int limit) => _store.Read(connection => connection.Rows($"{Columns} ORDER BY last_seen_ms DESC, id LIMIT $0", Load, limit));

    /// <summary>The findings whose id begins with these digits; ids are long to type.</summary>
    public IReadOnlyList<StoredFinding> StartingWith(string prefix, int limit) => _store.Read(connection =>
        connection.Rows($"{Columns} WHERE substr(id, 1, length($0))=$0 ORDER BY id LIMIT $1", Load, prefix, limit));

    /// <summary>The findings of a check that are not closed, the newest first.</summary>
    public IReadOnlyList<StoredFinding> Open(string check, int limit) => _store.Read(connection =>
        connection.Rows($"{Columns} WHERE check_name=$0 AND closed_because IS NULL ORDER BY last_seen_ms DESC, id LIMIT $1", Load, check, limit));

    /// <summary>Notes why a finding is no problem any more. Seen again, it is open again.</summary>
    public void Close(string id, string because) => _store.Write(connection => connection.Run("UPDATE findings SET closed_because=$1 WHERE id=$0", id, because));

    private static StoredFinding Load(SqliteDataReader row) => new(
        JsonSerializer.Deserialize(row.GetString(0), CoreJson.Compact.Finding)!,
        row.GetString(1),
        row.GetInt64(2),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)),
        row.GetInt64(5),
        row.IsDBNull(6) ? null : row.GetString(6));
}
