namespace Plumb.Recorder.Kernel;

/// <summary>A map's memory, shared with the kernel.</summary>
internal sealed unsafe class MappedMemory : IDisposable
{
    private const int PageBytes = 4096;
    private readonly nint _bytes;

    private MappedMemory(byte* pointer, nint bytes)
    {
        Pointer = pointer;
        _bytes = bytes;
    }

    public byte* Pointer { get; private set; }

    /// <summary>Null when the kernel refuses.</summary>
    public static MappedMemory? Of(int map, int bytes, bool writable = true)
    {
        var whole = (bytes + PageBytes - 1) / PageBytes * PageBytes;
        var pointer = Native.mmap(null, whole, writable ? Native.ProtRead | Native.ProtWrite : Native.ProtRead, Native.MapShared, map, 0);
        return pointer == (byte*)-1 ? null : new MappedMemory(pointer, whole);
    }

    public void Dispose()
    {
        if (Pointer is not null)
        {
            _ = Native.munmap(Pointer, _bytes);
            Pointer = null;
        }
    }
}
