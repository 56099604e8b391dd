using System.Text.Json;

namespace Plumb.Tests.Platform.Kubernetes;

/// <summary>Answers that a real Kubernetes 1.33 gave.</summary>
internal static class Recordings
{
    public static IEnumerable<(string Name, JsonElement Request, JsonElement Response)> Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Find(file)));
        return [.. document.RootElement.EnumerateArray().Select(entry =>
            (entry.GetProperty("name").GetString()!, entry.GetProperty("request").Clone(), entry.GetProperty("response").Clone()))];
    }

    private static string Find(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "tests", "golden", "http", file);
            if (File.Exists(path))
            {
                return path;
            }
        }
        throw new FileNotFoundException($"tests/golden/http/{file} stands nowhere above {AppContext.BaseDirectory}.");
    }
}
