using Plumb.Core;
using Plumb.Platform.Configuration;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Configuration;

/// <summary>The lab's settings.</summary>
/// <param name="Nodes">How many nodes <c>plumb up</c> makes.</param>
internal sealed record LabSettings(int Nodes)
{
    public const int MostNodes = 20;

    public static LabSettings Read(ConfigSection section) => new(section.Whole("nodes", 3, 1, MostNodes));
}

/// <summary>The web console's settings.</summary>
/// <param name="Port">The port on the loopback address; null: 7585, or a free one when that is taken.</param>
internal sealed record ConsoleSettings(int? Port)
{
    private const int Unset = -1;

    public static ConsoleSettings Read(ConfigSection section) =>
        new(section.Whole("port", Unset, 0, 65535) is >= 0 and var port ? port : null);
}

/// <summary>The flight recorder's settings.</summary>
/// <param name="Enabled">Whether <c>plumb up</c> records; <c>plumb trace node</c> does nothing else, and always does.</param>
/// <param name="Limits">How many recordings are kept.</param>
internal sealed record RecorderSettings(bool Enabled, RecordingLimits Limits)
{
    private const int MostRecordings = 10_000;

    /// <summary>One recording always fits.</summary>
    private const long LeastBytes = 2L << 20;
    private const long MostBytes = 1L << 40;

    public static RecorderSettings Read(ConfigSection section)
    {
        var usual = new RecordingLimits();
        return new(section.Flag("enabled", true), new RecordingLimits(
            section.Whole("keep", usual.Recordings, 1, MostRecordings), section.Bytes("size", usual.Bytes, LeastBytes, MostBytes), section.Whole("perContainer", usual.PerContainer, 1, MostRecordings)));
    }
}

/// <summary>plumb.yaml, read and validated. An option on the command line goes before it.</summary>
/// <param name="Source">The file that it comes from; null when there is none and everything is a default.</param>
internal sealed record PlumbConfiguration(string? Source, LabSettings Lab, ConsoleSettings Console, RecorderSettings Recorder)
{
    public const string FileName = "plumb.yaml";

    /// <summary>The configuration in effect here; the problem lists every error with its place.</summary>
    public static Result<PlumbConfiguration> OfProcess() => Load(Environment.GetEnvironmentVariable("PLUMB_CONFIG"), Environment.CurrentDirectory);

    /// <summary>The file of PLUMB_CONFIG, which must exist; else plumb.yaml in the working directory, if there is one; else the defaults.</summary>
    /// <param name="named">The value of PLUMB_CONFIG; null or empty when it is not set.</param>
    public static Result<PlumbConfiguration> Load(string? named, string workingDirectory)
    {
        var path = string.IsNullOrEmpty(named) ? Path.Combine(workingDirectory, FileName) : Path.GetFullPath(named, workingDirectory);
        if (string.IsNullOrEmpty(named) && !File.Exists(path))
        {
            return ConfigFile.Parse(FileName, "", section => Read(section, null)).Value!;
        }
        var (configuration, errors) = ConfigFile.Load(path, section => Read(section, path));
        return configuration is not null
            ? configuration
            : new Problem($"the configuration has {errors.Count} error{(errors.Count == 1 ? "" : "s")}:\n{string.Join('\n', errors.Select(error => $"  {error}"))}");
    }

    public static PlumbConfiguration Read(ConfigSection root, string? source) =>
        new(source, LabSettings.Read(root.Section("lab")), ConsoleSettings.Read(root.Section("console")), RecorderSettings.Read(root.Section("recorder")));
}
