using System.Text;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Drift.SecurityGroups;
using Plumb.Drift.States;
using Xunit;

namespace Plumb.Tests.Drift;

public sealed class StateReaderTests
{
    private const string Secret = "hunter2-of-the-database";

    private const string State = """
        {
          "version": 4,
          "terraform_version": "1.9.8",
          "serial": 7,
          "lineage": "hunter2-of-the-database",
          "outputs": { "password": { "value": "hunter2-of-the-database", "type": "string", "sensitive": true } },
          "resources": [
            { "mode": "data", "type": "aws_security_group", "name": "theirs", "instances": [ { "attributes": { "id": "sg-data", "ingress": [] } } ] },
            { "mode": "managed", "type": "aws_db_instance", "name": "db", "instances": [ { "attributes": { "password": "hunter2-of-the-database" } } ] },
            {
              "module": "module.net[\"eu\"]", "mode": "managed", "type": "aws_security_group", "name": "web",
              "instances": [
                { "index_key": 0, "attributes": { "id": "sg-0", "arn": "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0", "ingress": [], "egress": [] } },
                {
                  "index_key": "b\"c", "status": "tainted", "attributes": { "id": "sg-b", "ingress": null, "egress": [] } },
                { "index_key": 0, "deposed": "0a1b2c3d", "attributes": { "id": "sg-old", "ingress": [], "egress": [] } }
              ]
            }
          ],
          "check_results": null
        }
        """;

    [Fact]
    public async Task Modes_modules_keys_tainted_and_deposed_instances_are_told_apart_and_have_their_lines()
    {
        var seen = new List<StateInstance>();
        var summary = await ReadAsync(State, seen, chunk: 7);
        Assert.Equal((4, 3, 1, 7L, "1.9.8"), (summary.Value!.Resources, summary.Value.Judged, summary.Value.DataSources, summary.Value.Serial, summary.Value.TerraformVersion));
        Assert.Equal(["module.net[\"eu\"].aws_security_group.web[0]", "module.net[\"eu\"].aws_security_group.web[\"b\"c\"]", "module.net[\"eu\"].aws_security_group.web[0] (deposed)"], seen.Select(instance => instance.Origin.Address));
        Assert.Equal([13, 14, 16], seen.Select(instance => instance.Origin.Place!.Line!.Value));
        Assert.Equal([(false, false), (true, false), (false, true)], seen.Select(instance => (instance.IsTainted, instance.IsDeposed)));
    }

    [Fact]
    public async Task The_order_of_members_and_a_byte_order_mark_do_not_matter()
    {
        var sorted = Sorted(JsonNode.Parse(State)!).ToJsonString();
        Assert.True(sorted.IndexOf("\"instances\"", StringComparison.Ordinal) < sorted.IndexOf("\"mode\"", StringComparison.Ordinal));
        var seen = new List<StateInstance>();
        Assert.Equal(3, (await ReadAsync("\uFEFF" + sorted, seen, chunk: 4096)).Value!.Judged);
        Assert.Equal(3, seen.Count);
    }

    [Fact]
    public async Task A_state_that_is_cut_off_anywhere_is_an_error_and_quotes_nothing()
    {
        for (var length = 0; length < State.TrimEnd().Length; length++)
        {
            var cut = await ReadAsync(State[..length], [], chunk: 4096);
            Assert.False(cut.IsOk, $"{length} characters were taken for a state");
            Assert.DoesNotContain(Secret, cut.Problem.ToString(), StringComparison.Ordinal);
            Assert.StartsWith("terraform.tfstate", cut.Problem.What, StringComparison.Ordinal);
        }
        Assert.Equal($"terraform.tfstate:{State[..752].Count(letter => letter == '\n') + 1}: the state ends in the middle, after 752 bytes. It was cut off when it was copied or written: fetch it again", (await ReadAsync(State[..752], [], 4096)).Problem!.ToString());
    }

    [Theory]
    [InlineData("{\"version\":3,\"modules\":[]}", "format version 3")]
    [InlineData("{\"version\":1}", "format version 1")]
    [InlineData("{\"version\":5,\"resources\":[]}", "newer than this program knows")]
    [InlineData("{\"format_version\":\"1.0\",\"values\":{}}", "terraform show -json")]
    [InlineData("{\"meta\":{},\"encrypted_data\":\"x\",\"encryption_version\":\"v0\"}", "encrypted state")]
    [InlineData("{\"version\":4,\"serial\":1}", "no list of resources")]
    [InlineData("{\"resources\":[]}", "no format version")]
    [InlineData("{}", "no format version")]
    [InlineData("[]", "must be an object")]
    [InlineData("\"a secret\"", "must be an object")]
    [InlineData("", "is empty")]
    [InlineData("PK\u0003\u0004rest of a plan", "a saved plan")]
    [InlineData("resource \"aws_security_group\" \"x\" {}", "not JSON")]
    [InlineData("{\"version\":4,\"resources\":{}}", "no list")]
    [InlineData("{\"version\":\"4\",\"resources\":[]}", "not JSON as Terraform writes it")]
    [InlineData("{\"version\":4,\"resources\":[{\"mode\":\"managed\",\"type\":\"aws_security_group\"}]}", "a resource without")]
    [InlineData("{\"version\":4,\"resources\":[]} {}", "not JSON")]
    public async Task What_is_no_state_of_version_4_is_refused_by_name(string text, string why)
    {
        var read = await ReadAsync(text, [], chunk: 4096);
        Assert.Contains(why, read.Problem?.ToString() ?? "it was read", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"id\": 5", "'id' is no text")]
    [InlineData("\"id\": \"sg-1\", \"ingress\": \"hunter2-of-the-database\"", "'ingress' is no list")]
    [InlineData("\"id\": \"sg-1\", \"ingress\": [{\"protocol\":\"tcp\",\"from_port\":\"hunter2-of-the-database\",\"cidr_blocks\":[\"10.0.0.0/8\"]}]", "'from_port' is no whole number")]
    [InlineData("\"id\": \"sg-1\", \"ingress\": [{\"protocol\":\"tcp\",\"from_port\":1,\"to_port\":1,\"cidr_blocks\":[\"hunter2-of-the-database\"]}]", "no CIDR network")]
    [InlineData("\"id\": \"sg-1; rm -rf ~\", \"ingress\": []", "characters that no id has")]
    [InlineData("\"id\": \"sg-1\", \"arn\": \"arn:aws:ec2:evil.example/x:1:security-group/sg-1\"", "characters that no region has")]
    public async Task An_attribute_that_the_provider_would_not_write_is_an_error_that_never_quotes_the_value(string attributes, string why)
    {
        var groups = new StateGroups();
        var text = """{"version":4,"resources":[{"mode":"managed","type":"aws_security_group","name":"x","instances":[{"attributes":{ATTRIBUTES}}]}]}""".Replace("ATTRIBUTES", attributes, StringComparison.Ordinal);
        var read = await new StateReader("a.tfstate", null, StateGroups.Types.Contains, groups.Read).ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), TestContext.Current.CancellationToken);
        Assert.Contains(why, read.Problem!.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, read.Problem.ToString(), StringComparison.Ordinal);
    }

    private static async Task<Result<StateSummary>> ReadAsync(string text, List<StateInstance> seen, int chunk) =>
        await new StateReader("terraform.tfstate", "terraform.tfstate", StateGroups.Types.Contains, instance =>
        {
            seen.Add(instance);
            return null;
        }).ReadAsync(new ChunkedStream(Encoding.UTF8.GetBytes(text), chunk), TestContext.Current.CancellationToken);

    private static JsonNode Sorted(JsonNode node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => KeyValuePair.Create(member.Key, member.Value is null ? null : (JsonNode?)Sorted(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(item => item is null ? null : Sorted(item))]),
        _ => node.DeepClone(),
    };

    /// <summary>Gives a few bytes at a time, as a pipe may.</summary>
    private sealed class ChunkedStream(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}
