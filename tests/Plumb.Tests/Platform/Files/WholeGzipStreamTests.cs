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
    public void A_flipped_bit_of_the_checksum_is_refused()
    {
        var packed = Pack("date,service,cost\n"u8.ToArray());
        packed[^6] ^= 1;
        Assert.Throws<InvalidDataException>(() => Unpack(packed));
    }
}
