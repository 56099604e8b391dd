namespace Plumb.Recorder.Ptrace;

/// <summary>Reads the memory of a process that is stopped.</summary>
internal static unsafe class ProcessMemory
{
    private const ulong PageBytes = 4096;

    /// <summary>True when all of it could be read.</summary>
    public static bool TryRead(int process, ulong from, Span<byte> to) => to.IsEmpty || Read(process, from, to) == to.Length;

    /// <summary>A string with its NUL, cut where the room ends; its length, or -14 when nothing can be read.</summary>
    public static int ReadString(int process, ulong from, Span<byte> to)
    {
        var read = 0;
        // What is behind the page's end may not be there.
        while (read < to.Length)
        {
            var part = to.Slice(read, (int)Math.Min((ulong)(to.Length - read), PageBytes - ((from + (ulong)read) % PageBytes)));
            if (!TryRead(process, from + (ulong)read, part))
            {
                break;
            }
            if (part.IndexOf((byte)0) is >= 0 and var end)
            {
                return read + end + 1;
            }
            read += part.Length;
        }
        if (read == 0)
        {
            return -14;
        }
        to[^1] = 0;
        return to.Length;
    }

    private static int Read(int process, ulong from, Span<byte> to)
    {
        fixed (byte* place = to)
        {
            var local = new PtraceNative.Vector { Base = (nint)place, Bytes = (nuint)to.Length };
            var remote = new PtraceNative.Vector { Base = (nint)from, Bytes = (nuint)to.Length };
            return (int)PtraceNative.process_vm_readv(process, &local, 1, &remote, 1, 0);
        }
    }
}
