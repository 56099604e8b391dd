using System.Security.Cryptography;
using System.Text;
using Plumb.Cli.Framework;
using Plumb.Cost.Judging;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Cost;

/// <summary>Compares a bill with what the last run of it saw, closes findings that the provider took back, and remembers the bill for the next run.</summary>
internal static class SpendMemory
{
    /// <summary>Judged days that are remembered. A provider restates weeks, not years.</summary>
    private const int NewestDays = 100;
    private const int MostFindings = 1_000;

    /// <param name="bill">What makes the bill the same bill on the next run; null for one that cannot be known again.</param>
    /// <returns>The report with what was restated.</returns>
    public static CostReport Recall(Invocation call, CostReport report, string? bill)
    {
        if (bill is null || report.JudgedDays == 0)
        {
            return report;
        }
        var opened = call.OpenState();
        if (!opened.IsOk)
        {
            call.Terminal.Problem(opened.Problem with { What = $"restated days are not looked for: {opened.Problem.What}" });
            return report;
        }
        using var store = opened.Value;
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(bill)).AsSpan(0, 8));
        var table = report.Table;
        if (store.SeenSpend.Last(key) is var (at, amounts))
        {
            var own = store.Findings.Open(CostJudge.Check, MostFindings).Select(stored => stored.Finding).Where(finding => finding.Evidence is [var first, ..] && first.By == table.Source);
            report = report with { Restatement = Restatement.Of(at, amounts, own, table, report) };
            foreach (var closed in report.Restatement!.Closed)
            {
                store.Findings.Close(closed.Id, closed.Because);
            }
        }
        store.SeenSpend.Save(key, call.Time.GetUtcNow(), Restatement.Seen(table, report, NewestDays));
        return report;
    }
}
