using System.Text.Json;
using System.Text.Json.Serialization;
using Plumb.Platform.Storage;
using Plumb.Recorder.Saved;

namespace Plumb.Cli.Tracing;

/// <summary>Where a home keeps its recordings, and the names of the containers that are being recorded.</summary>
/// <param name="limits">How much is kept when something is saved; null where nothing is.</param>
internal sealed class RecordingPlace(string directory, RecordingLimits? limits = null)
{
    private const string NamesFile = "containers.json";

    public RecordingStore Store { get; } = new(directory, limits ?? RecordingLimits.None);

    public static RecordingPlace Of(PlumbHome home, RecordingLimits? limits = null) => new(home.File("recordings"), limits);

    /// <summary>Empty when there are none, or they cannot be read: then a recording has its container's id only.</summary>
    public IReadOnlyDictionary<string, RecordedContainer> ReadNames()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(directory, NamesFile)), NamesJson.Default.DictionaryStringRecordedContainer) ?? [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return new Dictionary<string, RecordedContainer>();
        }
    }

    public void WriteNames(IEnumerable<KeyValuePair<string, RecordedContainer>> names)
    {
        try
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = Path.Combine(directory, NamesFile);
            File.WriteAllBytes(path + ".part", JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, RecordedContainer>(names), NamesJson.Default.DictionaryStringRecordedContainer));
            File.Move(path + ".part", path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next container tries again; saving a recording tells it.
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Dictionary<string, RecordedContainer>))]
internal sealed partial class NamesJson : JsonSerializerContext;
