using System.Globalization;
using System.Text.Json.Nodes;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.Scenes;

/// <summary>What a user does with the lab's AWS: break, check, repair, check; with crashes in between.</summary>
[Collection<SceneLabCollection>]
public sealed class DriftSceneTests(SceneLab lab)
{
    private string[] Drift => ["drift", lab.States];

    [Fact]
    public async Task An_opened_port_is_found_with_who_opened_it_and_the_printed_command_closes_it()
    {
        var broken = await lab.BreakCheckRepairAsync("open-port", [.. Drift, "-o", "json"]);
        Assert.Equal(1, broken.ExitCode);
        var finding = Assert.Single(JsonNode.Parse(broken.Output)!["findings"]!.AsArray(), each => (string)each!["kind"]! == "added-outside")!;
        Assert.Equal("critical", (string)finding["severity"]!);
        Assert.Contains("22/tcp is now open to 0.0.0.0/0, 4,294,967,296 addresses", (string)finding["summary"]!, StringComparison.Ordinal);

        // By the printed way out, with a program that we did not write; the scene's reset then finds nothing left to do.
        Assert.SkipUnless(File.Exists("/usr/bin/aws"), "the AWS command line is not installed (Debian: awscli)");
        await lab.PassesAsync("lab", "break", "open-port");
        var text = (await lab.RunAsync(Drift)).Output;
        Assert.Contains("sam.oncall", text, StringComparison.Ordinal);
        var command = text.Split('\n').Select(line => line.Trim()).First(line => line.StartsWith("aws ec2 revoke-security-group-ingress ", StringComparison.Ordinal));
        var closed = await lab.ShellAsync($"/usr/bin/aws --endpoint-url \"$AWS_ENDPOINT_URL\" {command["aws ".Length..]}");
        Assert.True(closed.ExitCode == 0, closed.Error);
        await lab.PassesAsync(Drift);
        await lab.PassesAsync("lab", "reset");
        await lab.PassesAsync(Drift);
    }

    [Theory]
    [InlineData("closed-port", "removed-outside", "80/tcp is no longer open to 0.0.0.0/0")]
    [InlineData("invisible-group", "unmanaged-group", "temp-debug")]
    [InlineData("public-bucket", "public-access-changed", "plumb-lab-invoices")]
    public async Task What_a_colleague_changes_is_found_and_gone_after_the_reset(string scene, string kind, string words)
    {
        var broken = await lab.BreakCheckRepairAsync(scene, [.. Drift, "-o", "json"]);
        Assert.Equal(1, broken.ExitCode);
        var finding = Assert.Single(JsonNode.Parse(broken.Output)!["findings"]!.AsArray(), each => (string)each!["severity"]! != "info")!;
        Assert.Equal(kind, (string)finding["kind"]!);
        Assert.Contains(words, (string)finding["summary"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("aws-denied", "lacks the permission ec2:DescribeSecurityGroups (UnauthorizedOperation: because no identity-based policy allows the ec2:DescribeSecurityGroups action)")]
    [InlineData("aws-partial", "lacks the permission ec2:DescribeSecurityGroups")]
    [InlineData("aws-throttled", "Rate exceeded (tried 6 times)")]
    public async Task An_AWS_that_denies_throttles_or_gives_half_is_an_error_and_never_a_pass(string scene, string words)
    {
        var broken = await lab.BreakCheckRepairAsync(scene, Drift);
        Assert.Equal(2, broken.ExitCode);
        Assert.Contains(words, broken.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_break_that_is_killed_half_way_is_repaired_by_the_next_reset()
    {
        await lab.PassesAsync(Drift);
        // The EC2 API does not answer, so the break stands in the journal and waits.
        await lab.PassesAsync("lab", "break", "aws-hangs");
        var killed = await lab.ShellAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            "{{SceneLab.Program}}" lab break open-port & pid=$!
            for _ in $(seq 100); do
                if "{{SceneLab.Program}}" lab scenes | grep -q '^open-port *broken'; then kill -9 $pid && echo killed; exit; fi
            done
            """));
        Assert.Equal("killed\n", killed.Output);
        Assert.Matches("(?m)^open-port +broken", (await lab.RunAsync("lab", "scenes")).Output);
        await lab.PassesAsync("lab", "reset", "aws-hangs");
        Assert.Contains("open-port: repaired", (await lab.RunAsync("lab", "reset")).Output, StringComparison.Ordinal);
        await lab.PassesAsync(Drift);
        Assert.Equal("Nothing is broken.\n", (await lab.RunAsync("lab", "reset")).Output);
    }

    [Fact]
    public async Task The_account_and_its_broken_scene_outlive_a_killed_lab()
    {
        await lab.PassesAsync("lab", "break", "open-port");
        await lab.KillAsync();
        var without = await lab.RunAsync("lab", "reset");
        Assert.Equal(2, without.ExitCode);
        Assert.Contains("open-port: Not taken back: revoke 22/tcp from 0.0.0.0/0", without.Error, StringComparison.Ordinal);
        await lab.StartAsync();
        Assert.Equal(1, (await lab.RunAsync(Drift)).ExitCode);
        await lab.PassesAsync("lab", "reset");
        await lab.PassesAsync(Drift);
    }

    [Fact]
    public async Task A_name_that_is_no_scene_is_one_line_and_exit_code_2()
    {
        Assert.Equal((2, "", "plumb: there is no scene 'opn-port'. Did you mean 'open-port'? See 'plumb lab scenes'\n"), Words(await lab.RunAsync("lab", "break", "opn-port")));
        Assert.Equal((2, "", "plumb: there is no scene 'x'. See 'plumb lab scenes'\n"), Words(await lab.RunAsync("lab", "reset", "x")));
        await lab.PassesAsync("lab", "break", "cost-spike");
        Assert.Equal((2, "", "plumb: the scene cost-spike is broken already. Repair it first with 'plumb lab reset cost-spike'\n"), Words(await lab.RunAsync("lab", "break", "cost-spike")));
        await lab.PassesAsync("lab", "reset");
    }

    private static (int, string, string) Words(ProcessOutput ran) => (ran.ExitCode, ran.Output, ran.Error);
}

/// <summary>One lab for all scenes: each test leaves it whole.</summary>
[CollectionDefinition]
public sealed class SceneLabCollection : ICollectionFixture<SceneLab>;
