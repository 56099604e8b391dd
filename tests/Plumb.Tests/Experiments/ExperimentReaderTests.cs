using Plumb.Experiments.Format;
using Plumb.Lab.Experiments;
using Xunit;

namespace Plumb.Tests.Experiments;

public sealed class ExperimentReaderTests
{
    private const string Good = """
        title: t
        description: d
        configuration: {ns: demo, replicas: 2, url: {type: env, key: SHOP_URL, default: "http://127.0.0.1:1"}}
        steady-state-hypothesis:
          title: it works
          probes:
          - type: probe
            name: pods
            tolerance: {type: range, range: [1, 5]}
            provider: {type: plumb, func: kubernetes.pods-ready, arguments: {namespace: "${ns}", selector: app=x}}
        method:
        - type: action
          name: kill
          provider: {type: plumb, func: kubernetes.delete-pod, arguments: {namespace: "${ns}", selector: app=x, count: "${replicas}"}}
          pauses: {after: 500ms}
        """;

    [Fact]
    public void Every_experiment_of_the_catalogue_can_be_read_without_a_warning_and_teaches_something()
    {
        foreach (var name in Catalogue.Names)
        {
            var read = ExperimentReader.Read($"{name}.yaml", Catalogue.Text(name)!);

            Assert.Empty(read.Errors);
            Assert.Empty(read.Definition!.Warnings);
            Assert.Equal(name, read.Definition.Name);
            Assert.NotEmpty(read.Definition.Extension.Trap!);
            Assert.NotEmpty(read.Definition.Extension.Fix!);
            Assert.NotNull(read.Definition.Extension.Limits.Recovery);
        }
    }

    [Fact]
    public void JSON_is_read_as_well_as_YAML()
    {
        var json = """
            {"title": "t", "description": "d", "steady-state-hypothesis": {"title": "h", "probes": [{"type": "probe", "name": "up", "tolerance": 200,
            "provider": {"type": "http", "url": "http://127.0.0.1/"}}]}, "method": [{"type": "action", "name": "kill",
            "provider": {"type": "plumb", "func": "kubernetes.delete-pod", "arguments": {"namespace": "demo", "selector": "app=x"}}}]}
            """;

        Assert.Empty(ExperimentReader.Read("x.json", json).Errors);
    }

    [Theory]
    [InlineData("title: t", "title: t\nsurprise: 1", "x.yaml:2:1: an experiment has no key 'surprise'")]
    [InlineData("title: t", "title: [t]", "x.yaml:1:8: 'title' must be a text")]
    [InlineData("title: t\n", "", "'title' is missing")]
    [InlineData("title: t", "title: t\nsecrets: {db: {password: hunter2}}", "x.yaml:2:10: not supported: secrets")]
    [InlineData("type: plumb, func: kubernetes.pods-ready", "type: python, module: chaosk8s", "not supported: python providers")]
    [InlineData("type: plumb, func: kubernetes.pods-ready", "type: telepathy", "there is no provider of type 'telepathy'; there are plumb, http and process")]
    [InlineData("kubernetes.pods-ready", "kubernetes.pods-happy", "there is no probe 'kubernetes.pods-happy'; there are kubernetes.pods-ready, kubernetes.workload-ready")]
    [InlineData("kubernetes.delete-pod", "kubernetes.pods-ready", "there is no action 'kubernetes.pods-ready'")]
    [InlineData("arguments: {namespace: \"${ns}\", selector: app=x}", "arguments: {namespace: x}", "'kubernetes.pods-ready' needs the argument 'selector'")]
    [InlineData("selector: app=x, count", "selektor: app=x, count", "has no key 'selektor'")]
    [InlineData("    tolerance: {type: range, range: [1, 5]}\n", "", "a probe of the hypothesis needs a 'tolerance'")]
    [InlineData("tolerance: {type: range, range: [1, 5]}", "tolerance: {type: range, range: [5, 1]}", "not supported: this tolerance")]
    [InlineData("tolerance: {type: range, range: [1, 5]}", "tolerance: {type: regex, pattern: '('}", "is no regular expression")]
    [InlineData("after: 500ms", "after: soon", "'after' must be a duration")]
    [InlineData("- type: action", "- type: probe", "'method' has no action: nothing would happen")]
    [InlineData("pauses:", "background: true\n  pauses:", "not supported: background activities")]
    [InlineData("title: t", "title: t\ntitle: u", "not YAML")]
    [InlineData("title: t", "title: 't", "not YAML")]
    public void What_is_wrong_with_a_file_is_told_with_its_place(string before, string after, string expected)
    {
        Assert.Contains(before, Good, StringComparison.Ordinal);

        var errors = ExperimentReader.Read("x.yaml", Good.Replace(before, after, StringComparison.Ordinal)).Errors;

        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
        Assert.All(errors, error => Assert.Matches(@"^x\.yaml:\d+:\d+: ", error));
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var errors = ExperimentReader.Read("x.yaml", Good.Replace("title: t", "title: t\na: 1\nb: 2", StringComparison.Ordinal)).Errors;

        Assert.Equal(2, errors.Count);
    }

    [Fact]
    public void What_is_left_out_is_warned_about()
    {
        var read = ExperimentReader.Read("x.yaml", Good + "\ncontrols: []\nruntime: {rollbacks: {strategy: never}}");

        Assert.Equal(2, read.Definition!.Warnings.Count);
        Assert.Contains(read.Definition.Warnings, warning => warning.Contains("rollbacks always run", StringComparison.Ordinal));
    }

    [Fact]
    public void Other_tools_extensions_are_left_alone()
    {
        Assert.Empty(ExperimentReader.Read("x.yaml", Good + "\nextensions: [{name: theirs, anything: {goes: here}}]").Errors);
    }

    [Fact]
    public void Variables_come_from_the_user_then_the_environment_then_the_file_and_keep_their_type()
    {
        var definition = ExperimentReader.Read("x.yaml", Good).Definition!;
        var binding = Binding.Of(definition, new Dictionary<string, string> { ["replicas"] = "3" }, key => key == "SHOP_URL" ? "http://shop" : null).Value!;

        var arguments = binding.Json(definition.Method[0].Provider.Arguments, "x").Value!;

        Assert.Equal("""{"namespace":"demo","selector":"app=x","count":3}""", arguments.ToJsonString());
        Assert.Equal("http://shop/a", binding.Text("${url}/a", "x").Value);
        Assert.Equal(["ns", "replicas"], binding.Shown.Select(pair => pair.Key));
    }

    [Fact]
    public void A_variable_that_does_not_exist_or_has_no_value_is_refused()
    {
        var definition = ExperimentReader.Read("kill-pod.yaml", Catalogue.Text("kill-pod")!).Definition!;

        Assert.Contains("no variable 'oops'", Binding.Of(definition, new Dictionary<string, string> { ["oops"] = "1" }, _ => "x").Problem!.What, StringComparison.Ordinal);
        Assert.Contains("'gateway' of 'kill-pod' has no value", Binding.Of(definition, new Dictionary<string, string>(), _ => null).Problem!.What, StringComparison.Ordinal);
        Assert.Contains("there is no variable 'nope'", Binding.Of(definition, new Dictionary<string, string>(), _ => "x").Value!.Text("${nope}", "x").Problem!.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("5", true)]
    [InlineData("6", false)]
    [InlineData("\"3\"", null)]
    [InlineData("null", null)]
    [InlineData("true", null)]
    public void A_range_judges_numbers_and_says_nothing_about_anything_else(string value, bool? expected)
    {
        Assert.Equal(expected, new Tolerance.Between(1, 5).Accepts(System.Text.Json.Nodes.JsonNode.Parse(value)));
    }
}
