using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Plumb.Cluster.Api.Auth;

/// <summary>Finds out who asks: the administrator's token, a service account's, or nobody's.</summary>
internal sealed class Authenticator(string adminToken, ServiceAccountTokens accounts)
{
    private readonly byte[] _admin = Encoding.UTF8.GetBytes(adminToken);

    /// <summary>The user; null for a token that is not valid (401).</summary>
    public UserInfo? Authenticate(HttpContext http)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            return UserInfo.Anonymous;
        }
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        var user = CheckToken(header["Bearer ".Length..].Trim());
        // The administrator may act as somebody else (kubectl --as).
        return user is { IsMaster: true } && http.Request.Headers["Impersonate-User"].ToString() is { Length: > 0 } other
            ? new UserInfo(other, [.. http.Request.Headers["Impersonate-Group"].Select(group => group ?? ""), "system:authenticated"])
            : user;
    }

    public UserInfo? CheckToken(string token) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), _admin) ? UserInfo.Admin : accounts.Check(token);
}
