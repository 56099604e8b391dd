using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws.S3;

/// <summary>Buckets with what makes them public, and small objects, with path-style addresses.</summary>
internal sealed partial class S3Api(AccountStore store, Trail trail) : IApi
{
    private const string Namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
    private const int MostObjectBytes = 8 * 1024 * 1024;
    private const int MostListed = 1000;

    /// <summary>In the order in which a bucket's row has them.</summary>
    private static readonly string[] Switches = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];

    /// <summary>Parameters that clients add and that change nothing here.</summary>
    private static readonly string[] Harmless = ["x-id", "max-buckets", "continuation-token", "list-type", "prefix", "max-keys", "encoding-type", "delimiter"];

    public Wire Wire => Wire.S3;

    public static string PermissionOf(string operation) => operation switch
    {
        "ListBuckets" => "s3:ListAllMyBuckets",
        "ListObjectsV2" or "HeadBucket" => "s3:ListBucket",
        "HeadObject" => "s3:GetObject",
        "GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" or "DeletePublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        _ => $"s3:{operation}",
    };

    public string? OperationOf(ApiRequest request)
    {
        var (bucket, key) = Address(request);
        var parameters = Parameters(request.Query);
        var special = parameters.Keys.Where(name => !Harmless.Contains(name)).ToList();
        return (request.Method, bucket, key, special) switch
        {
            ("GET", "", "", []) => "ListBuckets",
            (_, "", _, _) => null,
            ("GET", _, "", []) when parameters.GetValueOrDefault("list-type") == "2" => "ListObjectsV2",
            ("PUT", _, "", []) => "CreateBucket",
            ("DELETE", _, "", []) => "DeleteBucket",
            ("HEAD", _, "", []) => "HeadBucket",
            ("GET", _, "", ["location"]) => "GetBucketLocation",
            ("GET" or "PUT" or "DELETE", _, "", ["publicAccessBlock"]) => Verb(request) + "PublicAccessBlock",
            ("GET" or "PUT" or "DELETE", _, "", ["policy"]) => Verb(request) + "BucketPolicy",
            ("GET", _, "", ["policyStatus"]) => "GetBucketPolicyStatus",
            ("GET" or "PUT" or "DELETE" or "HEAD", _, { Length: > 0 }, []) when !request.Headers.ContainsKey("x-amz-copy-source") => Verb(request) + "Object",
            _ => null,
        };
    }

    public ApiReply Answer(ApiRequest request, string operation)
    {
        var (bucket, key) = Address(request);
        return operation switch
        {
            "ListBuckets" => ListBuckets(),
            "CreateBucket" => CreateBucket(request, bucket),
            "DeleteBucket" => DeleteBucket(request, Bucket(request, bucket)),
            "HeadBucket" => new ApiReply(200, "", []) { Headers = [("x-amz-bucket-region", Bucket(request, bucket).Region)] },
            "GetBucketLocation" => GetLocation(Bucket(request, bucket)),
            "ListObjectsV2" => ListObjects(request, Bucket(request, bucket)),
            "GetPublicAccessBlock" => GetBlock(Bucket(request, bucket)),
            "PutPublicAccessBlock" => PutBlock(request, Bucket(request, bucket)),
            "DeletePublicAccessBlock" => Change(request, operation, Bucket(request, bucket) with { Block = null }, 204),
            "GetBucketPolicy" => new ApiReply(200, "application/json", Encoding.UTF8.GetBytes(Policy(Bucket(request, bucket)))),
            "PutBucketPolicy" => PutPolicy(request, Bucket(request, bucket)),
            "DeleteBucketPolicy" => Change(request, operation, Bucket(request, bucket) with { Policy = null }, 204),
            "GetBucketPolicyStatus" => ApiReply.Xml(Qualified(new XElement("PolicyStatus", new XElement("IsPublic", IsPublic(Policy(Bucket(request, bucket)))))))
                with { ContentType = "application/xml" },
            "GetObject" or "HeadObject" => Found(Object(Bucket(request, bucket), key, request)),
            "PutObject" => PutObject(request, Bucket(request, bucket), key),
            "DeleteObject" => DeleteObject(Bucket(request, bucket), key),
            _ => throw StandIn.Unknown(Wire),
        };
    }

    private ApiReply ListBuckets() => Xml(new XElement("ListAllMyBucketsResult",
        new XElement("Owner", new XElement("ID", User.Account), new XElement("DisplayName", "plumb-lab")),
        new XElement("Buckets", store.Buckets.All.OrderBy(bucket => bucket.Name, StringComparer.Ordinal).Select(bucket =>
            new XElement("Bucket", new XElement("Name", bucket.Name), new XElement("CreationDate", Iso(bucket.Created)), new XElement("BucketRegion", bucket.Region))))));

    private ApiReply CreateBucket(ApiRequest request, string name)
    {
        if (!BucketName().IsMatch(name))
        {
            throw new ApiFault(400, "InvalidBucketName", "The specified bucket is not valid.") { Details = [("BucketName", name)] };
        }
        if (store.Buckets.Find(name) is not null)
        {
            throw new ApiFault(409, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.") { Details = [("BucketName", name)] };
        }
        // Every new bucket blocks public access since April 2023.
        Change(request, "CreateBucket", new BucketRow(name, request.Region, request.Now, [true, true, true, true], null), 200);
        return new ApiReply(200, "", []) { Headers = [("Location", $"/{name}")] };
    }

    private ApiReply DeleteBucket(ApiRequest request, BucketRow bucket)
    {
        if (store.Objects.All.Any(each => each.Bucket == bucket.Name))
        {
            throw new ApiFault(409, "BucketNotEmpty", "The bucket you tried to delete is not empty") { Details = [("BucketName", bucket.Name)] };
        }
        store.Buckets.Remove(bucket.Name);
        Record(request, "DeleteBucket", bucket.Name);
        return ApiReply.Empty;
    }

    private static ApiReply GetLocation(BucketRow bucket) =>
        Xml(new XElement("LocationConstraint", bucket.Region == StandIn.Region ? null : bucket.Region));

    private ApiReply ListObjects(ApiRequest request, BucketRow bucket)
    {
        var parameters = Parameters(request.Query);
        var (prefix, delimiter, after) = (parameters.GetValueOrDefault("prefix", ""), parameters.GetValueOrDefault("delimiter", ""), parameters.GetValueOrDefault("continuation-token", ""));
        var size = int.TryParse(parameters.GetValueOrDefault("max-keys"), CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 0, MostListed) : MostListed;
        size = Math.Min(size, request.PageSize ?? size);
        // A key with the delimiter behind the prefix is listed as its folder, once; folders and keys share one order and one page.
        var found = store.Objects.All.Where(each => each.Bucket == bucket.Name && each.Key.StartsWith(prefix, StringComparison.Ordinal))
            .GroupBy(each => Folder(each.Key, prefix, delimiter), StringComparer.Ordinal).Where(entry => string.CompareOrdinal(entry.Key, after) > 0)
            .OrderBy(entry => entry.Key, StringComparer.Ordinal).Take(size + 1).ToList();
        var page = found.Take(size).ToList();
        var isFolder = page.ToLookup(entry => entry.First().Key != entry.Key);
        return Xml(new XElement("ListBucketResult", new XElement("Name", bucket.Name), new XElement("Prefix", prefix), new XElement("KeyCount", page.Count), new XElement("MaxKeys", size),
            new XElement("IsTruncated", found.Count > size), found.Count > size ? new XElement("NextContinuationToken", page[^1].Key) : null,
            isFolder[false].Select(entry => entry.First()).Select(each => new XElement("Contents", new XElement("Key", each.Key), new XElement("LastModified", Iso(each.Modified)),
                new XElement("ETag", $"\"{each.ETag}\""), new XElement("Size", each.Content.Length), new XElement("StorageClass", "STANDARD"))),
            isFolder[true].Select(entry => new XElement("CommonPrefixes", new XElement("Prefix", entry.Key)))));
    }

    private static string Folder(string key, string prefix, string delimiter)
    {
        var at = delimiter.Length == 0 ? -1 : key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal);
        return at < 0 ? key : key[..(at + delimiter.Length)];
    }

    private static ApiReply GetBlock(BucketRow bucket) => bucket.Block is { } block
        ? Xml(new XElement("PublicAccessBlockConfiguration", Switches.Select((name, i) => new XElement(name, block[i]))))
        : throw new ApiFault(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found") { Details = [("BucketName", bucket.Name)] };

    private ApiReply PutBlock(ApiRequest request, BucketRow bucket)
    {
        var xml = Body(request);
        var block = Switches.Select(name => xml.Elements().FirstOrDefault(element => element.Name.LocalName == name)?.Value == "true").ToArray();
        return Change(request, "PutBucketPublicAccessBlock", bucket with { Block = block }, 200);
    }

    private ApiReply PutPolicy(ApiRequest request, BucketRow bucket)
    {
        var text = Encoding.UTF8.GetString(Content(request));
        if (!IsPolicy(text))
        {
            throw new ApiFault(400, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'");
        }
        if (bucket.Block?[2] == true && IsPublic(text))
        {
            throw new ApiFault(403, "AccessDenied", $"User: {request.User.Arn} is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{bucket.Name}\" because public policies are "
                + "prevented by the BlockPublicPolicy setting in S3 Block Public Access.");
        }
        return Change(request, "PutBucketPolicy", bucket with { Policy = text }, 204);
    }

    private ApiReply PutObject(ApiRequest request, BucketRow bucket, string key)
    {
        var content = Content(request);
        if (content.Length > MostObjectBytes)
        {
            throw new ApiFault(400, "EntityTooLarge", $"Your proposed upload exceeds the maximum allowed size: the lab's AWS keeps objects up to {MostObjectBytes} bytes.");
        }
#pragma warning disable CA5351 // S3's ETag is an MD5 by definition; nothing is secured by it.
        var etag = Convert.ToHexStringLower(MD5.HashData(content));
#pragma warning restore CA5351
        store.Objects.Put($"{bucket.Name}/{key}", new ObjectRow(bucket.Name, key, request.Now, request.Headers.GetValueOrDefault("content-type", "binary/octet-stream"), etag, content));
        return new ApiReply(200, "", []) { Headers = [("ETag", $"\"{etag}\"")] };
    }

    private ApiReply DeleteObject(BucketRow bucket, string key)
    {
        store.Objects.Remove($"{bucket.Name}/{key}");
        return ApiReply.Empty;
    }

    private static ApiReply Found(ObjectRow found) => new(200, found.ContentType, found.Content)
    {
        Headers = [("ETag", $"\"{found.ETag}\""), ("Last-Modified", found.Modified.UtcDateTime.ToString("r", CultureInfo.InvariantCulture)), ("Accept-Ranges", "none")],
    };

    private ObjectRow Object(BucketRow bucket, string key, ApiRequest request) => request.Headers.ContainsKey("range") ? throw StandIn.Unknown(Wire)
        : store.Objects.Find($"{bucket.Name}/{key}") ?? throw new ApiFault(404, "NoSuchKey", "The specified key does not exist.") { Details = [("Key", key)] };

    private BucketRow Bucket(ApiRequest request, string name)
    {
        var bucket = store.Buckets.Find(name) ?? throw new ApiFault(404, "NoSuchBucket", "The specified bucket does not exist") { Details = [("BucketName", name)] };
        return bucket.Region == request.Region ? bucket
            : throw new ApiFault(400, "AuthorizationHeaderMalformed", $"The authorization header is malformed; the region '{request.Region}' is wrong; expecting '{bucket.Region}'")
            {
                Details = [("Region", bucket.Region)], Headers = [("x-amz-bucket-region", bucket.Region)],
            };
    }

    private ApiReply Change(ApiRequest request, string operation, BucketRow bucket, int status)
    {
        store.Buckets.Put(bucket.Name, bucket);
        Record(request, operation, bucket.Name);
        return new ApiReply(status, "", []);
    }

    private void Record(ApiRequest request, string operation, string bucket) =>
        trail.Record(request, operation.Replace("DeletePublicAccessBlock", "DeleteBucketPublicAccessBlock", StringComparison.Ordinal),
            new JsonObject { ["bucketName"] = bucket, ["Host"] = request.Headers.GetValueOrDefault("host", "") }, null, new ResourceRow("AWS::S3::Bucket", bucket));

    private static string Policy(BucketRow bucket) =>
        bucket.Policy ?? throw new ApiFault(404, "NoSuchBucketPolicy", "The bucket policy does not exist") { Details = [("BucketName", bucket.Name)] };

    private static bool IsPolicy(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject policy && policy["Statement"] is JsonArray or JsonObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// A statement that allows everybody something without a condition. AWS also looks into conditions; one here counts as a fence, whatever
    /// it says, and docs/lab-aws.md says so.
    /// </summary>
    private static bool IsPublic(string policy)
    {
        var statements = JsonNode.Parse(policy)!["Statement"] switch { JsonArray list => list.OfType<JsonObject>(), JsonObject one => [one], _ => [] };
        return statements.Any(statement => (string?)statement["Effect"] == "Allow" && statement["Condition"] is null && statement["Principal"] switch
        {
            JsonValue value => (string?)value == "*",
            JsonObject named => named["AWS"] switch { JsonValue one => (string?)one == "*", JsonArray many => many.Any(each => (string?)each == "*"), _ => false },
            _ => false,
        });
    }

    private static (string Bucket, string Key) Address(ApiRequest request)
    {
        var path = request.Path.TrimStart('/');
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? (path, "") : (path[..slash], path[(slash + 1)..]);
    }

    private static Dictionary<string, string> Parameters(string query) => query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
        .DistinctBy(pair => pair[0]).ToDictionary(pair => Uri.UnescapeDataString(pair[0]), pair => pair.Length > 1 ? Uri.UnescapeDataString(pair[1].Replace('+', ' ')) : "", StringComparer.Ordinal);

    private static string Verb(ApiRequest request) => request.Method switch { "GET" => "Get", "PUT" => "Put", "HEAD" => "Head", _ => "Delete" };

    private static XElement Body(ApiRequest request)
    {
        try
        {
            return XElement.Parse(Encoding.UTF8.GetString(Content(request)));
        }
        catch (System.Xml.XmlException)
        {
            throw new ApiFault(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema");
        }
    }

    /// <summary>The body, out of the chunks in which newer clients wrap it for a checksum at its end.</summary>
    private static byte[] Content(ApiRequest request) =>
        request.Headers.GetValueOrDefault("x-amz-content-sha256", "").StartsWith("STREAMING-", StringComparison.Ordinal) ? Chunks.Join(request.Body) : request.Body;

    private static ApiReply Xml(XElement element) => ApiReply.Xml(Qualified(element)) with { ContentType = "application/xml" };

    private static XElement Qualified(XElement element) => ApiFault.Qualified(Namespace, element);

    private static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    [GeneratedRegex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BucketName();
}
