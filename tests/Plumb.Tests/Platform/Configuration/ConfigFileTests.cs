using FsCheck;
using FsCheck.Fluent;
using Plumb.Platform.Configuration;
using Xunit;

namespace Plumb.Tests.Platform.Configuration;

public sealed class ConfigFileTests
{
    private sealed record Rule(string Name, int Weight);

    private sealed record Settings(int Nodes, TimeSpan Every, bool On, string Mode, IReadOnlyList<string> Names, IReadOnlyList<Rule> Rules);

    [Fact]
    public void A_good_file_becomes_a_record()
    {
        var (settings, errors) = Parse("""
            lab:
              nodes: 5
              every: 90s
              on: true
              mode: fast
              names: [a, "b"]
              rules:
                - name: first
                  weight: 2
            """);
        Assert.Empty(errors);
        Assert.Equal((5, TimeSpan.FromSeconds(90), true, "fast"), (settings!.Nodes, settings.Every, settings.On, settings.Mode));
        Assert.Equal(["a", "b"], settings.Names);
        Assert.Equal([new Rule("first", 2)], settings.Rules);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("lab:\n")]
    [InlineData("~")]
    public void An_empty_file_has_only_defaults(string text)
    {
        var (settings, errors) = Parse(text);
        Assert.Empty(errors);
        Assert.Equal((3, TimeSpan.FromMinutes(1), false, "safe"), (settings!.Nodes, settings.Every, settings.On, settings.Mode));
    }

    [Fact]
    public void All_errors_are_reported_at_once_each_with_its_place()
    {
        var (settings, errors) = Parse("""
            lab:
              nodes: 50
              every: 5
              on: yes
              mode: fats
              nodez: 3
              names: a
              rules:
                - weight: "2"
                - text
            labs: 1
            """);
        Assert.Null(settings);
        Assert.Equal(
            [
                "plumb.yaml:2:10: 'lab.nodes' is a whole number from 1 to 20, not '50'",
                "plumb.yaml:3:10: 'lab.every' is a time from 1s to 1d, with its unit (500ms, 30s, 5m, 2h, 7d), not '5'",
                "plumb.yaml:4:7: 'lab.on' is true or false, not 'yes'",
                "plumb.yaml:5:9: 'lab.mode' is one of safe, fast, not 'fats'. Did you mean 'fast'?",
                "plumb.yaml:6:3: there is no setting 'lab.nodez'. Did you mean 'nodes'?",
                "plumb.yaml:7:10: 'lab.names' is a list",
                "plumb.yaml:9:7: 'lab.rules[0].name' is missing",
                "plumb.yaml:9:15: 'lab.rules[0].weight' is a whole number from 0 to 9, not '2'",
                "plumb.yaml:10:7: 'lab.rules[1]' is a section: keys and values",
                "plumb.yaml:11:1: there is no setting 'labs'. Did you mean 'lab'?",
            ],
            errors.Select(error => $"{error}"));
    }

    [Theory]
    [InlineData("lab: [1\nb: 2", "this is no YAML")]
    [InlineData("lab:\n  nodes: 1\n  nodes: 2\n", "Duplicate key")]
    [InlineData("lab: *missing", "this is no YAML")]
    [InlineData("- a list", "a configuration is a mapping")]
    [InlineData("just text", "a configuration is a mapping")]
    [InlineData("lab:\n---\nlab:\n", "a second document")]
    [InlineData("lab: 3", "'lab' is a section")]
    [InlineData("lab:\n  nodes: {a: 1}", "'lab.nodes' is a single value")]
    [InlineData("lab:\n  <<: {nodes: 3}", "there is no setting 'lab.<<'")]
    public void What_is_no_configuration_is_an_error_with_a_place(string text, string message)
    {
        var (settings, errors) = Parse(text);
        Assert.Null(settings);
        Assert.Contains(errors, error => error.Message.Contains(message, StringComparison.OrdinalIgnoreCase) && error is { Line: >= 1, Column: >= 1 });
    }

    [Fact]
    public void A_file_of_brackets_does_not_overflow_the_stack()
    {
        var (_, errors) = Parse("lab: " + new string('[', 200_000));
        Assert.Equal($"plumb.yaml:1:{"lab: ".Length + ConfigFile.MaxDepth}: nested more than 32 levels deep", Assert.Single(errors).ToString());
    }

    [Fact]
    public void A_file_that_is_not_there_or_too_large_is_an_error()
    {
        using var directory = new TemporaryDirectory();
        Assert.Contains("cannot be read", Assert.Single(ConfigFile.Load(directory.File("absent.yaml"), Read).Errors).Message, StringComparison.Ordinal);
        File.WriteAllText(directory.File("large.yaml"), new string('#', ConfigFile.MaxBytes + 1));
        Assert.Contains("larger than", Assert.Single(ConfigFile.Load(directory.File("large.yaml"), Read).Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_makes_the_reader_throw() =>
        Prop.ForAll<string>(text =>
        {
            var (settings, errors) = Parse(text ?? "");
            return (settings is null) == (errors.Count > 0);
        }).QuickCheckThrowOnFailure();

    private static (Settings? Value, IReadOnlyList<ConfigError> Errors) Parse(string text) => ConfigFile.Parse("plumb.yaml", text, Read);

    private static Settings Read(ConfigSection root)
    {
        var lab = root.Section("lab");
        return new Settings(
            lab.Whole("nodes", 3, 1, 20),
            lab.Duration("every", TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            lab.Flag("on", false),
            lab.Choice("mode", "safe", "safe", "fast"),
            lab.Texts("names", 10),
            lab.Sections("rules", 10, rule => new Rule(rule.RequiredText("name"), rule.Whole("weight", 1, 0, 9))));
    }
}
