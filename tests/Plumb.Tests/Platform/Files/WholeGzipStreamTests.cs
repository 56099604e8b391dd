using System.IO.Compression;
using System.Text;
using Plumb.Platform.Files;
using Xunit;

namespace Plumb.Tests.Platform.Files;

public sealed class WholeGzipStreamTests
{
    private static byte[] Pack(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(plain);
        }
        return packed.ToArray();
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var gzip = new WholeGzipStream(new MemoryStream(packed));
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(70_000)]
    [InlineData(1_000_000)]
    public void A_whole_file_is_unpacked_as_it_was(int length)
    {
        var plain = new byte[length];
        new Random(length).NextBytes(plain.AsSpan(0, length / 2));
        Assert.Equal(plain, Unpack(Pack(plain)));
    }

    [Fact]
    public void Files_packed_one_by_one_and_put_together_are_one_file() =>
        Assert.Equal("one\ntwo\n"u8.ToArray(), Unpack([.. Pack("one\n"u8.ToArray()), .. Pack("two\n"u8.ToArray())]));

    [Fact]
    public void A_file_that_lacks_any_number_of_its_last_bytes_is_refused()
    {
        var packed = Pack(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 400).Select(row => $"2026-03-01,EC2,{row}\n"))));
        for (var missing = 1; missing < packed.Length - 1; missing++)
        {
            Assert.Throws<InvalidDataException>(() => Unpack(packed[..^missing]));
        }
    }

    [Fact]
    public void What_was_unpacked_before_the_cut_is_given_out_and_nothing_that_was_not_in_the_file()
    {
        var plain = string.Concat(Enumerable.Range(0, 4000).Select(row => $"2026-03-01,EC2,{row * 7919}\n"));
        var packed = Pack(Encoding.UTF8.GetBytes(plain));
        for (var missing = 1; missing < packed.Length - 1; missing += 7)
        {
            using var gzip = new WholeGzipStream(new MemoryStream(packed[..^missing]));
            using var read = new MemoryStream();
            Assert.Throws<InvalidDataException>(() => gzip.CopyTo(read));
            Assert.StartsWith(Encoding.UTF8.GetString(read.ToArray()), plain, StringComparison.Ordinal);
            Assert.True(missing > 8 || read.Length == plain.Length);
        }
    }

    [Fact]
    public void A_flipped_bit_of_the_checksum_is_refused()
    {
        var packed = Pack("date,service,cost\n"u8.ToArray());
        packed[^6] ^= 1;
        Assert.Throws<InvalidDataException>(() => Unpack(packed));
    }
}
