using System.IO.Compression;
using System.IO.Pipes;
using System.Text;
using Plumb.Logs.Correlating;
using Plumb.Logs.Sources;
using Xunit;

namespace Plumb.Tests.Logs;

public sealed class SourceTests
{
    private const string Line = """{"timestamp":"2026-05-01T14:23:01Z","trace_id":"pay-abc123","event":"x"}""";
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("logs/ledger.log", "ledger", null)]
    [InlineData("ledger.log.2.gz", "ledger", null)]
    [InlineData("ledger-2026-05-01.log", "ledger", null)]
    [InlineData("ledger-6d5b9c7f8-x2k4p.log", "ledger", "ledger-6d5b9c7f8-x2k4p")]
    [InlineData("db-0.log", "db", "db-0")]
    [InlineData("/var/log/pods/payments_ledger-6d5b9c7f8-x2k4p_8a7b/main/0.log", "main", "ledger-6d5b9c7f8-x2k4p")]
    [InlineData("load-generator.log", "load-generator", null)]
    [InlineData("fluentd-x2k4p.log", "fluentd", "fluentd-x2k4p")]
    [InlineData("ledger.log-20260501", "ledger", null)]
    [InlineData("ledger.2026-05-01T1423.json.gz", "ledger", null)]
    [InlineData("ledger.LOG.12", "ledger", null)]
    [InlineData("v2.31.final", "v2.31.final", null)]
    [InlineData("/var/log/containers/ledger-6d5b9c7f8-x2k4p_payments_main-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.log", "main", "ledger-6d5b9c7f8-x2k4p")]
    public void A_file_name_says_which_service_and_pod_wrote_it(string path, string service, string? pod) => Assert.Equal((service, pod), SourceName.OfFile(path));

    [Fact]
    public async Task A_compressed_file_is_unpacked_and_a_cut_one_is_said_to_be_damaged()
    {
        var packed = Pack(string.Concat(Enumerable.Range(0, 5000).Select(i => $"{Line} {i * 7919}\n")));
        using var folder = new LogFolder().With("whole.log.gz", packed).With("cut.log.gz", packed[..(packed.Length / 2)]);
        using var sources = await folder.OpenAsync();

        Assert.Null(sources.All.Single(source => source.Service == "whole").Damage);
        var cut = sources.All.Single(source => source.Service == "cut");
        Assert.NotNull(cut.Damage);
        Assert.True(cut.Bytes > 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(9)]
    public async Task A_compressed_file_that_lacks_only_its_last_bytes_is_damaged_and_every_line_of_it_is_there(int missing)
    {
        var text = string.Concat(Enumerable.Range(0, 50).Select(i => $"{Line} {i * 7919}\n"));
        using var folder = new LogFolder().With("cut.log.gz", Pack(text)[..^missing]);
        using var sources = await folder.OpenAsync();

        var cut = Assert.Single(sources.All);
        Assert.Contains("the compressed file is damaged (the gzip data is cut off", cut.Damage, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(cut.Path, Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pipe_that_is_named_like_a_file_is_read_whole(bool packed)
    {
        var text = string.Concat(Enumerable.Range(0, 5000).Select(i => $"{Line} {i * 7919}\n"));
        await using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var held = File.OpenHandle($"/proc/self/fd/{pipe.GetClientHandleAsString()}");
        var opening = Task.Run(() => LogFolder.OpenAsync($"/proc/self/fd/{held.DangerousGetHandle()}"), Cancel);
        await pipe.WriteAsync(packed ? Pack(text) : Encoding.UTF8.GetBytes(text), Cancel);
        await pipe.DisposeAsync();

        using var sources = (await opening).Value!;
        var source = Assert.Single(sources.All);
        Assert.Null(source.Damage);
        Assert.Equal(text, await File.ReadAllTextAsync(source.Path, Cancel));
    }

    [Fact]
    public async Task Standard_input_is_a_source_and_its_copy_goes_with_it()
    {
        var opened = await LogFolder.OpenAsync("-", new MemoryStream(Encoding.UTF8.GetBytes(Line + "\n")));
        var copy = opened.Value!.All.Single().Path;

        Assert.True(File.Exists(copy));
        opened.Value.Dispose();
        Assert.False(File.Exists(copy));
    }

    [Fact]
    public async Task A_path_that_is_not_there_and_an_empty_directory_are_told_apart()
    {
        using var folder = new LogFolder();

        Assert.Contains("no file or directory", (await LogFolder.OpenAsync(folder.Path + "/nothing")).Problem!.What, StringComparison.Ordinal);
        Assert.Empty((await LogFolder.OpenAsync(folder.Path)).Value!.All);
    }

    [Fact]
    public async Task Binary_files_of_a_directory_are_skipped_by_name_and_patterns_choose()
    {
        using var folder = new LogFolder().With("a.log", Line).With("b.txt", Line).With("core", new byte[] { 1, 0, 2, 0 });
        using var all = await folder.OpenAsync();
        using var some = (await LogFolder.OpenAsync(folder.Path + "/*.log")).Value!;

        Assert.Equal(2, all.All.Count);
        Assert.Contains("core", Assert.Single(all.Skipped), StringComparison.Ordinal);
        Assert.Equal("a", Assert.Single(some.All).Service);
    }

    [Theory]
    [InlineData("4bf92f3577b34da6a3ce929d0e0e4736")]
    [InlineData("4BF92F35-77B3-4DA6-A3CE-929D0E0E4736")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("a3ce929d0e0e4736")]
    public async Task One_id_is_found_in_every_spelling_and_in_no_longer_one(string asked)
    {
        using var folder = new LogFolder().With("a.log",
            "x 4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736 y", "nothing", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "upper=4BF92F3577B34DA6A3CE929D0E0E4736", "short a3ce929d0e0e4736", "longer 4bf92f3577b34da6a3ce929d0e0e4736ab", "longer ab4bf92f3577b34da6a3ce929d0e0e4736", "last 4bf92f3577b34da6a3ce929d0e0e4736");
        using var sources = await folder.OpenAsync();

        using var files = new SourceLines(sources.All);
        var found = new IdSearch(files, IdForms.Of(asked).Value!).Run(Cancel);

        Assert.Equal(6, found.Lines.Count);
        Assert.Equal(sources.Bytes, found.Bytes);
    }

    [Fact]
    public async Task An_id_across_the_border_of_two_pieces_is_found_once_and_a_prefix_of_a_longer_one_never()
    {
        const int piece = 256 * 1024;
        for (var shift = 0; shift < 14; shift++)
        {
            var text = new string('.', piece - 12 + shift) + "\npay-abc123 and pay-abc1234\n" + new string('.', piece) + "\nx pay-abc123";
            using var folder = new LogFolder().With("a.log", Encoding.UTF8.GetBytes(text));
            using var sources = await folder.OpenAsync();

            using var files = new SourceLines(sources.All);
        var found = new IdSearch(files, IdForms.Of("pay-abc123").Value!).Run(Cancel);

            Assert.Equal([piece - 12 + shift + 1L, (2L * piece) - 12 + shift + 1 + 27 + 1], found.Lines.Select(line => line.Offset));
        }
    }

    private static byte[] Pack(string text)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }
        return memory.ToArray();
    }
}
