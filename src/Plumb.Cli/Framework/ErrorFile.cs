using System.Globalization;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Framework;

/// <summary>Keeps the details of an unexpected error out of the terminal and in a file that can be sent along with a bug report.</summary>
internal static class ErrorFile
{
    /// <summary>The file that was written, or null when even that is impossible.</summary>
    public static string? Write(PlumbHome home, Exception error, string[] args, TimeProvider time)
    {
        foreach (var directory in (string[])[home.File("errors"), Path.GetTempPath()])
        {
            try
            {
                Directory.CreateDirectory(directory);
                var stamp = time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
                var path = Path.Combine(directory, $"plumb-error-{stamp}-{Environment.ProcessId}.txt");
                File.WriteAllText(path, $"plumb {string.Join(' ', args)}\nversion {BuildVersion.Text}\n\n{error}\n");
                return path;
            }
            catch (Exception impossible) when (impossible is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }
        return null;
    }
}
