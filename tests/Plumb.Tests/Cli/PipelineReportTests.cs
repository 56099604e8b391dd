using System.Text.Json.Nodes;
using System.Xml.Linq;
using Plumb.Cli.Output;
using Plumb.Core;
using Xunit;
using Outcome = Plumb.Core.Outcome;

namespace Plumb.Tests.Cli;

public sealed class PipelineReportTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_finding_is_a_result_with_its_rule_its_level_its_fingerprint_and_its_line()
    {
        var run = Run(Report(Outcome.Fail, Finding("left-open", Severity.Critical, "sg-1", new FilePlace("states/prod network.tfstate", 12, 4)), Finding("gone", Severity.Info, "sg-2"), Finding("left-open", Severity.Warning, "sg-3")));
        var rules = run["tool"]!["driver"]!["rules"]!.AsArray();
        Assert.Equal(["drift/left-open", "drift/gone"], rules.Select(rule => rule!["id"]!.GetValue<string>()));
        Assert.Equal("error", rules[0]!["defaultConfiguration"]!["level"]!.GetValue<string>());

        var results = run["results"]!.AsArray();
        Assert.Equal(["error", "note", "warning"], results.Select(result => result!["level"]!.GetValue<string>()));
        Assert.All(results, result => Assert.Equal(rules[result!["ruleIndex"]!.GetValue<int>()]!["id"]!.GetValue<string>(), result["ruleId"]!.GetValue<string>()));
        Assert.Equal(Plumb.Core.Finding.Fingerprint("drift", "left-open", new Subject("SecurityGroup", "sg-1", "eu-west-1")), results[0]!["partialFingerprints"]!["plumbFinding/v1"]!.GetValue<string>());

        var place = results[0]!["locations"]![0]!["physicalLocation"]!;
        Assert.Equal("states/prod%20network.tfstate", place["artifactLocation"]!["uri"]!.GetValue<string>());
        Assert.Equal((12, 4), (place["region"]!["startLine"]!.GetValue<int>(), place["region"]!["startColumn"]!.GetValue<int>()));
        Assert.Null(results[1]!["locations"]![0]!["physicalLocation"]);
        Assert.Equal("eu-west-1/sg-2", results[1]!["locations"]![0]!["logicalLocations"]![0]!["fullyQualifiedName"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(Outcome.Inconclusive, 3)]
    [InlineData(Outcome.Error, 2)]
    public void A_check_that_could_not_judge_is_no_empty_list_of_results(Outcome outcome, int exitCode)
    {
        var run = Run(Report(outcome));
        var result = Assert.Single(run["results"]!.AsArray());
        Assert.Equal(("open", "none"), (result!["kind"]!.GetValue<string>(), result["level"]!.GetValue<string>()));
        var invocation = run["invocations"]![0]!;
        Assert.False(invocation["executionSuccessful"]!.GetValue<bool>());
        Assert.Equal(exitCode, invocation["exitCode"]!.GetValue<int>());

        var suite = Suite(Report(outcome));
        Assert.Equal(("1", "0", "1", "0"), Counts(suite));
        Assert.Equal(outcome.Word(), suite.Descendants("error").Single().Attribute("type")!.Value);
    }

    [Fact]
    public void A_pass_has_no_result_and_no_failed_test_though_something_was_noticed()
    {
        Assert.Empty(Run(Report(Outcome.Pass))["results"]!.AsArray());
        var suite = Suite(Report(Outcome.Pass, Finding("noticed", Severity.Warning, "sg-1")));
        Assert.Equal(("2", "0", "0", "0"), Counts(suite));
        Assert.Empty(suite.Descendants("failure"));
    }

    [Fact]
    public void A_failed_check_is_a_failed_test_beside_those_of_its_findings()
    {
        var suite = Suite(Report(Outcome.Fail, Finding("left-open", Severity.Critical, "sg-1"), Finding("noticed", Severity.Info, "sg-2")));
        Assert.Equal(("3", "2", "0", "0"), Counts(suite));
        Assert.Equal(["plumb.drift.verdict", "plumb.drift.left-open", "plumb.drift.noticed"], suite.Elements("testcase").Select(test => test.Attribute("classname")!.Value));
        Assert.Equal("2.500", suite.Attribute("time")!.Value);
        Assert.Equal("keep or revoke?", suite.Descendants("property").Single(property => property.Attribute("name")!.Value == "decision").Attribute("value")!.Value);
    }

    [Fact]
    public void A_text_that_xml_cannot_hold_is_shown_and_does_not_break_the_file()
    {
        var report = Report(Outcome.Fail, Plumb.Core.Finding.Of("drift", "odd", Severity.Warning, new Subject("SecurityGroup", "sg\u0000<&>\ud800"), "a bell\u0007 and 😀"));
        Assert.Equal("a bell\uFFFD and 😀", Suite(report).Descendants("failure").Last().Attribute("message")!.Value);
    }

    private static Finding Finding(string kind, Severity severity, string name, FilePlace? place = null) =>
        Plumb.Core.Finding.Of("drift", kind, severity, new Subject("SecurityGroup", name, "eu-west-1"), $"about {name}", new Evidence("rule", "22/tcp", "ec2", Noon, Place: place));

    private static CheckReport Report(Outcome outcome, params Finding[] findings) =>
        new("drift", outcome, "what came of it", Noon, Noon.AddSeconds(2.5), findings, ["other regions"], "keep or revoke?");

    private static JsonNode Run(CheckReport report) => JsonNode.Parse(SarifReport.Of(report).ToJsonString())!["runs"]![0]!;

    private static XElement Suite(CheckReport report) => XDocument.Parse(JunitReport.Of(report)).Root!.Element("testsuite")!;

    private static (string Tests, string Failures, string Errors, string Skipped) Counts(XElement suite) =>
        (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("errors")!.Value, suite.Attribute("skipped")!.Value);
}
