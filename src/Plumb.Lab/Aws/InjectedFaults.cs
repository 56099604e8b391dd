using System.Text.Json;
using System.Text.Json.Serialization;

namespace Plumb.Lab.Aws;

/// <summary>One thing that goes wrong at the stand-in, as a file of the folder <c>faults</c>.</summary>
/// <param name="Kind"><c>throttle</c>, <c>denied</c>, <c>error</c> (500), <c>hang</c>, <c>cut</c> (the answer breaks off), <c>pages</c> (pages of <paramref name="Size"/>).</param>
/// <param name="Service">The signing name, for instance <c>ec2</c>; null: every one.</param>
/// <param name="Operation">Null: every one.</param>
/// <param name="After">So many matching requests are served before it begins.</param>
/// <param name="Times">So many are hit; null: all.</param>
/// <param name="User">Only requests of this user; null: everybody's.</param>
internal sealed record InjectedFault(string Kind, string? Service = null, string? Operation = null, int After = 0, int? Times = null, int? Size = null, string? User = null)
{
    public static readonly IReadOnlyList<string> Kinds = ["throttle", "denied", "error", "hang", "cut", "pages"];

    public bool Matches(ApiRequest request, string operation) =>
        (Service is null || Service == request.Service) && (Operation is null || Operation == operation) && (User is null || User == request.User.Name);
}

/// <summary>
/// The folder of faults. Whoever puts a file there breaks something, whoever takes it away repairs it; so a fault that a scene set survives
/// the scene's process, and the lab's.
/// </summary>
internal sealed class InjectedFaults(string directory)
{
    private const int MostFiles = 100;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _seen = new(StringComparer.Ordinal);

    /// <summary>The faults that hit this request, each counted as having met it.</summary>
    /// <exception cref="InvalidDataException">A file of the folder is no fault.</exception>
    public IReadOnlyList<InjectedFault> Hits(ApiRequest request, string operation)
    {
        if (!Directory.Exists(directory))
        {
            return [];
        }
        var hits = new List<InjectedFault>();
        lock (_lock)
        {
            var files = Directory.EnumerateFiles(directory, "*.json").Take(MostFiles).Order(StringComparer.Ordinal).ToList();
            foreach (var gone in _seen.Keys.Except(files).ToList())
            {
                _seen.Remove(gone);
            }
            foreach (var file in files)
            {
                if (Read(file) is not { } fault || !fault.Matches(request, operation))
                {
                    continue;
                }
                var before = _seen.GetValueOrDefault(file);
                _seen[file] = before + 1;
                if (before >= fault.After && before - fault.After < (fault.Times ?? int.MaxValue))
                {
                    hits.Add(fault);
                }
            }
        }
        return hits;
    }

    public static string Write(InjectedFault fault) => JsonSerializer.Serialize(fault, FaultJson.Default.InjectedFault);

    private static InjectedFault? Read(string file)
    {
        try
        {
            var fault = JsonSerializer.Deserialize(File.ReadAllBytes(file), FaultJson.Default.InjectedFault)!;
            return InjectedFault.Kinds.Contains(fault.Kind) ? fault : throw new InvalidDataException($"{file}: kind is '{fault.Kind}'; there are {string.Join(", ", InjectedFault.Kinds)}");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{file} is no fault: {error.Message}", error);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InjectedFault))]
internal sealed partial class FaultJson : JsonSerializerContext;
