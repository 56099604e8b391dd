namespace Plumb.Cli.Framework;

/// <summary>How a command answers on standard output.</summary>
internal enum OutputFormat
{
    Text,
    Json,

    /// <summary>JSON, one document a line: for what has no end, and for tools that read line by line.</summary>
    Ndjson,

    /// <summary>SARIF 2.1.0, for code scanning.</summary>
    Sarif,

    /// <summary>JUnit XML, for a pipeline's list of tests.</summary>
    Junit,
}

internal static class OutputFormats
{
    /// <summary>What every command has.</summary>
    public static readonly IReadOnlyList<OutputFormat> Usual = [OutputFormat.Text, OutputFormat.Json];

    /// <summary>What a command has whose answer is a report that a pipeline reads.</summary>
    public static readonly IReadOnlyList<OutputFormat> Report = [OutputFormat.Text, OutputFormat.Json, OutputFormat.Sarif, OutputFormat.Junit];

    /// <summary>What a command has whose answer is a list of system calls.</summary>
    public static readonly IReadOnlyList<OutputFormat> Calls = [OutputFormat.Text, OutputFormat.Json, OutputFormat.Ndjson];

    /// <summary>The word on the command line.</summary>
    public static string Word(this OutputFormat format) => format switch
    {
        OutputFormat.Text => "text",
        OutputFormat.Json => "json",
        OutputFormat.Ndjson => "ndjson",
        OutputFormat.Sarif => "sarif",
        _ => "junit",
    };

    /// <summary>text|json</summary>
    public static string Words(IEnumerable<OutputFormat> formats) => string.Join('|', formats.Select(Word));

    /// <summary>What these formats are for, in one line.</summary>
    public static string What(IReadOnlyCollection<OutputFormat> formats) =>
        formats.Contains(OutputFormat.Ndjson) ? "text, or json or ndjson (one document a line) for machines"
        : formats.Contains(OutputFormat.Sarif) ? "text, or json, sarif (code scanning) or junit (test reports) for machines" : "text, or json for machines";

    public static OutputFormat? Of(string? word) => Enum.GetValues<OutputFormat>().Where(format => format.Word() == word).Select(format => (OutputFormat?)format).FirstOrDefault();
}
