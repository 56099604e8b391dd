using System.Text.Json;
using Plumb.Core;
using Plumb.Logs;

namespace Plumb.Cli.Logs;

/// <summary>The lines that were given to a request, for whoever wants to check them.</summary>
internal static class AdoptedFile
{
    /// <returns>Why it cannot be written; null when it is.</returns>
    public static Problem? Write(string path, IEnumerable<AdoptedLine> lines)
    {
        try
        {
            using var file = new StreamWriter(path);
            foreach (var line in lines)
            {
                file.WriteLine(JsonSerializer.Serialize(line, LogsJson.Plain.AdoptedLine));
            }
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"'{path}' cannot be written: {error.Message}", "Name another file with --adopted");
        }
    }
}
