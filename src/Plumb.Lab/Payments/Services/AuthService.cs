using System.Security.Cryptography;
using System.Text;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <summary>Checks bearer tokens against the list in AUTH_TOKENS (<c>subject=token</c>, with commas).</summary>
internal sealed class AuthService : IService
{
    private const string Scheme = "Bearer ";
    private readonly IReadOnlyList<(string Subject, byte[] Hash)> _tokens;
    private readonly JsonLog _log;

    public AuthService(IReadOnlyList<(string Subject, string Token)> tokens, JsonLog log)
    {
        // Hashes have one length, so the comparison takes the same time for every wrong token.
        _tokens = [.. tokens.Select(t => (t.Subject, SHA256.HashData(Encoding.UTF8.GetBytes(t.Token))))];
        _log = log;
        Routes = [new Route("GET", "/check", CheckAsync)];
    }

    public IReadOnlyList<Route> Routes { get; }

    public static (IReadOnlyList<(string Subject, string Token)> Tokens, string? Problem) ReadTokens(string? text)
    {
        var tokens = new List<(string, string)>();
        foreach (var entry in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var parts = entry.Split('=', 2);
            if (parts is not [{ Length: > 0 } subject, { Length: >= 16 } token])
            {
                return ([], "AUTH_TOKENS must hold subject=token pairs with commas between them, each token at least 16 characters long.");
            }

            tokens.Add((subject, token));
        }

        // No tokens would mean that nobody can pay; that is a mistake in the deployment and not a mode.
        return tokens.Count == 0 ? ([], "AUTH_TOKENS is empty. Set it from the secret payments-api, key tokens.") : (tokens, null);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<Reply> CheckAsync(Call call)
    {
        var header = call.Http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return Task.FromResult(Refuse(call, "There is no bearer token. Send the header Authorization: Bearer TOKEN."));
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim()));
        foreach (var (subject, known) in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known))
            {
                _log.Info("token_accepted", $"The token belongs to {subject}.", call.Trace, ("subject", subject));
                return Task.FromResult(Reply.Json(200, new Caller(subject), PaymentsJson.Default.Caller));
            }
        }

        return Task.FromResult(Refuse(call, "This bearer token is not known."));
    }

    private Reply Refuse(Call call, string message)
    {
        _log.Warn("token_refused", message, call.Trace);
        return Reply.Problem(401, "unauthorized", message);
    }
}
