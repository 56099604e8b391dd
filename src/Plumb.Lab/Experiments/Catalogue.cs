namespace Plumb.Lab.Experiments;

/// <summary>The experiments that come with the lab: files in the Chaos Toolkit's format, embedded in the program.</summary>
public static class Catalogue
{
    private const string Prefix = "Plumb.Lab.Experiments.";

    /// <summary>In the order in which one would try them.</summary>
    public static readonly IReadOnlyList<string> Names = ["kill-pod", "ledger-outage"];

    /// <summary>The text of an experiment's file; null when the catalogue has none of that name.</summary>
    public static string? Text(string name)
    {
        using var stream = typeof(Catalogue).Assembly.GetManifestResourceStream($"{Prefix}{name}.yaml");
        if (stream is null)
        {
            return null;
        }
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
