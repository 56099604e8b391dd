using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>
/// Who may talk to the console. A browser on this machine also runs pages of strangers, so loopback alone protects nothing:
/// the Host must be an address (a stranger's name that resolves to us is DNS rebinding), writes must come from our own page
/// (Origin), and everything needs the token, as a cookie that scripts cannot read and other sites do not send.
/// </summary>
internal sealed class Gate
{
    private readonly byte[] _token;
    private readonly string _cookie;

    internal Gate(string token, int port)
    {
        _token = Encoding.ASCII.GetBytes(token);
        // Cookies do not know ports: two consoles on one machine would overwrite each other's.
        _cookie = $"plumb-console-{port}";
    }

    internal static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>The reason to refuse, with its status code, or null to let the request in.</summary>
    internal (int Status, Problem Problem)? Refuse(HttpRequest request)
    {
        if (!IsOurHost(request.Host))
        {
            return (StatusCodes.Status421MisdirectedRequest, new("The Host header is not an address of this console", "Open the address that was printed, not another name for it."));
        }

        var read = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (!read && !string.Equals(request.Headers.Origin, $"http://{request.Host}", StringComparison.Ordinal))
        {
            return (StatusCodes.Status403Forbidden, new("This request does not come from the console's own page", "Use the console in one browser tab."));
        }

        if (request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
            && request.Headers.TryGetValue("Sec-Fetch-Site", out var site) && site != "same-origin" && site != "none")
        {
            return (StatusCodes.Status403Forbidden, new("Another site asked for this", "Use the console in its own browser tab."));
        }

        return IsToken(request.Cookies[_cookie])
            ? null
            : (StatusCodes.Status401Unauthorized, new("This browser does not have the console's token", "Open the address with ?token=… that was printed when the console started. After a restart there is a new one."));
    }

    internal static bool IsOurHost(HostString host) =>
        host.HasValue && (string.Equals(host.Host, "localhost", StringComparison.OrdinalIgnoreCase) || IPAddress.TryParse(host.Host.Trim('[', ']'), out _));

    /// <summary>Compares in constant time.</summary>
    internal bool IsToken(string? offered) => offered is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(offered), _token);

    internal void GiveCookie(HttpResponse response, string token) =>
        response.Cookies.Append(_cookie, token, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });

    /// <summary>On every answer: nothing from elsewhere is loaded, nobody frames us, types are not guessed, nothing is kept.</summary>
    internal static void Harden(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
        headers.CacheControl = "no-store";
    }
}
