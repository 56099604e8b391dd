using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>What a handler answers: a status and a body that is ready to be sent.</summary>
internal sealed record Reply(int Status, ReadOnlyMemory<byte> Body, string ContentType)
{
    public string? Allow { get; init; }
    public int? RetryAfterSeconds { get; init; }

    public static Reply Json<T>(int status, T value, JsonTypeInfo<T> type) => new(status, JsonSerializer.SerializeToUtf8Bytes(value, type), "application/json");

    public static Reply Text(int status, string text, string contentType = "text/plain; charset=utf-8") =>
        new(status, System.Text.Encoding.UTF8.GetBytes(text), contentType);

    /// <param name="code">A stable word for programs.</param>
    /// <param name="message">What happened and what to do, for people.</param>
    /// <param name="field">The input field at fault; null when it is none in particular.</param>
    public static Reply Problem(int status, string code, string message, string? field = null) =>
        Json(status, new Problem(new ProblemDetail(code, message, field)), PaymentsJson.Default.Problem);

    public async Task WriteToAsync(HttpContext http)
    {
        var response = http.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = Body.Length;
        if (Allow is not null)
        {
            response.Headers.Allow = Allow;
        }

        if (RetryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await response.Body.WriteAsync(Body, http.RequestAborted);
    }
}

internal sealed record Problem(ProblemDetail Error);

internal sealed record ProblemDetail(string Code, string Message, string? Field);
