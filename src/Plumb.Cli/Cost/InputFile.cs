using Plumb.Core;
using Plumb.Platform.Files;

namespace Plumb.Cli.Cost;

/// <summary>A file that a command reads: plain or gzipped (told by its first bytes, not its name), or standard input for <c>-</c>.</summary>
internal static class InputFile
{
    public static Result<Stream> Open(string path)
    {
        if (path == "-")
        {
            return Output.Terminal.StandardInput();
        }
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.SequentialScan);
            var magic = new byte[2];
            var read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
            var whole = new RejoinedStream(magic.AsMemory(0, read), file);
            return magic is [0x1f, 0x8b] ? new WholeGzipStream(whole) : whole;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem(error is FileNotFoundException or DirectoryNotFoundException ? $"there is no file {path}" : $"{path} cannot be read: {error.Message.TrimEnd('.')}",
                "Give the path of a file that exists and that you may read, or - for standard input");
        }
    }
}
