using System.Text.Json;
using Plumb.Core;
using Plumb.Experiments.Measuring;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Experiments;

/// <summary>The evidence of past runs, one file a run: what a verdict can be made again from.</summary>
internal static class EvidenceFiles
{
    /// <summary>Files that are kept; the oldest goes when there are more.</summary>
    public const int Limit = 100;

    /// <returns>The file's path; or why it could not be written, which does not make the run's result less true.</returns>
    public static Result<string> Save(PlumbHome home, ExperimentEvidence evidence)
    {
        var folder = home.File("evidence");
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = Path.Combine(folder, $"{evidence.StartedAt.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}-{evidence.Experiment}.json");
            using (var stream = File.Create(path))
            {
                JsonSerializer.Serialize(stream, evidence, EvidenceJson.Default.ExperimentEvidence);
            }
            foreach (var old in Directory.EnumerateFiles(folder, "*.json").OrderDescending(StringComparer.Ordinal).Skip(Limit).ToArray())
            {
                File.Delete(old);
            }
            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the evidence of this run could not be stored in {folder}: {error.Message}", "Free some space, or check the directory's owner");
        }
    }
}
