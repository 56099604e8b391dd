#pragma warning disable RS0030 // This is the one file that touches System.Console.
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Plumb.Core;

namespace Plumb.Cli.Output;

/// <summary>
/// Where the program writes: data to standard output, progress and problems to standard error. Colour only on a terminal, and never with NO_COLOR
/// (https://no-color.org).
/// </summary>
internal sealed class Terminal(TextWriter output, TextWriter error, bool outputIsTerminal, bool errorIsTerminal, Func<int> width, bool colour)
{
    /// <summary>Columns when nobody can say how many there are.</summary>
    public const int UsualWidth = 100;

    private const int NarrowestWidth = 20;

    public TextWriter Out { get; } = output;

    public TextWriter Error { get; } = error;

    public bool OutputIsTerminal { get; } = outputIsTerminal;

    public bool ErrorIsTerminal { get; } = errorIsTerminal;

    /// <summary>Columns of the terminal; <see cref="int.MaxValue"/> when the output goes to a file or a pipe, where nothing should be cut.</summary>
    public int Width => OutputIsTerminal ? Math.Max(NarrowestWidth, width()) : int.MaxValue;

    /// <summary>Columns for flowing text.</summary>
    public int TextWidth => Math.Min(Width, UsualWidth);

    /// <summary>Columns of the terminal that progress goes to.</summary>
    public int ErrorWidth => Math.Max(NarrowestWidth, width());

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess()
    {
        var colour = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(Writer(Console.OpenStandardOutput()), Writer(Console.OpenStandardError()),
            !Console.IsOutputRedirected, !Console.IsErrorRedirected, WindowWidth, colour);
    }

    /// <summary>The text in that style where standard output may have colour, else unchanged.</summary>
    public string Paint(string text, Style style) => OutputIsTerminal && colour ? style.Around(text) : text;

    public void Line(string text = "") => Out.WriteLine(text);

    /// <summary>Flowing text: broken between words at <see cref="TextWidth"/>, the following lines indented; a word is never cut.</summary>
    /// <param name="lead">What the first line begins with; it may be coloured, so its width is given.</param>
    public void Flow(string text, string lead, int leadWidth, int indent)
    {
        var (line, column) = (new StringBuilder(lead), leadWidth);
        var empty = true;
        foreach (var word in text.Split(' '))
        {
            if (!empty && column + 1 + word.Length > TextWidth)
            {
                Out.WriteLine(line.ToString());
                line.Clear().Append(' ', indent);
                (column, empty) = (indent, true);
            }
            line.Append(empty ? "" : " ").Append(word);
            column += word.Length + (empty ? 0 : 1);
            empty = false;
        }
        Out.WriteLine(line.ToString());
    }

    /// <summary>One document on standard output.</summary>
    public void Json<T>(T value, JsonTypeInfo<T> type) => Out.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>What happened and what to do next, on standard error.</summary>
    public void Problem(Problem problem)
    {
        var word = ErrorIsTerminal && colour ? Style.Bad.Around("plumb:") : "plumb:";
        Error.WriteLine($"{word} {problem}");
    }

    public static Stream StandardInput() => Console.OpenStandardInput();

    private static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    private static int WindowWidth()
    {
        try
        {
            return Console.WindowWidth is > 0 and var columns ? columns : UsualWidth;
        }
        catch (IOException)
        {
            // A terminal that cannot be asked for its size.
            return UsualWidth;
        }
    }
}
