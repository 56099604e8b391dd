using System.Text;
using System.Xml.Linq;

namespace Plumb.Platform.Aws;

public sealed record S3Bucket(string Name, DateTimeOffset? Created);

/// <summary>The four switches of a bucket, each one off unless it was set.</summary>
public sealed record PublicAccessBlock(bool BlockPublicAcls, bool IgnorePublicAcls, bool BlockPublicPolicy, bool RestrictPublicBuckets)
{
    /// <summary>What a bucket without the setting has.</summary>
    public static readonly PublicAccessBlock None = new(false, false, false, false);
}

/// <summary>
/// Path-style addresses: they work with every bucket name, with every endpoint, and with the lab's. A bucket of another region is found by the
/// region that S3 names in its refusal.
/// </summary>
public sealed class S3
{
    private const string PublicAccessBlockMissing = "NoSuchPublicAccessBlockConfiguration";
    private const string PolicyMissing = "NoSuchBucketPolicy";
    private readonly AwsTransport _transport;
    private readonly string _region;

    internal S3(AwsTransport transport, string? region) => (_transport, _region) = (transport, region ?? AwsService.GlobalRegion);

    public async Task<AwsResult<byte[]>> GetObjectAsync(string bucket, string key, CancellationToken cancellation) =>
        await SendAsync("GetObject", $"/{Uri.EscapeDataString(bucket)}/{Signature.EncodePath(key)}", "s3:GetObject", cancellation);

    public async Task<AwsResult<IReadOnlyList<S3Bucket>>> ListBucketsAsync(CancellationToken cancellation)
    {
        var all = new List<S3Bucket>();
        string? token = null;
        for (var page = 0; page < _transport.Options.PageLimit; page++)
        {
            var answer = await SendAsync("ListBuckets", $"/?max-buckets=1000{(token is null ? "" : $"&continuation-token={Uri.EscapeDataString(token)}")}", "s3:ListAllMyBuckets", cancellation);
            var xml = answer.IsOk ? Xml.Parse(Call("ListBuckets", "/", "", _region), answer.Value) : answer.Error;
            if (!xml.IsOk)
            {
                return xml.Error;
            }
            all.AddRange(xml.Value.Items("Buckets").Select(bucket => new S3Bucket(bucket.Text("Name") ?? "",
                DateTimeOffset.TryParse(bucket.Text("CreationDate"), System.Globalization.CultureInfo.InvariantCulture, out var created) ? created : null)));
            token = xml.Value.Text("ContinuationToken");
            if (string.IsNullOrEmpty(token))
            {
                return all;
            }
        }
        return new AwsError(AwsErrorKind.BadResponse, $"ListBuckets has more than {_transport.Options.PageLimit} pages", null);
    }

    /// <summary>The bucket's own setting; <see cref="PublicAccessBlock.None"/> when it has none. The account's setting, which also counts, is not read.</summary>
    public async Task<AwsResult<PublicAccessBlock>> GetPublicAccessBlockAsync(string bucket, CancellationToken cancellation)
    {
        var path = $"/{Uri.EscapeDataString(bucket)}?publicAccessBlock=";
        var answer = await SendAsync("GetPublicAccessBlock", path, "s3:GetBucketPublicAccessBlock", cancellation);
        if (!answer.IsOk)
        {
            return answer.Error.Code == PublicAccessBlockMissing ? PublicAccessBlock.None : answer.Error;
        }
        var xml = Xml.Parse(Call("GetPublicAccessBlock", path, "", _region), answer.Value);
        return !xml.IsOk ? xml.Error : new PublicAccessBlock(
            xml.Value.Text("BlockPublicAcls") == "true", xml.Value.Text("IgnorePublicAcls") == "true", xml.Value.Text("BlockPublicPolicy") == "true", xml.Value.Text("RestrictPublicBuckets") == "true");
    }

    /// <summary>True: the bucket's policy makes it public. False: it does not, or there is none.</summary>
    public async Task<AwsResult<bool>> GetBucketPolicyIsPublicAsync(string bucket, CancellationToken cancellation)
    {
        var path = $"/{Uri.EscapeDataString(bucket)}?policyStatus=";
        var answer = await SendAsync("GetBucketPolicyStatus", path, "s3:GetBucketPolicyStatus", cancellation);
        if (!answer.IsOk)
        {
            return answer.Error.Code == PolicyMissing ? false : answer.Error;
        }
        var xml = Xml.Parse(Call("GetBucketPolicyStatus", path, "", _region), answer.Value);
        return xml.IsOk ? xml.Value.Text("IsPublic") is "true" or "TRUE" : xml.Error;
    }

    /// <returns>Null: done.</returns>
    public async Task<AwsError?> PutPublicAccessBlockAsync(string bucket, PublicAccessBlock block, CancellationToken cancellation)
    {
        var xml = new XElement(XName.Get("PublicAccessBlockConfiguration", "http://s3.amazonaws.com/doc/2006-03-01/"));
        foreach (var (name, on) in ((string, bool)[])[("BlockPublicAcls", block.BlockPublicAcls), ("IgnorePublicAcls", block.IgnorePublicAcls),
            ("BlockPublicPolicy", block.BlockPublicPolicy), ("RestrictPublicBuckets", block.RestrictPublicBuckets)])
        {
            xml.Add(new XElement(xml.Name.Namespace + name, on));
        }
        return await ChangeAsync("PutPublicAccessBlock", HttpMethod.Put, bucket, "publicAccessBlock", xml.ToString(SaveOptions.DisableFormatting), "s3:PutBucketPublicAccessBlock", cancellation);
    }

    /// <param name="policy">Null takes the policy away.</param>
    /// <returns>Null: done.</returns>
    public Task<AwsError?> PutBucketPolicyAsync(string bucket, string? policy, CancellationToken cancellation) => policy is null
        ? ChangeAsync("DeleteBucketPolicy", HttpMethod.Delete, bucket, "policy", null, "s3:DeleteBucketPolicy", cancellation)
        : ChangeAsync("PutBucketPolicy", HttpMethod.Put, bucket, "policy", policy, "s3:PutBucketPolicy", cancellation);

    private async Task<AwsError?> ChangeAsync(string operation, HttpMethod method, string bucket, string part, string? body, string permission, CancellationToken cancellation) =>
        (await _transport.SendAsync(new AwsCall(AwsService.S3, _region, operation, method, $"/{Uri.EscapeDataString(bucket)}?{part}=", Encoding.UTF8.GetBytes(body ?? ""),
            body is null ? null : "application/xml") { Permission = permission }, cancellation)).Error;

    private async Task<AwsResult<byte[]>> SendAsync(string operation, string path, string permission, CancellationToken cancellation)
    {
        var answer = await _transport.SendAsync(Call(operation, path, permission, _region), cancellation);
        return !answer.IsOk && answer.Error is { BucketRegion: { Length: > 0 } home, Status: 301 or 307 or 400 } && home != _region
            ? await _transport.SendAsync(Call(operation, path, permission, home), cancellation)
            : answer;
    }

    private static AwsCall Call(string operation, string path, string permission, string region) =>
        new(AwsService.S3, region, operation, HttpMethod.Get, path, []) { Permission = permission };
}
