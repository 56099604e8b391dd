using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Recorder.Statistics;

namespace Plumb.Cli.Tracing;

/// <summary>The numbers of a recording: tables, or JSON.</summary>
internal static class StatisticsOutput
{
    /// <summary>Threads, files and peers in a table; JSON has them all.</summary>
    private const int MostRows = 10;

    public static void Write(Terminal terminal, CallStatistics statistics)
    {
        var calls = new Table("SYSCALL", "COUNT", "ERRORS", "TIME", "SHARE", "P50", "P99", "MAX", "ERRNO");
        foreach (var one in statistics.Calls)
        {
            calls.Row(one.Name, Number(one.Count), Number(one.Failed), Time(one.TotalNs), Share(one.Share), Time(one.P50Ns), Time(one.P99Ns), Time(one.MaxNs), Errors(one));
        }
        calls.Row("total", Number(statistics.Count), Number(statistics.Calls.Sum(one => one.Failed)), Time(statistics.TotalNs), "", "", "", "", "");
        calls.Write(terminal);
        Section(terminal, "CONTAINER", statistics.Containers);
        Section(terminal, "THREAD", statistics.Threads);
        Section(terminal, "FILE", statistics.Files);
        Section(terminal, "PEER", statistics.Peers);
    }

    private static void Section(Terminal terminal, string title, IReadOnlyList<CallSummary> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }
        terminal.Line();
        var table = new Table(title, "CALLS", "ERRORS", "TIME", "SHARE", "BYTES", "ERRNO");
        foreach (var one in rows.Take(MostRows))
        {
            table.Row(one.Name, Number(one.Count), Number(one.Failed), Time(one.TotalNs), Share(one.Share), Number(one.Bytes), Errors(one));
        }
        table.Write(terminal);
        if (rows.Count > MostRows)
        {
            terminal.Line($"… {Number(rows.Count - MostRows)} more with less time");
        }
    }

    public static JsonObject Json(CallStatistics statistics) => new()
    {
        ["statistics"] = new JsonObject
        {
            ["calls"] = statistics.Count,
            ["totalNs"] = statistics.TotalNs,
            ["bySyscall"] = Json(statistics.Calls),
            ["byThread"] = Json(statistics.Threads),
            ["byContainer"] = Json(statistics.Containers),
            ["byFile"] = Json(statistics.Files),
            ["byPeer"] = Json(statistics.Peers),
        },
    };

    private static JsonArray Json(IReadOnlyList<CallSummary> rows) => [.. rows.Select(one => (JsonNode)new JsonObject
    {
        ["name"] = one.Name, ["count"] = one.Count, ["failed"] = one.Failed, ["errors"] = new JsonObject(one.Errors.Select(error => KeyValuePair.Create(error.Key, (JsonNode?)error.Value))),
        ["totalNs"] = one.TotalNs, ["share"] = Math.Round(one.Share, 4), ["p50Ns"] = one.P50Ns, ["p99Ns"] = one.P99Ns, ["maxNs"] = one.MaxNs, ["bytes"] = one.Bytes,
    })];

    private static string Errors(CallSummary one) => string.Join(' ', one.Errors.OrderByDescending(error => error.Value).Select(error => $"{error.Key}:{Number(error.Value)}"));

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Share(double share) => share.ToString("P1", CultureInfo.InvariantCulture);

    private static string Time(ulong nanoseconds) => nanoseconds switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds} ns"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:0.0} µs"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e9:0.00} s"),
    };
}
