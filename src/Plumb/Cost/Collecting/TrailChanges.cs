using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Platform.Aws;

namespace Plumb.Cost.Collecting;

/// <summary>Calls that CloudTrail recorded in a window, and that make, start, grow or end something.</summary>
public static class TrailChanges
{
    public const string Source = "CloudTrail";

    private const int MostEvents = 200;

    private static readonly string[] Verbs = ["Create", "Run", "Start", "Update", "Modify", "Put", "Register", "Set", "Scale", "Restore", "Copy", "Allocate", "Stop", "Terminate", "Delete", "Authorize", "Revoke"];

    public static async Task<Result<IReadOnlyList<Change>>> BetweenAsync(AwsClient client, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellation)
    {
        var found = await client.CloudTrail.LookupEventsAsync(("ReadOnly", "false"), from, until, MostEvents, cancellation);
        if (!found.IsOk)
        {
            return found.Error.ToProblem();
        }
        return found.Value.Where(seen => Array.Exists(Verbs, verb => seen.Name.StartsWith(verb, StringComparison.Ordinal)))
            .Select(seen => new Change(seen.Time, $"{seen.Name} by {seen.User ?? "somebody"}{(seen.Resources is [{ Name: { } name }, ..] ? $" ({name})" : "")}", Source)).ToArray();
    }
}
