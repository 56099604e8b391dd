using Plumb.Core;
using Plumb.Drift.Buckets;
using Plumb.Drift.SecurityGroups;
using Plumb.Drift.States;
using Plumb.Platform.Aws;

namespace Plumb.Drift;

/// <summary>What is asked.</summary>
/// <param name="States">Files, directories, <c>s3://bucket/key</c>, <c>-</c>.</param>
/// <param name="Regions">To read besides those that the states name.</param>
/// <param name="AllRegions">Read every region that the account may use.</param>
/// <param name="IgnoreFile">Null: .plumbignore of this directory, if there is one.</param>
public sealed record DriftQuestion(IReadOnlyList<string> States, IReadOnlyList<string> Regions, bool AllRegions, string? IgnoreFile, Func<Stream> StandardInput);

/// <summary>What a run read, so that nobody takes a part for everything.</summary>
/// <param name="OtherRegions">Regions that the account may use and that were not read; null when even their names could not be had.</param>
/// <param name="Calls">Requests to AWS, retries included.</param>
public sealed record DriftCoverage(
    IReadOnlyList<StateSummary> States, string Account, IReadOnlyList<string> Regions, IReadOnlyList<string>? OtherRegions, IReadOnlyList<string> Types, IReadOnlyList<string> Read,
    IReadOnlyList<Problem> Unread, IReadOnlyList<string> Unjudged, int Calls);

/// <param name="Line">The line of the ignore file that covers it.</param>
public sealed record IgnoredFinding(DriftFinding Finding, int Line);

public sealed record DriftResult(CheckReport Report, IReadOnlyList<DriftFinding> Findings, IReadOnlyList<IgnoredFinding> Ignored, DriftCoverage Coverage, string? IgnoreFile, IReadOnlyList<int> ExpiredLines);

/// <summary>Terraform's states against what the cloud has now. It only reads: every way out is a text.</summary>
public sealed class DriftCheck(AwsClient client, TimeProvider time, Action<string> progress)
{
    public const string Name = "drift";

    private static readonly string[] Kinds =
    [
        DriftKind.AddedOutside, DriftKind.RemovedOutside, DriftKind.Changed, DriftKind.DeletedGroup, DriftKind.UnmanagedGroup, DriftKind.UnmanagedDefaultGroup, DriftKind.PartlyManagedGroup,
        DriftKind.InlineAndStandalone, DriftKind.ClaimedTwice, BucketType.PublicAccessChanged, BucketType.DeletedBucket, BucketType.UnmanagedBucket,
    ];

    /// <summary>Every kind of resource that can be judged.</summary>
    internal static IReadOnlyList<IResourceType> Types() => [new SecurityGroupType(), new BucketType()];

    public async Task<Result<DriftResult>> RunAsync(DriftQuestion question, CancellationToken cancellation)
    {
        var startedAt = time.GetUtcNow();
        var (ignoreFile, ignore) = Ignore(question);
        var types = Types();
        var states = ignore.IsOk ? await ReadAsync(question, types, cancellation) : ignore.Problem!;
        if (!states.IsOk)
        {
            return states.Problem!;
        }
        if (states.Value.Sum(state => state.Judged) == 0)
        {
            return DriftReport.NothingToJudgeBy(states.Value, startedAt, time.GetUtcNow());
        }
        progress("asking AWS who we are");
        var caller = await client.Sts.GetCallerIdentityAsync(cancellation);
        if (!caller.IsOk)
        {
            return caller.Error.ToProblem();
        }
        var regions = await RegionsAsync(question, types, cancellation);
        if (!regions.IsOk)
        {
            return regions.Problem!;
        }
        var access = new CloudAccess(client, caller.Value.Account, regions.Value.Read, time);
        var results = new List<TypeResult>();
        foreach (var type in types.Where(type => states.Value.Any(state => state.Types.Any(type.StateTypes.Contains))))
        {
            progress($"reading {type.Title} of {access.Account}");
            results.Add(await type.CheckAsync(access, cancellation));
        }
        var absent = types.Select(type => type.Title).Except(results.Select(result => result.Title)).ToList();
        var coverage = new DriftCoverage(states.Value, access.Account, access.Regions, regions.Value.Other, [.. results.Select(result => result.Title)],
            [.. results.SelectMany(result => result.Read.Select(line => $"{result.Title} {line}")), .. absent.Select(title => $"{title}: none in the states, so none were read")],
            [.. results.SelectMany(result => result.Unread)], [.. results.SelectMany(result => result.Unjudged)], client.Requests);
        return DriftReport.Of(results, coverage, ignore.Value!, ignoreFile, startedAt, time.GetUtcNow());
    }

    private static (string? File, Result<IgnoreFile> Ignore) Ignore(DriftQuestion question) =>
        question.IgnoreFile is { } given ? (given, IgnoreFile.Read(given, Kinds))
        : File.Exists(IgnoreFile.Name) ? (IgnoreFile.Name, IgnoreFile.Read(IgnoreFile.Name, Kinds))
        : (null, IgnoreFile.Empty);

    private async Task<Result<IReadOnlyList<StateSummary>>> ReadAsync(DriftQuestion question, IReadOnlyList<IResourceType> types, CancellationToken cancellation)
    {
        var sources = StateSource.Find(question.States);
        if (!sources.IsOk)
        {
            return sources.Problem!;
        }
        var readers = types.SelectMany(type => type.StateTypes.Select(name => (name, type))).ToDictionary(pair => pair.name, pair => pair.type);
        var read = new List<StateSummary>();
        foreach (var source in sources.Value)
        {
            progress($"reading {source.Name}");
            var stream = await source.OpenAsync(client, question.StandardInput, cancellation);
            if (!stream.IsOk)
            {
                return stream.Problem!;
            }
            await using var opened = stream.Value;
            var state = await new StateReader(source.Name, source.File, readers.ContainsKey, instance => readers[instance.Type].Read(instance)).ReadAsync(opened, cancellation);
            if (!state.IsOk)
            {
                return state.Problem!;
            }
            if (state.Value.Lineage is { Length: > 0 } lineage && read.FirstOrDefault(other => other.Lineage == lineage) is { } copy)
            {
                return new Problem($"{copy.Name} (serial {copy.Serial}) and {source.Name} (serial {state.Value.Serial}) are copies of one state", "Give only the one of today");
            }
            read.Add(state.Value);
        }
        return read;
    }

    /// <summary>The regions to read, and those that the account has besides.</summary>
    private async Task<Result<(IReadOnlyList<string> Read, IReadOnlyList<string>? Other)>> RegionsAsync(DriftQuestion question, IReadOnlyList<IResourceType> types, CancellationToken cancellation)
    {
        var named = types.SelectMany(type => type.Regions).Concat(question.Regions).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (named.Count == 0 && client.Region is { } usual)
        {
            named.Add(usual);
        }
        if (named.Count == 0)
        {
            return new Problem("no region is named: neither by the states nor by the configuration", "Set AWS_REGION, or pass --region");
        }
        var all = await client.In(named[0]).Ec2.DescribeRegionsAsync(all: false, cancellation);
        if (question.AllRegions)
        {
            return all.IsOk ? (all.Value.Select(region => region.Name).Union(named).Order(StringComparer.Ordinal).ToList(), []) : new Problem($"--all-regions: {all.Error.Message}", all.Error.Next);
        }
        return (named, all.IsOk ? all.Value.Select(region => region.Name).Except(named).Order(StringComparer.Ordinal).ToList() : null);
    }
}
