using System.Text.Json;

namespace Plumb.Tests.Platform.Kubernetes;

/// <summary>Answers that a real Kubernetes 1.33 gave.</summary>
internal static class Recordings
{
    public static IEnumerable<(string Name, JsonElement Request, JsonElement Response)> Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Repository.PathOf($"tests/golden/http/{file}")));
        return [.. document.RootElement.EnumerateArray().Select(entry =>
            (entry.GetProperty("name").GetString()!, entry.GetProperty("request").Clone(), entry.GetProperty("response").Clone()))];
    }
}
