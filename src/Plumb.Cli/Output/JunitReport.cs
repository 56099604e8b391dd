using System.Globalization;
using System.Text;
using System.Xml;
using Plumb.Core;

namespace Plumb.Cli.Output;

/// <summary>
/// A report as JUnit XML, as Jenkins, GitLab and GitHub's reporters read it: the verdict is a test, and each finding is one. There is no skipped test:
/// pipelines show those as harmless, and a check that could not judge is not harmless.
/// </summary>
internal static class JunitReport
{
    public static string Of(CheckReport report)
    {
        var verdictFails = report.Outcome == Outcome.Fail;
        var failures = report.Findings.Count(finding => Fails(report, finding)) + (verdictFails ? 1 : 0);
        var errors = report.Outcome is Outcome.Error or Outcome.Inconclusive ? 1 : 0;
        var xml = new StringBuilder();
        using (var writer = XmlWriter.Create(xml, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true, NewLineChars = "\n" }))
        {
            writer.WriteStartElement("testsuites");
            writer.WriteStartElement("testsuite");
            writer.WriteAttributeString("name", $"plumb {report.Check}");
            writer.WriteAttributeString("tests", Number(report.Findings.Count + 1));
            writer.WriteAttributeString("failures", Number(failures));
            writer.WriteAttributeString("errors", Number(errors));
            writer.WriteAttributeString("skipped", "0");
            writer.WriteAttributeString("time", Seconds(report));
            writer.WriteAttributeString("timestamp", report.StartedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
            WriteProperties(writer, report);
            WriteVerdict(writer, report);
            foreach (var finding in report.Findings)
            {
                WriteFinding(writer, report, finding);
            }
            writer.WriteEndElement();
            writer.WriteEndElement();
        }
        return $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{xml}";
    }

    /// <summary>On a pass nothing failed, whatever was noticed on the way.</summary>
    private static bool Fails(CheckReport report, Finding finding) => report.Outcome != Outcome.Pass && finding.Severity > Severity.Info;

    private static void WriteProperties(XmlWriter writer, CheckReport report)
    {
        writer.WriteStartElement("properties");
        foreach (var (name, value) in report.BlindSpots.Select(text => ("blindSpot", text)).Append(("decision", report.Decision)).Append(("outcome", report.Outcome.Word())))
        {
            writer.WriteStartElement("property");
            writer.WriteAttributeString("name", name);
            writer.WriteAttributeString("value", Legal(value));
            writer.WriteEndElement();
        }
        writer.WriteEndElement();
    }

    private static void WriteVerdict(XmlWriter writer, CheckReport report)
    {
        Start(writer, report, "verdict", "verdict", Seconds(report));
        if (report.Outcome != Outcome.Pass)
        {
            writer.WriteStartElement(report.Outcome == Outcome.Fail ? "failure" : "error");
            writer.WriteAttributeString("type", report.Outcome.Word());
            writer.WriteAttributeString("message", Legal(report.Summary));
            writer.WriteString(Legal($"{report.Summary}\n\nFor you to decide: {report.Decision}"));
            writer.WriteEndElement();
        }
        else
        {
            writer.WriteElementString("system-out", Legal(report.Summary));
        }
        writer.WriteEndElement();
    }

    private static void WriteFinding(XmlWriter writer, CheckReport report, Finding finding)
    {
        Start(writer, report, finding.Kind, Legal($"{finding.Subject} ({finding.Id})"), "0");
        var lines = finding.Evidence.Select(evidence => ReportText.Line(evidence)).Prepend(finding.Summary);
        if (Fails(report, finding))
        {
            writer.WriteStartElement("failure");
            writer.WriteAttributeString("type", $"{finding.Kind}, {ReportText.SeverityWord(finding.Severity)}");
            writer.WriteAttributeString("message", Legal(finding.Summary));
            writer.WriteString(Legal(string.Join('\n', lines)));
            writer.WriteEndElement();
        }
        else
        {
            writer.WriteElementString("system-out", Legal(string.Join('\n', lines)));
        }
        writer.WriteEndElement();
    }

    private static void Start(XmlWriter writer, CheckReport report, string kind, string name, string seconds)
    {
        writer.WriteStartElement("testcase");
        writer.WriteAttributeString("classname", Legal($"plumb.{report.Check}.{kind}"));
        writer.WriteAttributeString("name", name);
        writer.WriteAttributeString("time", seconds);
    }

    private static string Seconds(CheckReport report) => (report.FinishedAt - report.StartedAt).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>XML has no way to write a control character; it shows as U+FFFD.</summary>
    private static string Legal(string text)
    {
        if (text.All(XmlConvert.IsXmlChar))
        {
            return text;
        }
        var legal = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            legal.Append(rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString());
        }
        return legal.ToString();
    }
}
