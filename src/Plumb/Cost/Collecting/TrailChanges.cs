using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Platform.Aws;

namespace Plumb.Cost.Collecting;

/// <summary>Calls that CloudTrail recorded around the day an episode began, and that make, start or grow something.</summary>
public static class TrailChanges
{
    private const int MostEvents = 200;
    private const int Shown = 5;
    private static readonly TimeSpan Before = TimeSpan.FromDays(1);
    private static readonly TimeSpan After = TimeSpan.FromDays(1);

    private static readonly string[] Verbs = ["Create", "Run", "Start", "Update", "Modify", "Put", "Register", "Set", "Scale", "Restore", "Copy", "Allocate", "Stop", "Terminate", "Delete"];

    public static async Task<Result<IReadOnlyList<Change>>> AroundAsync(AwsClient client, DateOnly day, CancellationToken cancellation)
    {
        var start = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
        var found = await client.CloudTrail.LookupEventsAsync(("ReadOnly", "false"), start - Before, start + After, MostEvents, cancellation);
        if (!found.IsOk)
        {
            return found.Error.ToProblem();
        }
        return found.Value.Where(seen => Array.Exists(Verbs, verb => seen.Name.StartsWith(verb, StringComparison.Ordinal))).OrderBy(seen => seen.Time).Take(Shown)
            .Select(seen => new Change(seen.Time, $"{seen.Name} by {seen.User ?? "somebody"}{(seen.Resources is [{ Name: { } name }, ..] ? $" ({name})" : "")}", "CloudTrail")).ToArray();
    }
}
