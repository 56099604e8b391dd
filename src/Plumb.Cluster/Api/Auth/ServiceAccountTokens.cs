using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Cluster.Api.Auth;

/// <summary>Issues and checks the tokens (JWT, ES256) with which pods call the API.</summary>
internal sealed class ServiceAccountTokens(ECDsa key, ObjectStore store, TimeProvider time)
{
    public const string Audience = "https://kubernetes.default.svc.cluster.local";
    private const long ShortestSeconds = 600;
    private const long LongestSeconds = 1L << 32;
    private const int TokenLimit = 8 * 1024;

    /// <param name="seconds">Time to live; an hour when null.</param>
    /// <returns>The token and its end.</returns>
    public (string Token, DateTimeOffset Expires) Issue(KubeObject account, long? seconds = null, string? audience = null, (string Name, string Uid)? pod = null)
    {
        var now = time.GetUtcNow();
        var expires = now.AddSeconds(Math.Clamp(seconds ?? 3600, ShortestSeconds, LongestSeconds));
        var about = new JsonObject { ["namespace"] = account.Namespace };
        if (pod is { } bound)
        {
            about["pod"] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        }
        about["serviceaccount"] = new JsonObject { ["name"] = account.Name, ["uid"] = account.Uid };
        var claims = new JsonObject
        {
            ["aud"] = new JsonArray(audience ?? Audience),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = Audience,
            ["jti"] = Guid.NewGuid().ToString(),
            ["kubernetes.io"] = about,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{account.Namespace}:{account.Name}",
        };
        var signed = Encode("""{"alg":"ES256","typ":"JWT"}""") + "." + Encode(claims.ToJsonString(KubeJson.Compact.Options));
        var signature = key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256);
        return (signed + "." + Base64Url.EncodeToString(signature), expires);
    }

    /// <summary>The account that the token stands for; null when it is broken, expired, or its account is gone.</summary>
    public UserInfo? Check(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || token.Length > TokenLimit)
        {
            return null;
        }
        try
        {
            if (!key.VerifyData(Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256))
            {
                return null;
            }
            var claims = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!.AsObject();
            var about = claims.Object("kubernetes.io");
            var (ns, name) = (about.Text("namespace")!, about.Object("serviceaccount").Text("name")!);
            var account = store.Get(Resources.ServiceAccounts, ns, name);
            var isCurrent = claims.Integer("exp") > time.GetUtcNow().ToUnixTimeSeconds() && account?.Uid == about.Object("serviceaccount").Text("uid");
            return isCurrent ? new UserInfo($"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"], account!.Uid) : null;
        }
        catch (Exception broken) when (broken is FormatException or JsonException or CryptographicException)
        {
            return null;
        }
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
