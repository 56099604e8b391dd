using System.Globalization;

namespace Plumb.Recorder.Decoding;

/// <summary>The tables that stand in files beside this one.</summary>
internal static class Tables
{
    public static IEnumerable<string> Lines(string name)
    {
        using var reader = new StreamReader(typeof(Tables).Assembly.GetManifestResourceStream($"Plumb.Recorder.{name}")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => line[0] != '#').ToArray();
    }

    public static Dictionary<int, string> Numbered(string name) =>
        Lines(name).Select(line => line.Split(' ')).ToDictionary(parts => int.Parse(parts[0], CultureInfo.InvariantCulture), parts => parts[1]);
}
