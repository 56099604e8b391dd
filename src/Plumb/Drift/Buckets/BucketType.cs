using Plumb.Core;
using Plumb.Drift.States;
using Plumb.Platform.Aws;

namespace Plumb.Drift.Buckets;

/// <summary>
/// S3 buckets and the four switches that keep them from the public: <c>aws_s3_bucket</c> and <c>aws_s3_bucket_public_access_block</c> against what S3 has.
/// Two calls a bucket, because S3 has no list of them.
/// </summary>
internal sealed class BucketType : IResourceType
{
    public const string PublicAccessChanged = "public-access-changed";
    public const string DeletedBucket = "deleted-bucket";
    public const string UnmanagedBucket = "unmanaged-bucket";

    /// <summary>Unmanaged buckets that are looked into; of the others only the name is known.</summary>
    private const int MostLookedInto = 200;

    private const int AtOnce = 8;

    private readonly Dictionary<string, ResourceOrigin> _buckets = [];
    private readonly Dictionary<string, (PublicAccessBlock Switches, ResourceOrigin Origin)> _blocks = [];

    public string Title => "S3 buckets";

    public IReadOnlyList<string> StateTypes { get; } = ["aws_s3_bucket", "aws_s3_bucket_public_access_block"];

    /// <summary>None: buckets are listed for the whole account at once.</summary>
    public IEnumerable<string> Regions => [];

    public Problem? Read(StateInstance instance)
    {
        var attributes = instance.Attributes;
        var bucket = attributes.Text("bucket") ?? attributes.Text("id") ?? throw new FormatException("the bucket has no name");
        if (instance.IsDeposed)
        {
            return null;
        }
        if (instance.Type == "aws_s3_bucket")
        {
            _buckets[bucket] = instance.Origin;
        }
        else
        {
            _blocks[bucket] = (new PublicAccessBlock(attributes.Flag("block_public_acls"), attributes.Flag("ignore_public_acls"), attributes.Flag("block_public_policy"), attributes.Flag("restrict_public_buckets")), instance.Origin);
        }
        return null;
    }

    public async Task<TypeResult> CheckAsync(CloudAccess cloud, CancellationToken cancellation)
    {
        var listed = await cloud.Client.S3.ListBucketsAsync(cancellation);
        if (!listed.IsOk)
        {
            return new TypeResult(Title, [], [], [new Problem($"S3 buckets: {listed.Error.Message}", listed.Error.Next)], [], []);
        }
        var there = listed.Value.Select(bucket => bucket.Name).ToHashSet(StringComparer.Ordinal);
        var managed = _buckets.Keys.Union(_blocks.Keys).ToHashSet(StringComparer.Ordinal);
        var unmanaged = there.Except(managed).Order(StringComparer.Ordinal).ToList();
        var unread = new System.Collections.Concurrent.ConcurrentBag<Problem>();
        var settings = new System.Collections.Concurrent.ConcurrentDictionary<string, BucketSetting>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(_blocks.Keys.Where(there.Contains).Concat(unmanaged.Take(MostLookedInto)), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (bucket, stop) =>
        {
            var setting = await SettingAsync(cloud.Client, bucket, stop);
            if (setting.IsOk)
            {
                settings[bucket] = setting.Value;
            }
            else
            {
                unread.Add(new Problem($"bucket {bucket}: {setting.Error.Message}", setting.Error.Next));
            }
        });
        var at = cloud.Time.GetUtcNow();
        return new TypeResult(Title, [.. Judge(there, unmanaged, settings, cloud.Account, at)],
            [$"in the states: {managed.Count} with {_blocks.Count} public access blocks", $"in AWS: {there.Count}, of which {settings.Count} were looked into"],
            [.. unread.OrderBy(problem => problem.What, StringComparer.Ordinal)], [],
            [
                "the account's own public access block, ACLs, and what a bucket policy says beyond being public",
                "who changed a bucket's switches",
                .. unmanaged.Count > MostLookedInto ? [$"{unmanaged.Count - MostLookedInto} unmanaged buckets: only their names were read"] : Array.Empty<string>(),
            ]);
    }

    /// <summary>The pure part: what the states say against what S3 has.</summary>
    internal IEnumerable<DriftFinding> Judge(IReadOnlySet<string> there, IReadOnlyList<string> unmanaged, IReadOnlyDictionary<string, BucketSetting> settings, string account, DateTimeOffset at)
    {
        foreach (var (bucket, origin) in _buckets.Concat(_blocks.Where(block => !_buckets.ContainsKey(block.Key)).Select(block => KeyValuePair.Create(block.Key, block.Value.Origin))).Where(entry => !there.Contains(entry.Key)))
        {
            yield return Found(DeletedBucket, Severity.Warning, bucket, account, "is in the state and not among the buckets of this account", origin, [], [], at,
                new WayOut("To put it back", $"terraform apply -target='{origin.Address}'"), new WayOut("To leave it out: delete the resource, and forget it", $"terraform state rm '{origin.Address}'"));
        }
        foreach (var (bucket, (wanted, origin)) in _blocks)
        {
            if (settings.GetValueOrDefault(bucket) is { } now && now.Switches != wanted)
            {
                var opened = Switches(wanted).Zip(Switches(now.Switches)).Where(pair => pair.First.On && !pair.Second.On).Select(pair => pair.First.Name).ToList();
                var closed = Switches(now.Switches).Zip(Switches(wanted)).Where(pair => pair.First.On && !pair.Second.On).Select(pair => pair.First.Name).ToList();
                var isOpen = now.PolicyIsPublic && !now.Switches.RestrictPublicBuckets;
                var summary = $"has {(opened.Count > 0 ? $"{string.Join(", ", opened)} switched off" : "")}{(opened.Count > 0 && closed.Count > 0 ? " and " : "")}{(closed.Count > 0 ? $"{string.Join(", ", closed)} switched on" : "")} outside Terraform{(isOpen ? "; its policy makes it public now" : "")}";
                yield return Found(PublicAccessChanged, isOpen ? Severity.Critical : Severity.Warning, bucket, account, summary, origin,
                    isOpen ? [new Exposure("ingress", "https", "everybody", null, $"s3://{bucket} is open to everybody by its policy")] : [],
                    [.. Switches(wanted).Zip(Switches(now.Switches)).Select(pair => $"{pair.First.Name}: {pair.First.On} in the state ({origin}), {pair.Second.On} in S3"), $"policy makes it public: {now.PolicyIsPublic}"], at,
                    new WayOut("To take it back", $"aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration {string.Join(',', Switches(wanted).Select(one => $"{one.Name}={(one.On ? "true" : "false")}"))}"),
                    new WayOut("To keep it: write the new values", Hcl: $"# in {origin.Address}\nblock_public_acls = {Word(now.Switches.BlockPublicAcls)}\nignore_public_acls = {Word(now.Switches.IgnorePublicAcls)}\nblock_public_policy = {Word(now.Switches.BlockPublicPolicy)}\nrestrict_public_buckets = {Word(now.Switches.RestrictPublicBuckets)}"));
            }
        }
        foreach (var bucket in unmanaged)
        {
            var now = settings.GetValueOrDefault(bucket);
            var isOpen = now is { PolicyIsPublic: true, Switches.RestrictPublicBuckets: false };
            // A bucket that nobody manages and nobody from outside can read, such as the one with the states, is no reason to fail.
            yield return Found(UnmanagedBucket, isOpen ? Severity.Critical : Severity.Info, bucket, account, $"is in no state that was given{(isOpen ? ", and its policy makes it public" : "")}", null,
                isOpen ? [new Exposure("ingress", "https", "everybody", null, $"s3://{bucket} is open to everybody by its policy")] : [],
                [$"S3 lists {bucket}; no state that was given has a resource with this name", .. now is null ? ["its switches were not read"] : Switches(now.Switches).Select(one => $"{one.Name}: {one.On} in S3")], at,
                new WayOut("To manage it", Hcl: $"resource \"aws_s3_bucket\" \"unmanaged\" {{\n  bucket = \"{bucket}\"\n}}\n\nimport {{\n  to = aws_s3_bucket.unmanaged\n  id = \"{bucket}\"\n}}"));
        }
    }

    private static async Task<AwsResult<BucketSetting>> SettingAsync(AwsClient client, string bucket, CancellationToken cancellation)
    {
        var switches = await client.S3.GetPublicAccessBlockAsync(bucket, cancellation);
        if (!switches.IsOk)
        {
            return switches.Error;
        }
        var isPublic = await client.S3.GetBucketPolicyIsPublicAsync(bucket, cancellation);
        return isPublic.IsOk ? new BucketSetting(switches.Value, isPublic.Value) : isPublic.Error!;
    }

    private static DriftFinding Found(string kind, Severity severity, string bucket, string account, string summary, ResourceOrigin? origin, IReadOnlyList<Exposure> opens, IReadOnlyList<string> steps, DateTimeOffset at, params WayOut[] ways) =>
        new(Finding.Of(DriftCheck.Name, kind, severity, new Subject("S3Bucket", bucket, account), $"{bucket} {summary}",
            new Evidence("bucket in S3", kind == DeletedBucket ? null : bucket, "s3 ListBuckets", at),
            new Evidence("bucket in the states", origin is null ? null : bucket, origin?.Address ?? "every state that was given", at, Place: origin?.Place)),
            IsDrift: severity > Severity.Info, [bucket], "", opens, [], null, ways, origin is null ? [] : [origin.ToString()], steps);

    private static (string Name, bool On)[] Switches(PublicAccessBlock block) =>
        [("BlockPublicAcls", block.BlockPublicAcls), ("IgnorePublicAcls", block.IgnorePublicAcls), ("BlockPublicPolicy", block.BlockPublicPolicy), ("RestrictPublicBuckets", block.RestrictPublicBuckets)];

    private static string Word(bool on) => on ? "true" : "false";
}

internal sealed record BucketSetting(PublicAccessBlock Switches, bool PolicyIsPublic);
