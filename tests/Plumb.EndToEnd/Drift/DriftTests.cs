using System.Text.Json.Nodes;
using System.Xml.Linq;
using Plumb.EndToEnd.CommandLine;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.Drift;

/// <summary>What the AWS command line changes is found, and the way out that is printed makes it as it was.</summary>
public sealed class DriftTests
{
    private const string Web = "sg-0a1b2c3d4e5f6a7b8";
    private const string Payments = "sg-0c2d4e6f8a0b1c3d5";

    [Theory]
    [InlineData("added-outside", "critical", $"aws ec2 authorize-security-group-ingress --group-id {Web} --protocol tcp --port 22 --cidr 0.0.0.0/0", "22/tcp is now open to 0.0.0.0/0, 4,294,967,296 addresses")]
    [InlineData("added-outside", "critical", $"aws ec2 authorize-security-group-ingress --group-id {Payments} --ip-permissions IpProtocol=-1,Ipv6Ranges=[{{CidrIpv6=::/0}}]", "(all ports and protocols) is now open to ::/0, 2^128 addresses")]
    [InlineData("added-outside", "info", $"aws ec2 authorize-security-group-egress --group-id {Payments} --ip-permissions IpProtocol=udp,FromPort=53,ToPort=53,IpRanges=[{{CidrIp=8.8.8.8/32}}]", "egress 53/udp to 8.8.8.8/32 was added outside Terraform: it opens nothing")]
    [InlineData("added-outside", "warning", $"aws ec2 authorize-security-group-ingress --group-id {Payments} --protocol tcp --port 5432 --source-group {Web}", $"5432/tcp is now open to members of {Web}")]
    [InlineData("added-outside", "info", $"aws ec2 authorize-security-group-ingress --group-id {Web} --protocol tcp --port 443 --cidr 203.0.113.9/32", "it opens nothing that other rules of the state do not open")]
    [InlineData("removed-outside", "warning", $"aws ec2 revoke-security-group-ingress --group-id {Web} --protocol tcp --port 80 --cidr 0.0.0.0/0", "80/tcp is no longer open to 0.0.0.0/0")]
    [InlineData("changed", "info", $"aws ec2 update-security-group-rule-descriptions-ingress --group-id {Web} --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{{CidrIp=0.0.0.0/0,Description=temporary}}]'", "from \"https\" to \"temporary\"")]
    public async Task A_change_by_the_aws_command_line_is_found_and_the_printed_command_takes_it_back(string kind, string severity, string change, string words)
    {
        await using var account = await DriftAccount.StartAsync();
        Assert.Equal("pass", (string)(await account.JsonAsync(account.States))["outcome"]!);
        await account.ShellAsync(change);
        var report = await account.JsonAsync(account.States);
        Assert.Equal("fail", (string)report["outcome"]!);
        var finding = Assert.Single(report["findings"]!.AsArray(), one => (bool)one!["drift"]!)!;
        Assert.Equal((kind, severity), ((string)finding["kind"]!, (string)finding["severity"]!));
        Assert.Contains(words, (string)finding["summary"]!, StringComparison.Ordinal);
        // CloudTrail has it; what changes nothing that can be reached is not worth a call.
        Assert.Equal(severity != "info", finding["changedBy"] is not null);

        await account.ShellAsync((string)finding["waysOut"]![0]!["command"]!);
        Assert.Equal("pass", (string)(await account.JsonAsync(account.States))["outcome"]!);
    }

    [Fact]
    public async Task A_group_that_nobody_manages_is_found_and_one_that_is_gone_is_too()
    {
        await using var account = await DriftAccount.StartAsync();
        await account.ShellAsync("aws ec2 create-security-group --group-name invisible --description 'by hand' --vpc-id vpc-0a1b2c3d4e5f60718");
        await account.ShellAsync("aws ec2 authorize-security-group-ingress --group-name invisible --protocol tcp --port 3389 --cidr 0.0.0.0/0 || aws ec2 describe-security-groups");
        var finding = Assert.Single((await account.JsonAsync(account.States))["findings"]!.AsArray(), one => (bool)one!["drift"]!)!;
        Assert.Equal("unmanaged-group", (string)finding["kind"]!);
        Assert.Contains("import {", (string)finding["waysOut"]![1]!["hcl"]!, StringComparison.Ordinal);

        await account.ShellAsync((string)finding["waysOut"]![0]!["command"]!);
        Assert.Equal("pass", (string)(await account.JsonAsync(account.States))["outcome"]!);
        // Without the state of the web tier, its group is the one that nobody manages.
        var without = Directory.EnumerateFiles(account.States, "*.tfstate").Where(file => !file.EndsWith("web.tfstate", StringComparison.Ordinal)).ToArray();
        Assert.Contains((await account.JsonAsync(without))["findings"]!.AsArray(), one => (string)one!["kind"]! == "unmanaged-group" && ((string)one["summary"]!).Contains(Web, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_state_in_a_bucket_is_read_as_the_file_that_the_aws_command_line_put_there()
    {
        await using var account = await DriftAccount.StartAsync();
        await account.ShellAsync($"aws s3api create-bucket --bucket team-states; aws s3api put-object --bucket team-states --key 'env/prod web.tfstate' --body {account.States}/web.tfstate");
        var others = Directory.EnumerateFiles(account.States, "*.tfstate").Where(file => !file.EndsWith("web.tfstate", StringComparison.Ordinal)).ToArray();
        var whole = await account.JsonAsync(["s3://team-states/env/prod web.tfstate", .. others]);
        Assert.Equal("pass", (string)whole["outcome"]!);
        var read = whole["coverage"]!["states"]!.AsArray().Single(state => (string)state!["name"]! == "s3://team-states/env/prod web.tfstate")!;
        var file = (await account.JsonAsync(account.States))["coverage"]!["states"]!.AsArray().Single(state => ((string)state!["name"]!).EndsWith("web.tfstate", StringComparison.Ordinal))!;
        Assert.Equal(((int)file["resources"]!, (long)file["serial"]!), ((int)read["resources"]!, (long)read["serial"]!));

        await account.ShellAsync($"aws ec2 authorize-security-group-ingress --group-id {Web} --protocol tcp --port 22 --cidr 0.0.0.0/0");
        var finding = Assert.Single((await account.JsonAsync(["s3://team-states/env/prod web.tfstate", .. others]))["findings"]!.AsArray(), one => (bool)one!["drift"]!)!;
        Assert.Contains("22/tcp is now open", (string)finding["summary"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_whose_port_and_source_were_both_changed_is_one_change_by_its_id()
    {
        await using var account = await DriftAccount.StartAsync();
        // Beside it another rule comes that is as near to what the state has: the fields alone could not tell which was changed.
        await account.ShellAsync("aws ec2 modify-security-group-rules --group-id " + Payments
            + " --security-group-rules 'SecurityGroupRuleId=sgr-05c7e9f1b3d5f7192,SecurityGroupRule={IpProtocol=tcp,FromPort=9999,ToPort=9999,CidrIpv4=198.51.100.0/24,Description=health checks}'");
        await account.ShellAsync($"aws ec2 authorize-security-group-ingress --group-id {Payments} --protocol tcp --port 9901 --cidr 203.0.113.0/24");
        var drift = (await account.JsonAsync(account.States))["findings"]!.AsArray().Where(one => (bool)one!["drift"]!).ToDictionary(one => (string)one!["kind"]!, one => (string)one!["summary"]!);
        Assert.Equal(2, drift.Count);
        Assert.Contains("was changed outside Terraform into ingress 9999/tcp from 198.51.100.0/24", drift["changed"], StringComparison.Ordinal);
        Assert.Contains("ingress 9901/tcp from 203.0.113.0/24", drift["added-outside"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipeline_reads_it_as_sarif_with_lines_of_the_state_and_as_junit()
    {
        await using var account = await DriftAccount.StartAsync();
        await account.ShellAsync($"aws ec2 authorize-security-group-ingress --group-id {Web} --protocol tcp --port 22 --cidr 0.0.0.0/0");
        File.Copy(Path.Combine(account.States, "web.tfstate"), Path.Combine(account.Home, "web.tfstate"));
        var sarif = await account.DriftAsync("web.tfstate", "-o", "sarif");
        Assert.Equal(1, sarif.ExitCode);
        Assert.Empty(await SarifValidator.ErrorsAsync(sarif.Output));
        var result = JsonNode.Parse(sarif.Output)!["runs"]![0]!["results"]!.AsArray().First(one => (string)one!["ruleId"]! == "drift/added-outside")!;
        var place = result["locations"]![0]!["physicalLocation"]!;
        Assert.Equal("web.tfstate", (string)place["artifactLocation"]!["uri"]!);
        var lines = await File.ReadAllLinesAsync(Path.Combine(account.Home, "web.tfstate"), TestContext.Current.CancellationToken);
        // The instance begins on that line; its attributes follow.
        Assert.Equal("{", lines[(int)place["region"]!["startLine"]! - 1].Trim());
        Assert.Contains(lines.Skip((int)place["region"]!["startLine"]!).Take(8), line => line.Contains("security-group/" + Web, StringComparison.Ordinal));

        var junit = await account.DriftAsync("web.tfstate", "-o", "junit");
        Assert.Equal(1, junit.ExitCode);
        Assert.Contains(XDocument.Parse(junit.Output).Descendants("failure"), failure => failure.Attribute("message")!.Value.Contains("22/tcp is now open", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("head -c 900 {0}/web.tfstate | {1} drift -", 2, "standard input:", "ends in the middle")]
    [InlineData("{1} drift /nowhere.tfstate", 2, "there is no state /nowhere.tfstate")]
    [InlineData("{1} drift", 2, "say which state")]
    [InlineData("env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_EC2_METADATA_DISABLED=true {1} drift {0}", 2, "no AWS credential was found")]
    [InlineData("AWS_ENDPOINT_URL=http://127.0.0.1:1 {1} drift {0}", 2, "127.0.0.1:1 cannot be reached")]
    [InlineData("AWS_SECRET_ACCESS_KEY=wrong {1} drift {0}", 2, "SignatureDoesNotMatch")]
    [InlineData("{1} drift s3://plumb-lab-terraform/none.tfstate", 2, "NoSuchKey")]
    [InlineData("echo '{{\"version\":4,\"resources\":[]}}' | {1} drift -", 3, "nothing to judge by")]
    public async Task Bad_input_is_one_line_and_never_a_pass(string script, int exitCode, params string[] words)
    {
        await using var account = await DriftAccount.StartAsync();
        await account.ShellAsync($"status=0; ({script.Replace("{0}", account.States, StringComparison.Ordinal).Replace("{1}", BuiltProgram.Launcher, StringComparison.Ordinal).Replace("{{", "{", StringComparison.Ordinal).Replace("}}", "}", StringComparison.Ordinal)}) >out 2>err || status=$?; echo $status >status");
        var said = (await File.ReadAllLinesAsync(Path.Combine(account.Home, "err"), TestContext.Current.CancellationToken)).Where(line => line.StartsWith("plumb:", StringComparison.Ordinal)).ToArray();
        Assert.Equal(exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture), (await File.ReadAllTextAsync(Path.Combine(account.Home, "status"), TestContext.Current.CancellationToken)).Trim());
        Assert.All(words, word => Assert.Contains(word, Assert.Single(said), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_states_that_the_lab_has_are_states_to_terraform_too()
    {
        var terraform = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(path => Path.Combine(path, "terraform")).FirstOrDefault(File.Exists);
        Assert.SkipUnless(terraform is not null, "terraform is not installed");
        await using var account = await DriftAccount.StartAsync();
        var seen = new List<string>();
        foreach (var state in Directory.EnumerateFiles(account.States, "*.tfstate"))
        {
            var ran = await BuiltProgram.RunAsync(new ProcessRequest(terraform, ["state", "list", $"-state={state}"], TimeSpan.FromMinutes(1), WorkingDirectory: account.Home));
            Assert.True(ran.ExitCode == 0, ran.Error);
            seen.AddRange(ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(address => !address.StartsWith("data.", StringComparison.Ordinal)));
        }
        // Terraform's own count of what it manages is ours.
        var states = (await account.JsonAsync(account.States))["coverage"]!["states"]!.AsArray();
        Assert.Equal(seen.Count, states.Sum(state => (int)state!["resources"]!));
    }
}
