using System.Text.Json.Nodes;
using Xunit;

namespace Plumb.EndToEnd.Scenes;

/// <summary>The lab's bill through Cost Explorer's API: healthy it passes, and each cost scene is found under the service that it is billed under.</summary>
[Collection<SceneLabCollection>]
public sealed class CostSceneTests(SceneLab lab)
{
    [Theory]
    [InlineData("cost-spike", "Amazon Elastic Compute Cloud - Compute", "BoxUsage:m6i.4xlarge")]
    [InlineData("new-service", "Amazon SageMaker", "APS2-Train:ml.g5.2xlarge")]
    public async Task A_cost_that_was_not_there_last_week_is_found_with_what_it_is_made_of(string scene, string service, string usageType)
    {
        var broken = await lab.BreakCheckRepairAsync(scene, "cost", "--from", "aws", "-o", "json");
        Assert.Equal(1, broken.ExitCode);
        var finding = Assert.Single(JsonNode.Parse(broken.Output)!["findings"]!.AsArray(), each => (string)each!["subject"]!["name"]! == service)!;
        Assert.Equal("critical", (string)finding["severity"]!);
        Assert.Contains(usageType, finding.ToJsonString(), StringComparison.Ordinal);
        // It is the lab's bill, so its rollouts were asked too, without anybody saying so.
        Assert.Equal(["the lab's rollouts", "CloudTrail"], JsonNode.Parse(broken.Output)!["changesFrom"]!.AsArray().Select(source => (string)source!));
    }

    [Fact]
    public async Task A_bill_that_is_taken_back_is_said_to_be_restated_and_its_findings_are_closed()
    {
        await lab.PassesAsync("cost", "--from", "aws");
        await lab.PassesAsync("lab", "break", "cost-spike");
        Assert.Equal(1, (await lab.RunAsync("cost", "--from", "aws")).ExitCode);
        await lab.PassesAsync("lab", "reset", "cost-spike");
        var repaired = await lab.RunAsync("cost", "--from", "aws");
        Assert.Equal(0, repaired.ExitCode);
        Assert.Contains("restated since", repaired.Output, StringComparison.Ordinal);
        Assert.Contains("closed: Amazon Elastic Compute Cloud - Compute", repaired.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_AWS_that_throttles_is_an_error_and_no_cheap_month()
    {
        var broken = await lab.BreakCheckRepairAsync("aws-throttled", "cost", "--from", "aws");
        Assert.Equal(2, broken.ExitCode);
        Assert.Contains("Cost Explorer answered GetCostAndUsage with LimitExceededException: Rate limit exceeded (tried 6 times)", broken.Error, StringComparison.Ordinal);
    }
}
