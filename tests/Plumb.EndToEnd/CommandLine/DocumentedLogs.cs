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
}
