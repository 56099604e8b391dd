using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Plumb.Platform.Aws;

namespace Plumb.Lab.Aws;

/// <summary>Who sent a request, by its Signature Version 4; or the error that the real service gives.</summary>
internal sealed class SignatureCheck(IReadOnlyList<User> users, TimeProvider time)
{
    private static readonly TimeSpan MostSkew = TimeSpan.FromMinutes(15);

    /// <summary>The parts of an Authorization header.</summary>
    internal sealed record Claim(string AccessKeyId, string Date, string Region, string Service, string SignedHeaders, string Signature);

    /// <summary>What the header says; null when there is none that can be read.</summary>
    public static Claim? Read(IReadOnlyDictionary<string, string> headers)
    {
        if (!headers.TryGetValue("authorization", out var text) || !text.StartsWith(Signature.Algorithm + " ", StringComparison.Ordinal))
        {
            return null;
        }
        var parts = text[(Signature.Algorithm.Length + 1)..].Split(',', StringSplitOptions.TrimEntries).Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .DistinctBy(part => part[0]).ToDictionary(part => part[0], part => part[1], StringComparer.Ordinal);
        return parts.TryGetValue("Credential", out var credential) && credential.Split('/') is [var key, var date, var region, var service, "aws4_request"]
            && parts.TryGetValue("SignedHeaders", out var signed) && parts.TryGetValue("Signature", out var signature)
            ? new Claim(key, date, region, service, signed, signature)
            : null;
    }

    /// <exception cref="ApiFault">As the service of that wire says it.</exception>
    public User Sender(Claim claim, Wire wire, string method, string rawPath, string query, IReadOnlyDictionary<string, string> headers, byte[] body)
    {
        var user = users.FirstOrDefault(each => each.AccessKeyId == claim.AccessKeyId) ?? throw Unknown(wire);
        if (!headers.TryGetValue("x-amz-date", out var stamp)
            || !DateTimeOffset.TryParseExact(stamp, Signature.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var sent))
        {
            throw Wrong(wire, "The request has no X-Amz-Date that can be read.");
        }
        if ((time.GetUtcNow() - sent).Duration() > MostSkew)
        {
            throw Skewed(wire, sent);
        }
        var bodyHash = Convert.ToHexStringLower(SHA256.HashData(body));
        if (headers.TryGetValue("x-amz-content-sha256", out var claimed))
        {
            if (claimed.Length == bodyHash.Length && claimed != bodyHash)
            {
                throw new ApiFault(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.");
            }
            bodyHash = claimed;
        }
        var signed = claim.SignedHeaders.Split(';');
        var path = wire == Wire.S3 ? Signature.EncodePath(Uri.UnescapeDataString(rawPath)) : Signature.EncodePath(rawPath);
        var canonical = Signature.Canonical(method, path, query, signed.Select(name => KeyValuePair.Create(name, headers.GetValueOrDefault(name, ""))), claim.SignedHeaders, bodyHash);
        var expected = Signature.Of(canonical, user.Keys, claim.Region, claim.Service, sent);
        var equal = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.ASCII.GetBytes(claim.Signature));
        return equal && signed.Contains("host") ? user : throw Wrong(wire, null);
    }

    /// <summary>No credential at all.</summary>
    public static ApiFault Missing(Wire wire) => wire switch
    {
        Wire.Ec2 => new ApiFault(400, "MissingParameter", "The request must contain the parameter AWSAccessKeyId"),
        Wire.Query => new ApiFault(403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        Wire.Json => new ApiFault(400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        _ => new ApiFault(403, "AccessDenied", "Access Denied"),
    };

    private static ApiFault Unknown(Wire wire) => wire switch
    {
        Wire.Ec2 => new ApiFault(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        Wire.Query => new ApiFault(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
        Wire.Json => new ApiFault(400, "UnrecognizedClientException", "The security token included in the request is invalid."),
        _ => new ApiFault(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    };

    private static ApiFault Wrong(Wire wire, string? why) => wire switch
    {
        Wire.Ec2 => new ApiFault(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        Wire.Query => new ApiFault(403, "SignatureDoesNotMatch", why ?? NoMatch),
        Wire.Json => new ApiFault(400, "InvalidSignatureException", why ?? NoMatch),
        _ => new ApiFault(403, "SignatureDoesNotMatch", why ?? "The request signature we calculated does not match the signature you provided. Check your key and signing method."),
    };

    private const string NoMatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

    private ApiFault Skewed(Wire wire, DateTimeOffset sent)
    {
        var now = time.GetUtcNow();
        return wire switch
        {
            Wire.Ec2 => new ApiFault(400, "RequestExpired", "Request has expired."),
            Wire.S3 => new ApiFault((int)HttpStatusCode.Forbidden, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
            _ => new ApiFault(wire == Wire.Json ? 400 : 403, wire == Wire.Json ? "InvalidSignatureException" : "SignatureDoesNotMatch",
                $"Signature {(sent < now ? "expired" : "not yet current")}: {sent.UtcDateTime.ToString(Signature.TimeFormat, CultureInfo.InvariantCulture)} is "
                + $"{(sent < now ? "now earlier" : "still later")} than {now.UtcDateTime.ToString(Signature.TimeFormat, CultureInfo.InvariantCulture)} by more than 15 min."),
        };
    }
}
