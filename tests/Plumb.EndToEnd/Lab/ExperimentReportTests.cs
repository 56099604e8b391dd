using System.Text.Json.Nodes;
using System.Xml.Linq;
using Plumb.EndToEnd.CommandLine;

namespace Plumb.EndToEnd.Lab;

/// <summary>A real run on the lab, as a pipeline reads it.</summary>
public sealed class ExperimentReportTests(LabOfTheProgram lab)
{
    [Fact]
    public async Task A_run_is_a_report_that_the_published_schemas_accept_and_a_plan_is_none()
    {
        await lab.StateAsync();
        var junit = await lab.ShellAsync("./plumb experiment run kill-pod -o junit");
        Assert.True(junit.ExitCode is 0 or 1, junit.Error);
        Assert.Empty(await JunitValidator.ErrorsAsync(junit.Output));
        var suite = XDocument.Parse(junit.Output).Root!.Element("testsuite")!;
        Assert.Equal("plumb experiment kill-pod", (string?)suite.Attribute("name"));
        Assert.Equal(junit.ExitCode == 0, (int)suite.Attribute("failures")! == 0);

        var sarif = await lab.ShellAsync("./plumb experiment run kill-pod -o sarif");
        Assert.Empty(await SarifValidator.ErrorsAsync(sarif.Output));
        Assert.Equal(sarif.ExitCode, (int)JsonNode.Parse(sarif.Output)!["runs"]![0]!["invocations"]![0]!["exitCode"]!);

        var plan = await lab.ShellAsync("./plumb experiment run kill-pod --dry-run -o sarif");
        Assert.Equal((2, ""), (plan.ExitCode, plan.Output));
        Assert.Contains("a plan that nobody runs has none", plan.Error, StringComparison.Ordinal);
    }
}
