using Plumb.Cli.Framework;
using Plumb.Core;

namespace Plumb.Cli.Logs;

/// <summary>Keeps what was found where 'plumb findings' shows it.</summary>
internal static class LogsFindings
{
    /// <returns>The exit code of the report; a store that cannot be written is told, and changes no verdict.</returns>
    public static int Save(Invocation call, CheckReport report)
    {
        // Opening the store costs more than a search: a report without findings has nothing that anybody would look up.
        if (report.Findings.Count > 0)
        {
            var opened = call.OpenState();
            if (opened.IsOk)
            {
                using var store = opened.Value;
                store.Findings.Save(report);
            }
            else
            {
                call.Terminal.Problem(opened.Problem);
            }
        }
        return ExitCode.Of(report.Outcome);
    }
}
