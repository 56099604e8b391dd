using System.Text;

namespace Plumb.Cli.Output;

/// <summary>One cell; a plain string is one too.</summary>
internal readonly record struct Cell(string Text, Style? Style = null)
{
    public static implicit operator Cell(string text) => new(text);

    public int Width => Text.EnumerateRunes().Count();
}

/// <summary>
/// Aligned columns without borders, as kubectl prints them. On a terminal that is too narrow the widest columns are shortened with an ellipsis; in a
/// pipe nothing is.
/// </summary>
internal sealed class Table(params string[] headers)
{
    private const int Gap = 3;
    private const int NarrowestColumn = 6;

    private readonly List<Cell[]> _rows = [];

    public Table Row(params Cell[] cells)
    {
        if (cells.Length != headers.Length)
        {
            throw new ArgumentException($"The table has {headers.Length} columns, the row {cells.Length}.", nameof(cells));
        }
        // A line break inside a cell would tear the table apart.
        _rows.Add([.. cells.Select(cell => cell with { Text = cell.Text.ReplaceLineEndings(" ") })]);
        return this;
    }

    public void Write(Terminal terminal)
    {
        var widths = Widths(terminal.Width);
        terminal.Line(Join(terminal, [.. headers.Select(header => new Cell(header, Style.Strong))], widths));
        foreach (var row in _rows)
        {
            terminal.Line(Join(terminal, row, widths));
        }
    }

    private int[] Widths(int available)
    {
        var widths = headers.Select((header, i) => Math.Max(header.Length, _rows.Select(row => row[i].Width).DefaultIfEmpty().Max())).ToArray();
        var gaps = Gap * (headers.Length - 1);
        while (widths.Sum() > available - gaps && widths.Max() > NarrowestColumn)
        {
            widths[Array.IndexOf(widths, widths.Max())]--;
        }
        return widths;
    }

    private static string Join(Terminal terminal, Cell[] cells, int[] widths)
    {
        var line = new StringBuilder();
        for (var i = 0; i < cells.Length; i++)
        {
            var text = Shorten(cells[i].Text, widths[i]);
            line.Append(cells[i].Style is { } style ? terminal.Paint(text, style) : text);
            if (i < cells.Length - 1)
            {
                line.Append(' ', widths[i] - new Cell(text).Width + Gap);
            }
        }
        return line.ToString().TrimEnd();
    }

    private static string Shorten(string text, int width)
    {
        var runes = text.EnumerateRunes().ToArray();
        return runes.Length <= width ? text : string.Concat(runes.Take(width - 1).Select(rune => rune.ToString())) + "…";
    }
}
