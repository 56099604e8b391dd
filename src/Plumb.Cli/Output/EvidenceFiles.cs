using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Plumb.Core;
using Plumb.Cost.Judging;
using Plumb.Drift;
using Plumb.Experiments.Judging;
using Plumb.Experiments.Measuring;
using Plumb.Platform.Storage;

namespace Plumb.Cli.Output;

/// <summary>The evidence of past runs, one file a run: what a verdict can be made again from.</summary>
internal static class EvidenceFiles
{
    /// <summary>Files that are kept; the oldest goes when there are more.</summary>
    public const int Limit = 100;

    private const string Folder = "evidence";
    private const string Logs = "logs ";

    /// <returns>The file's path; or why it could not be written, which does not make the run's result less true.</returns>
    public static Result<string> Save(PlumbHome home, ExperimentEvidence evidence) => Save(home, evidence.StartedAt, evidence.Experiment, evidence, EvidenceJson.Default.ExperimentEvidence);

    /// <inheritdoc cref="Save(PlumbHome, ExperimentEvidence)"/>
    public static Result<string> Save(PlumbHome home, CostEvidence evidence) => Save(home, evidence.StartedAt, CostJudge.Check, evidence, CostEvidenceJson.Default.CostEvidence);

    /// <summary>Makes the verdict of a stored report again, from the evidence of its run.</summary>
    /// <returns>The report as it is judged now; null for a check of which nothing is known here; the problem says why the evidence cannot be used, or why none is kept.</returns>
    public static Result<CheckReport>? JudgeAgain(PlumbHome home, CheckReport report) => report.Check switch
    {
        CostJudge.Check => Load(home, report.StartedAt, report.Check, CostEvidenceJson.Default.CostEvidence) is { IsOk: true } cost ? cost.Value.Judge().Report
            : new Problem($"the bill of that run is not kept, or cannot be read: Plumb keeps the newest {Limit} runs, and of a bill at most {CostEvidence.MaxAmounts} amounts", "Run 'plumb cost' again over the same bill"),
        DriftCheck.Name => new Problem("what AWS answered is not kept: a state may hold what must not be copied", "Run 'plumb drift' again; with --explain it tells each step"),
        _ when report.Check.StartsWith(Logs, StringComparison.Ordinal) => new Problem("logs are their own evidence and are not copied", $"Run 'plumb {report.Check}' again over the same logs"),
        _ when report.Check.StartsWith(ExperimentJudge.CheckPrefix, StringComparison.Ordinal) =>
            Load(home, report.StartedAt, report.Check[ExperimentJudge.CheckPrefix.Length..], EvidenceJson.Default.ExperimentEvidence) is var run && run.IsOk ? ExperimentJudge.Judge(run.Value, report.FinishedAt).Report : run.Problem,
        _ => null,
    };

    private static Result<string> Save<T>(PlumbHome home, DateTimeOffset startedAt, string name, T evidence, JsonTypeInfo<T> type)
    {
        var folder = home.File(Folder);
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = PathOf(home, startedAt, name);
            using (var stream = File.Create(path))
            {
                JsonSerializer.Serialize(stream, evidence, type);
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

    private static Result<T> Load<T>(PlumbHome home, DateTimeOffset startedAt, string name, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            using var stream = File.OpenRead(PathOf(home, startedAt, name));
            return JsonSerializer.Deserialize(stream, type)!;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Problem($"the run's evidence cannot be read: {error.Message}", $"Plumb keeps the newest {Limit} runs in {home.File(Folder)}");
        }
    }

    private static string PathOf(PlumbHome home, DateTimeOffset startedAt, string name) =>
        Path.Combine(home.File(Folder), $"{startedAt.UtcDateTime:yyyyMMdd'T'HHmmss.fff'Z'}-{name}.json");
}
