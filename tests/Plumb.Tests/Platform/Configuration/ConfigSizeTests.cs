using FsCheck;
using FsCheck.Fluent;
using Plumb.Platform.Configuration;
using Xunit;

namespace Plumb.Tests.Platform.Configuration;

public sealed class ConfigSizeTests
{
    [Theory]
    [InlineData("512KiB", 512L << 10)]
    [InlineData("256MiB", 256L << 20)]
    [InlineData("2GiB", 2L << 30)]
    [InlineData("8589934591GiB", 8_589_934_591L << 30)]
    public void A_size_is_a_whole_number_and_its_unit(string text, long bytes) => Assert.Equal(bytes, ConfigSize.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("256")]
    [InlineData("MiB")]
    [InlineData("256MB")]
    [InlineData("256 MiB")]
    [InlineData("-1MiB")]
    [InlineData("1.5GiB")]
    [InlineData("8589934592GiB")]
    public void What_has_no_unit_or_is_no_whole_number_is_no_size(string text) => Assert.Null(ConfigSize.Parse(text));

    [Fact]
    public void What_is_written_is_read_as_the_same() =>
        Prop.ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), kibibytes => ConfigSize.Parse(ConfigSize.Written((long)kibibytes << 10)) == (long)kibibytes << 10).QuickCheckThrowOnFailure();
}
