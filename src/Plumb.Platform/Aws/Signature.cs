using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime.Internal.Auth;

namespace Plumb.Platform.Aws;

/// <summary>
/// Signature Version 4: the canonical form of a request, and the SDK's signature of it. The lab's stand-in checks signatures with the same form.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
/// </summary>
public static class Signature
{
    public const string Algorithm = "AWS4-HMAC-SHA256";
    public const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>Adds the headers of a signed request.</summary>
    /// <param name="body">Exactly what will be sent.</param>
    internal static void Sign(HttpRequestMessage request, byte[] body, AwsService service, string region, AwsKeys keys, DateTimeOffset now)
    {
        var stamp = now.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        var uri = request.RequestUri!;
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["host"] = uri.Authority, ["x-amz-date"] = stamp };
        if (service == AwsService.S3)
        {
            headers["x-amz-content-sha256"] = Convert.ToHexStringLower(SHA256.HashData(body));
        }
        if (keys.SessionToken is { } token)
        {
            headers["x-amz-security-token"] = token;
        }
        if (request.Headers.TryGetValues("X-Amz-Target", out var target))
        {
            headers["x-amz-target"] = string.Concat(target);
        }
        foreach (var (name, value) in headers.Where(header => header.Key is not ("host" or "x-amz-target")))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        var signed = string.Join(';', headers.Keys);
        var path = service == AwsService.S3 ? uri.AbsolutePath : EncodePath(uri.AbsolutePath);
        var canonical = Canonical(request.Method.Method, path, uri.Query, headers, signed, Convert.ToHexStringLower(SHA256.HashData(body)));
        var result = AWS4Signer.ComputeSignature(keys.AccessKeyId, keys.SecretAccessKey, region, now.UtcDateTime, service.Prefix, signed, canonical);
        request.Headers.TryAddWithoutValidation("Authorization", result.ForAuthorizationHeader);
    }

    /// <summary>The hexadecimal signature of a canonical request, as its sender should have made it.</summary>
    public static string Of(string canonical, AwsKeys keys, string region, string service, DateTimeOffset at) =>
        AWS4Signer.ComputeSignature(keys.AccessKeyId, keys.SecretAccessKey, region, at.UtcDateTime, service, "", canonical).Signature;

    /// <param name="path">Encoded; once more than on the wire for every service but S3.</param>
    /// <param name="query">As on the wire, with or without its question mark.</param>
    /// <param name="headers">The signed ones, in lower case, in order.</param>
    public static string Canonical(string method, string path, string query, IEnumerable<KeyValuePair<string, string>> headers, string signedHeaders, string bodyHash)
    {
        var text = new StringBuilder().Append(method).Append('\n').Append(path).Append('\n').Append(CanonicalQuery(query)).Append('\n');
        foreach (var (name, value) in headers)
        {
            text.Append(name).Append(':').AppendJoin(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Append('\n');
        }
        return text.Append('\n').Append(signedHeaders).Append('\n').Append(bodyHash).ToString();
    }

    public static string EncodePath(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private static string CanonicalQuery(string query) => string.Join('&', query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Select(pair => pair.Split('=', 2))
        .Select(pair => (Name: Encode(pair[0]), Value: pair.Length > 1 ? Encode(pair[1]) : ""))
        .OrderBy(pair => pair.Name, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal)
        .Select(pair => $"{pair.Name}={pair.Value}"));

    private static string Encode(string encoded) => Uri.EscapeDataString(Uri.UnescapeDataString(encoded));
}
