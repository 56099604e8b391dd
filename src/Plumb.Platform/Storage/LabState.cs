using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plumb.Core;

namespace Plumb.Platform.Storage;

public enum LabPhase
{
    Starting,
    Ready,

    /// <summary>Something did not become ready; <see cref="LabState.Trouble"/> says what. The lab still runs, so that one can look.</summary>
    Failed,
}

/// <summary>
/// What a running lab tells other processes of the same home: one file, lab.json, readable by its owner only (the console's URL and the kubeconfig are keys).
/// </summary>
public sealed record LabState
{
    public const string FileName = "lab.json";

    /// <summary>The process that runs the lab.</summary>
    public required int Pid { get; init; }

    /// <summary>When the kernel started that process, in clock ticks since boot: a process id alone may have been given to another program.</summary>
    public required long ProcessStart { get; init; }

    public required DateTimeOffset StartedAt { get; init; }
    public required LabPhase Phase { get; init; }
    public string? Trouble { get; init; }
    public required int Nodes { get; init; }

    /// <summary>True when its objects and volumes outlive it (<c>up --keep</c>).</summary>
    public bool Kept { get; init; }
    public required string Kubeconfig { get; init; }
    public required Uri Server { get; init; }

    /// <summary>The payments system's front door, as a client outside the cluster reaches it; null while there is none.</summary>
    public Uri? Gateway { get; init; }

    /// <summary>The bearer token that the gateway wants: <c>Authorization: Bearer …</c>.</summary>
    public string? GatewayToken { get; init; }

    public Uri? Prometheus { get; init; }

    /// <summary>With its token.</summary>
    public Uri? Console { get; init; }

    /// <summary>The lab's AWS.</summary>
    public LabAws? Aws { get; init; }

    /// <summary>Name of the flight recorder that records every container; null when it is off.</summary>
    public string? Recorder { get; init; }

    /// <summary>Why it is off; null when it is on.</summary>
    public string? RecorderOff { get; init; }

    /// <summary>What this machine cannot enforce in the pods, in words; empty when everything is real.</summary>
    public IReadOnlyList<string> NotEnforced { get; init; } = [];

    /// <summary>True while the process that wrote the file still runs.</summary>
    [JsonIgnore]
    public bool IsAlive => StartOf(Pid) == ProcessStart;

    /// <summary>Start time of a process in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)); null when there is no such process.</summary>
    public static long? StartOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
            // The name in parentheses may hold spaces; what follows the last one does not.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The lab of this home; null when none runs (a file that a dead process left counts as none).</summary>
    public static Result<LabState>? Running(PlumbHome home)
    {
        var read = Read(home);
        return read is { IsOk: true, Value.IsAlive: false } ? null : read;
    }

    /// <summary>What stands in the file, whether its process runs or not; null when there is no file.</summary>
    public static Result<LabState>? Read(PlumbHome home)
    {
        var path = home.File(FileName);
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), LabStateJson.Default.LabState)!;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception broken) when (broken is JsonException or IOException or UnauthorizedAccessException or NullReferenceException)
        {
            return new Problem($"the lab's state file {path} cannot be read: {broken.Message}", "Run as the user who started the lab, or delete the file when no lab runs");
        }
    }

    /// <summary>Replaces the file at once and whole: a reader sees the old state or the new one.</summary>
    public void Write(PlumbHome home)
    {
        Directory.CreateDirectory(home.Path);
        var temporary = home.File($"{FileName}.{Pid.ToString(CultureInfo.InvariantCulture)}.tmp");
        using (var stream = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            JsonSerializer.Serialize(stream, this, LabStateJson.Default.LabState);
        }
        File.Move(temporary, home.File(FileName), overwrite: true);
    }

    public static void Clear(PlumbHome home) => File.Delete(home.File(FileName));
}

/// <summary>How the lab's AWS is reached; the key is worth nothing anywhere else.</summary>
/// <param name="States">The directory with the Terraform states of what the lab has there.</param>
public sealed record LabAws(Uri Endpoint, string Region, string AccessKeyId, string SecretAccessKey, string States)
{
    public override string ToString() => $"{Endpoint} ({Region})";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(LabState))]
internal sealed partial class LabStateJson : JsonSerializerContext;
