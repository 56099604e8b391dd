using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;

namespace Plumb.Platform.Kubernetes;

/// <summary>Makes errors of answers and of exceptions: one place that knows what to tell a person to do.</summary>
internal static class KubeErrors
{
    /// <summary>Characters of an answer that is no Status object that a message quotes.</summary>
    private const int QuoteLimit = 200;

    /// <summary>An error of an HTTP answer, from its Status object where it has one.</summary>
    public static KubeError FromAnswer(HttpStatusCode status, ReadOnlySpan<byte> body, RetryConditionHeaderValue? retryAfter)
    {
        var code = (int)status;
        JsonElement json = default;
        try
        {
            json = JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            // A proxy's HTML page, or an empty answer: the status code has to do.
        }
        if (json.Text("kind") == "Status")
        {
            return FromStatus(json, code) with { RetryAfter = retryAfter?.Delta };
        }
        var text = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, QuoteLimit)]).Trim();
        return Make(code, null, text.Length == 0 ? $"The server answered {code} {status} without saying why." : $"The server answered {code}: {text}") with { RetryAfter = retryAfter?.Delta };
    }

    /// <summary>An error of a Status object: the body of a refused request, or an ERROR event of a watch.</summary>
    public static KubeError FromStatus(JsonElement status, int? httpCode = null)
    {
        var code = status.Number("code") ?? httpCode ?? 500;
        var reason = status.Text("reason");
        var message = status.Text("message") ?? $"The server answered {code} {reason}.";
        return Make(code, reason, message.EndsWith('.') ? message : message + ".") with { Details = status.Field("details") is { ValueKind: JsonValueKind.Object } details ? details : null };
    }

    public static KubeError BadResponse(string what) =>
        new(KubeErrorKind.BadResponse, what, "Check that the URL is a Kubernetes API server and that no proxy rewrites its answers.");

    public static KubeError Timeout(Uri server, TimeSpan limit) =>
        new(KubeErrorKind.Timeout, $"{server.Authority} gave no answer within {limit.TotalSeconds:0.#} s.", "Check the network path and the server's load; then try again.");

    /// <summary>An error of a request that got no answer.</summary>
    public static KubeError FromException(Exception error, Uri server)
    {
        if (Find<AuthenticationException>(error) is { } tls)
        {
            return Tls(tls, server);
        }
        if (Find<SocketException>(error) is { } socket)
        {
            return socket.SocketErrorCode switch
            {
                SocketError.ConnectionRefused => new(KubeErrorKind.Unreachable, $"Nothing listens at {server.Authority}: connection refused.", "Check that the cluster runs and that the kubeconfig names its present address."),
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => new(KubeErrorKind.Unreachable, $"The name {server.Host} does not resolve.", "Check the server's name in the kubeconfig and this machine's DNS."),
                _ => new(KubeErrorKind.Unreachable, $"{server.Authority} cannot be reached: {socket.Message}.", "Check the network path to the cluster."),
            };
        }
        return new KubeError(KubeErrorKind.Unreachable, $"The connection to {server.Authority} broke: {Innermost(error).Message}", "Try again; if it stays, look at the API server and what stands before it.");
    }

    private static KubeError Make(int code, string? reason, string message)
    {
        var (kind, next) = (code, reason) switch
        {
            (401, _) => (KubeErrorKind.Unauthorized, "The server does not accept the credential: log in again, or get a new kubeconfig."),
            (403, _) => (KubeErrorKind.Forbidden, "Ask for that right (a Role or ClusterRole and its binding); check with 'kubectl auth can-i'."),
            (404, _) => (KubeErrorKind.NotFound, "Check the name, the namespace and the context."),
            (409, "AlreadyExists") => (KubeErrorKind.AlreadyExists, "Choose another name, or change the one that is there."),
            (409, _) => (KubeErrorKind.Conflict, "Read the object again and repeat the change."),
            (410, _) => (KubeErrorKind.Gone, "List again and go on from there."),
            (429, _) => (KubeErrorKind.TooManyRequests, "Wait and try again; for an eviction, wait until the disruption budget allows it."),
            (504, _) or (408, _) => (KubeErrorKind.Timeout, "Try again; the server was too slow."),
            ( >= 500, _) => (KubeErrorKind.Server, "Try again; if it stays, look at the API server's log."),
            _ => (KubeErrorKind.Invalid, "Mend the request."),
        };
        return new KubeError(kind, code == 401 && message == "Unauthorized." ? "The server answered 401 Unauthorized." : message, next) { StatusCode = code, Reason = reason };
    }

    private static KubeError Tls(AuthenticationException error, Uri server)
    {
        var (what, next) = error.Message switch
        {
            var text when text.Contains("NameMismatch", StringComparison.Ordinal) =>
                ("its certificate is for another name", "Use the name in the certificate, or set tls-server-name in the kubeconfig."),
            var text when text.Contains("NotTimeValid", StringComparison.Ordinal) => ("its certificate has expired or is not valid yet", "Renew the server's certificate, or check both clocks."),
            var text when text.Contains("RemoteCertificateChainErrors", StringComparison.Ordinal) || text.Contains("PartialChain", StringComparison.Ordinal) || text.Contains("UntrustedRoot", StringComparison.Ordinal) =>
                ("its certificate is not signed by an authority that the kubeconfig trusts", "The kubeconfig may belong to another or an earlier cluster: get it again."),
            var text => ($"the TLS handshake failed: {text}", "Check that the URL is the API server's and that the client certificate belongs to this cluster."),
        };
        return new KubeError(KubeErrorKind.Tls, $"{server.Authority} is not trusted: {what}.", next);
    }

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
            {
                return found;
            }
        }
        return null;
    }

    private static Exception Innermost(Exception error)
    {
        while (error.InnerException is { } inner)
        {
            error = inner;
        }
        return error;
    }
}
