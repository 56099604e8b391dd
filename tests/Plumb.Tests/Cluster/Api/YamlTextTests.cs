using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Cluster.Api.Text;
using Xunit;

namespace Plumb.Tests.Cluster.Api;

public sealed class YamlTextTests
{
    [Fact]
    public void A_document_of_brackets_is_refused_and_does_not_end_the_server()
    {
        var (value, error) = YamlText.Parse(new string('[', 200_000));

        Assert.Null(value);
        Assert.Contains("exceeded max depth", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_that_multiply_are_refused()
    {
        var levels = Enumerable.Range(1, 20).Select(level => $"l{level}: &l{level} [{string.Join(", ", Enumerable.Repeat($"*l{level - 1}", 10))}]");

        var (value, error) = YamlText.Parse($"l0: &l0 lol\n{string.Join('\n', levels)}\n");

        Assert.Null(value);
        Assert.Contains("excessive aliasing", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_that_only_deepen_are_refused()
    {
        var levels = Enumerable.Range(1, 2000).Select(level => $"l{level}: &l{level} [*l{level - 1}]");

        var (value, error) = YamlText.Parse($"l0: &l0 lol\n{string.Join('\n', levels)}\n");

        Assert.Null(value);
        Assert.Contains("exceeded max depth", error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_of_nothing_is_an_error() =>
        Assert.Contains("unknown anchor 'gone'", YamlText.Parse("a: *gone\n").Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("[1\nb: 2")]
    [InlineData("a: [")]
    [InlineData("? {")]
    [InlineData("a: 'b")]
    [InlineData("99999999999999999999999: 07777777777777777777777777777777")]
    public void Broken_text_is_an_error_in_words(string text)
    {
        var (value, error) = YamlText.Parse(text);

        Assert.True(error is not null || value is JsonObject, text);
        if (error is not null)
        {
            Assert.StartsWith("error converting YAML to JSON: yaml: ", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_text_whatever_makes_the_reader_throw() =>
        Prop.ForAll(Yaml().ToArbitrary(), text =>
        {
            var (value, error) = YamlText.Parse(text);
            return value is null || error is null;
        }).QuickCheckThrowOnFailure();

    /// <summary>Texts of the pieces that YAML gives a meaning, in any order.</summary>
    private static Gen<string> Yaml() =>
        Gen.Elements("[", "]", "{", "}", ": ", "- ", "? ", "&a ", "*a", "\n", "  ", "'", "\"", "|\n", ">\n", "a", "<<", "!!x ", "---\n", "...\n", "%Y", "#", "0777", "~", "\t", "\0", ",")
            .ArrayOf(25).Select(string.Concat);
}
