using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Services;

/// <summary>What a client asks for: move money from one account to another.</summary>
/// <param name="Amount">In the currency's minor unit (cents), so that it is a whole number.</param>
/// <param name="Currency">ISO 4217, upper case.</param>
internal sealed record PaymentRequest(long? Amount = null, string? Currency = null, string? From = null, string? To = null)
{
    private const long MaxAmount = 1_000_000_000;
    private const int MaxAccountLength = 64;
    private const int MaxBodyBytes = 16 * 1024;
    private static readonly string[] Currencies = ["EUR", "GBP", "USD"];

    /// <summary>Reads and checks a body; a problem is the answer to give.</summary>
    public static async Task<(PaymentRequest? Request, Reply? Problem)> ReadAsync(HttpRequest http, CancellationToken cancel)
    {
        if (http.ContentLength > MaxBodyBytes)
        {
            return (null, Reply.Problem(413, "too_large", $"A payment is a small JSON object; this body has {http.ContentLength} bytes, the limit is {MaxBodyBytes}."));
        }

        if (http.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) != true)
        {
            return (null, Reply.Problem(415, "unsupported_media_type", "Send the payment as JSON with Content-Type: application/json."));
        }

        try
        {
            var request = await JsonSerializer.DeserializeAsync(http.Body, PaymentsJson.Default.PaymentRequest, cancel);
            return request is null
                ? (null, Reply.Problem(400, "invalid_json", "The body is null; a payment is an object with amount, currency, from and to."))
                : (request, request.Check());
        }
        catch (JsonException problem)
        {
            return (null, Reply.Problem(400, "invalid_json", Explain(problem)));
        }
        catch (BadHttpRequestException problem)
        {
            return (null, Reply.Problem(problem.StatusCode, "bad_request", $"The request cannot be read: {problem.Message}"));
        }
    }

    private Reply? Check()
    {
        if (Amount is not (>= 1 and <= MaxAmount))
        {
            return Invalid("amount", Amount is null ? "amount is missing" : $"amount is {Amount}", $"it must be a whole number of cents from 1 to {MaxAmount}");
        }

        if (Currency is null || !Currencies.Contains(Currency))
        {
            return Invalid("currency", Currency is null ? "currency is missing" : $"currency is \"{Clip(Currency)}\"", $"it must be one of {string.Join(", ", Currencies)}");
        }

        foreach (var (field, account) in new[] { ("from", From), ("to", To) })
        {
            if (account is null || account.Length is 0 or > MaxAccountLength || !account.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            {
                return Invalid(field, account is null ? $"{field} is missing" : $"{field} is \"{Clip(account)}\"", $"it must be an account such as account-001 (a-z, 0-9 and -, at most {MaxAccountLength} characters)");
            }
        }

        return From == To ? Invalid("to", $"from and to are both {From}", "a payment needs two accounts") : null;
    }

    private static Reply Invalid(string field, string what, string rule) => Reply.Problem(400, "invalid_field", $"{what}; {rule}.", field);

    private static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "…";

    /// <summary>The reader speaks of .NET types; a client wants to hear about its JSON.</summary>
    private static string Explain(JsonException problem)
    {
        const string shape = "A payment is an object with amount (a whole number of cents), currency, from and to (text)";
        var field = problem.Path is null or "$" ? "the body" : problem.Path.TrimStart('$', '.');
        return problem.Message switch
        {
            var m when m.Contains("could not be mapped", StringComparison.Ordinal) => $"There is no field \"{Clip(field)}\". {shape}.",
            var m when m.Contains("could not be converted", StringComparison.Ordinal) => $"{Clip(field)} has the wrong type or is too large. {shape}.",
            _ => $"The body is no JSON: it breaks at line {problem.LineNumber + 1}, byte {problem.BytePositionInLine + 1}. {shape}.",
        };
    }
}

/// <summary>A payment as the ledger keeps it.</summary>
internal sealed record Payment(Guid Id, long Amount, string Currency, string From, string To, string Status, DateTimeOffset CreatedAt, string TraceId);

/// <summary>A payment as the public API shows it.</summary>
/// <param name="Notification">queued, or failed: a payment is done even when nobody could be told.</param>
internal sealed record PaymentView(
    Guid Id, long Amount, string Currency, string From, string To, string Status, DateTimeOffset CreatedAt, string TraceId, string? Notification = null);

internal sealed record Account(string Id, string Currency, long Balance);

/// <summary>Who a token belongs to.</summary>
internal sealed record Caller(string Subject);
