using System.Text.Json;
using Plumb.Core;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Experiments;

/// <summary>The evidence of past runs, one file a run: what a verdict can be made again from.</summary>
internal static class EvidenceFiles
{
    /// <summary>Files that are kept; the oldest goes when there are more.</summary>
    public const int Limit = 100;

    private const string Folder = "evidence";

    /// <returns>The file's path; or why it could not be written, which does not make the run's result less true.</returns>
    public static Result<string> Save(PlumbHome home, ExperimentEvidence evidence)
    {
        var folder = home.File(Folder);
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = PathOf(home, evidence.StartedAt, evidence.Experiment);
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

    /// <summary>Makes the verdict of a stored report again, from the evidence of its run.</summary>
    /// <returns>The report as it is judged now; null when it is no experiment's; the problem says why the evidence cannot be used.</returns>
    public static Result<CheckReport>? JudgeAgain(PlumbHome home, CheckReport report)
    {
        if (!report.Check.StartsWith(ExperimentJudge.CheckPrefix, StringComparison.Ordinal))
        {
            return null;
        }
        var path = PathOf(home, report.StartedAt, report.Check[ExperimentJudge.CheckPrefix.Length..]);
        try
        {
            using var stream = File.OpenRead(path);
            var evidence = JsonSerializer.Deserialize(stream, EvidenceJson.Default.ExperimentEvidence)!;
            return ExperimentJudge.Judge(evidence, report.FinishedAt).Report;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Problem($"the run's evidence cannot be read: {error.Message}", $"Plumb keeps the newest {Limit} runs in {home.File(Folder)}");
        }
    }

    private static string PathOf(PlumbHome home, DateTimeOffset startedAt, string experiment) =>
        Path.Combine(home.File(Folder), $"{startedAt.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}-{experiment}.json");
}
