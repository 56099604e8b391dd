using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Plumb.Logs.Correlating;
using Xunit;

namespace Plumb.Tests.Logs;

public sealed class NeedleTests
{
    [Fact]
    public void It_finds_what_a_search_letter_by_letter_finds_wherever_it_stands()
    {
        // Few letters, so that much of the text is nearly the word.
        var letters = Gen.Elements("aAbB01-\n".ToCharArray());
        var word = Gen.NonEmptyListOf(letters).Select(list => new string([.. list.Take(40)]));
        var text = Gen.ListOf(letters).Resize(300).Select(list => new string([.. list]));
        Prop.ForAll(Arb.From(Gen.Zip(word, text)), Arb.From(Gen.Elements(true, false)), (pair, anyCase) =>
        {
            var (sought, around) = pair;
            var all = around + sought + around;
            var needle = new Needle(Encoding.ASCII.GetBytes(sought), anyCase);
            var at = 0;
            for (var step = 0; step < 5 && at >= 0; step++)
            {
                var expected = all.IndexOf(sought, at, anyCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
                var found = needle.IndexIn(Encoding.ASCII.GetBytes(all), at);
                Assert.Equal(expected, found);
                at = found < 0 ? -1 : found + 1;
            }
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    public void In_a_text_that_is_shorter_than_the_word_there_is_nothing(string text) => Assert.Equal(-1, new Needle("abc"u8, anyCase: true).IndexIn(Encoding.ASCII.GetBytes(text), 0));
}
