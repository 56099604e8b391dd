using System.Globalization;

namespace Plumb.EndToEnd.CommandLine;

/// <summary>The logs that docs/logs.md looks at: forty payments through three services, of which two lost their mail, and the error handler its trace id.</summary>
internal static class DocumentedLogs
{
    private const int Requests = 40;

    public static IReadOnlyDictionary<string, List<string>> Lines()
    {
        var logs = new Dictionary<string, List<string>> { ["auth"] = [], ["ledger"] = [], ["notification"] = [] };
        var start = new DateTimeOffset(2026, 5, 15, 21, 42, 0, TimeSpan.Zero);
        for (var i = 0; i < Requests; i++)
        {
            var (at, broken) = (start.AddMilliseconds(600 * i), i is 20 or 37);
            var id = i switch { 20 => "pay-f729b4c8", 37 => "pay-6cf69a8c", _ => string.Create(CultureInfo.InvariantCulture, $"pay-{0x1a2b3c00 + (i * 7919):x8}") };
            var user = string.Create(CultureInfo.InvariantCulture, $"u_{700 + i}");
            void log(string service, int ms, string level, string text) =>
                logs[service].Add(string.Create(CultureInfo.InvariantCulture, $$"""{"timestamp":"{{at.AddMilliseconds(ms):yyyy-MM-ddTHH:mm:ss.ffffffZ}}","level":"{{level}}",{{text}}}"""));
            string own(string name) => $"\"event\":\"{name}\",\"trace_id\":\"{id}\",\"user_id\":\"{user}\"";
            log("auth", 0, "info", own("payment_request_received"));
            log("auth", 1, "info", own("user_authenticated"));
            log("ledger", 13, "info", own("transaction_recorded"));
            log("notification", 26, "info", $"{own("email_send_attempt")},\"to\":\"{user}@example.com\"");
            if (broken)
            {
                log("notification", 77, "error", $"\"message\":\"Connection timeout to email provider http://mock-email:80/ after 0.001s - failed to send confirmation to {user}@example.com\"");
            }
            else
            {
                log("notification", 60 + (i % 9), "info", own("email_queued"));
            }
            log("auth", 81 + (i % 9), "info", own("payment_complete"));
        }
        return logs;
    }

    /// <summary>Forty payments, one of which the ledger closed after its user was known: the error line has no id, only the user.</summary>
    public static IReadOnlyDictionary<string, List<string>> Early()
    {
        var logs = new Dictionary<string, List<string>> { ["auth"] = [], ["ledger"] = [], ["notification"] = [] };
        var start = new DateTimeOffset(2026, 5, 15, 21, 59, 0, TimeSpan.Zero);
        for (var i = 0; i < Requests; i++)
        {
            var (at, closed) = (start.AddMilliseconds(400 * i), i == 22);
            var id = closed ? "pay-5831e116" : string.Create(CultureInfo.InvariantCulture, $"pay-{0x5831e000 + i:x8}");
            void log(string service, string name, int ms) => logs[service].Add(string.Create(CultureInfo.InvariantCulture,
                $$"""{"timestamp":"{{at.AddMilliseconds(ms):O}}","trace_id":"{{id}}","service":"{{service}}","event":"{{name}}","level":"INFO","user_id":"u_{{i}}"}"""));
            log("auth", "payment_request_received", 0);
            log("auth", "user_authenticated", 1);
            if (closed)
            {
                logs["ledger"].Add(string.Create(CultureInfo.InvariantCulture, $"{at.AddMilliseconds(9):yyyy-MM-dd HH:mm:ss.fff} ERROR deadlock detected while charging u_{i}: the connection is closed"));
                continue;
            }
            log("ledger", "transaction_recorded", 12);
            log("notification", "email_send_attempt", 25);
            log("notification", "email_queued", 76);
            log("auth", "payment_complete", 80);
        }
        return logs;
    }
}
