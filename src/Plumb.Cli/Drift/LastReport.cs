using System.Text.Json;
using Plumb.Core;
using Plumb.Drift;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Drift;

/// <summary>The newest run of this home, whole: the store keeps reports, and the console shows the ways out too.</summary>
internal static class LastReport
{
    private const string FileName = "drift.json";

    public static string PathIn(PlumbHome home) => home.File(FileName);

    /// <returns>Why it could not be written, which does not make the run's result less true.</returns>
    public static Problem? Save(PlumbHome home, DriftResult result)
    {
        var path = PathIn(home);
        try
        {
            Directory.CreateDirectory(home.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            // Beside it first: a reader must never see half of it.
            var unfinished = $"{path}.{Environment.ProcessId}";
            File.WriteAllText(unfinished, DriftJson.Of(result).ToJsonString(CoreJson.Readable(indented: false)));
            File.SetUnixFileMode(unfinished, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.Move(unfinished, path, overwrite: true);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the report could not be stored in {path}: {error.Message.TrimEnd('.')}", "Free some space, or check the directory's owner");
        }
    }

    /// <summary>The document as it was written; null when there was no run yet.</summary>
    public static async Task<byte[]?> ReadAsync(PlumbHome home, CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllBytesAsync(PathIn(home), cancellation);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
