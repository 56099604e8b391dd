using System.Globalization;
using Plumb.Logs;

namespace Plumb.Cli.Logs;

/// <summary>What became of every line and byte, in one sentence.</summary>
internal static class AccountingText
{
    public static string Sum(Accounting accounting) => string.Create(CultureInfo.InvariantCulture,
        $"{accounting.Parsed:N0} parsed ({accounting.InTraces:N0} with an id) + {accounting.Adopted:N0} adopted + {accounting.Rejected:N0} rejected = {accounting.Lines:N0} lines; "
        + $"{accounting.ParsedBytes:N0} + {accounting.AdoptedBytes:N0} + {accounting.RejectedBytes:N0} = {accounting.Bytes:N0} bytes");

    public static string Around(Accounting accounting) => accounting.Lines == 0 ? "" : $" Around the request: {Sum(accounting)}.";
}
