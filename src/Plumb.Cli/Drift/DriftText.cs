using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Drift;

namespace Plumb.Cli.Drift;

/// <summary>A run for a person: verdict, each difference with what it opens, who did it and both ways out, what was read, what was not.</summary>
internal sealed class DriftText(Terminal terminal, bool explain)
{
    /// <summary>Findings shown in full; of more the rest is one line each, and JSON has everything.</summary>
    private const int MostInFull = 50;

    public void Write(DriftResult result)
    {
        var report = result.Report;
        terminal.Flow($"{report.Check}: {report.Summary}", terminal.Paint(report.Outcome.Word(), Style.Of(report.Outcome)) + "  ", report.Outcome.Word().Length + 2, 6);
        foreach (var (finding, number) in result.Findings.Select((finding, index) => (finding, index)))
        {
            if (number < MostInFull)
            {
                terminal.Line();
                Write(finding);
            }
            else
            {
                Headline(finding);
            }
        }
        WriteIgnored(result);
        if (result.Coverage.Account.Length > 0)
        {
            WriteCoverage(result.Coverage);
        }
        ReportText.WriteEnd(terminal, report);
    }

    private void Headline(DriftFinding found)
    {
        var finding = found.Finding;
        var word = ReportText.SeverityWord(finding.Severity);
        terminal.Flow($"{finding.Subject.Scope} {finding.Subject.Name.Split(' ')[0]}: {finding.Summary} ({finding.Kind}, {finding.Id})", terminal.Paint(word, Style.Of(finding.Severity)) + "  ", word.Length + 2, 4);
    }

    private void Write(DriftFinding found)
    {
        Headline(found);
        Labelled("in the state", found.Origins.Count == 0 ? "nowhere" : string.Join("; ", found.Origins.Take(5)) + (found.Origins.Count > 5 ? $" and {found.Origins.Count - 5} more" : ""));
        if (found.By is { } by)
        {
            Labelled("by", by.ToString());
        }
        foreach (var way in found.WaysOut)
        {
            terminal.Line($"    {way.Title}{(way.Command is null && way.Hcl is null ? "" : ":")}");
            foreach (var line in $"{way.Command}\n{way.Hcl}".Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                terminal.Line($"        {terminal.Paint(line, Style.Strong)}");
            }
        }
        if (explain)
        {
            terminal.Line("    How the verdict came:");
            foreach (var step in found.Steps)
            {
                terminal.Flow(step, "      - ", 8, 8);
            }
            foreach (var exposure in found.Opens.Concat(found.Closes))
            {
                terminal.Flow(exposure.Text, "      = ", 8, 8);
            }
        }
    }

    private void WriteIgnored(DriftResult result)
    {
        if (result.Ignored.Count > 0)
        {
            terminal.Line();
            terminal.Line(terminal.Paint($"Ignored by {result.IgnoreFile}", Style.Strong));
            foreach (var ignored in result.Ignored)
            {
                terminal.Line($"  line {ignored.Line}: {ignored.Finding.Finding.Kind}: {ignored.Finding.Finding.Subject.Name}");
            }
        }
        foreach (var line in result.ExpiredLines)
        {
            terminal.Line($"  {result.IgnoreFile}:{line}: its date is past, so it covers nothing any more");
        }
    }

    private void WriteCoverage(DriftCoverage coverage)
    {
        terminal.Line();
        terminal.Line(terminal.Paint("What was read", Style.Strong));
        foreach (var state in coverage.States)
        {
            terminal.Flow($"{state.Name}: {Human.Bytes(state.Bytes)}, serial {state.Serial}, Terraform {state.TerraformVersion ?? "unknown"}; {state.Judged} of {state.Resources} managed resources are of a type that is judged; {state.DataSources} data sources are nobody's", "  - ", 4, 4);
        }
        terminal.Line($"  - account {coverage.Account}, {(coverage.Regions.Count == 1 ? "region" : "regions")} {string.Join(", ", coverage.Regions)}, with {coverage.Calls} calls to AWS");
        foreach (var line in coverage.Read)
        {
            terminal.Flow(line, "  - ", 4, 4);
        }
    }

    private void Labelled(string label, string text) => terminal.Flow($"{label}: {text}", "    ", 4, 6);
}
