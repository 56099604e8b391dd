using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Core;
using Plumb.Platform.Storage;

namespace Plumb.Cli.WebConsole;

/// <summary>The newest run of each check in this home, whole, as a page of the console shows it: the store keeps reports, and a page has more to say.</summary>
internal static class LastReports
{
    public const string Cost = "cost";
    public const string Drift = "drift";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <returns>Why it could not be written, which does not make the run's result less true.</returns>
    public static Problem? Save(PlumbHome home, string check, JsonObject report)
    {
        var path = PathOf(home, check);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
            // Beside it first: a reader must never see half of it, and nobody else any of it.
            var unfinished = $"{path}.{Environment.ProcessId}";
            using (var stream = new FileStream(unfinished, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(report.ToJsonString(CoreJson.Readable(indented: false))));
            }
            File.Move(unfinished, path, overwrite: true);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the console cannot show this report: {path}: {error.Message.TrimEnd('.')}", "Free some space, or set PLUMB_HOME to a directory that you may write to");
        }
    }

    /// <summary>Sends the document as it was written; <c>null</c> before the first run.</summary>
    public static async Task SendAsync(HttpContext context, PlumbHome home, string check)
    {
        byte[] json;
        try
        {
            json = await File.ReadAllBytesAsync(PathOf(home, check), context.RequestAborted);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            json = "null"u8.ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await Answer.WriteAsync(context, new Problem($"The last report cannot be read: {error.Message.TrimEnd('.')}", $"Run 'plumb {check}' again"));
            return;
        }
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }

    private static string PathOf(PlumbHome home, string check) => Path.Combine(home.File("reports"), $"{check}.json");
}
