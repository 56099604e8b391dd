using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

/// <summary>Writes JSON answers.</summary>
internal static class Answer
{
    internal static Task WriteAsync(HttpContext context, Problem problem) => WriteAsync(context, problem, ConsoleJson.Default.Problem);

    internal static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, type), context.RequestAborted);
    }
}
