using System.Runtime.InteropServices;

namespace Plumb.Cluster.Containers;

/// <summary>Characters that a terminal's window shows.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TerminalSize(ushort Columns, ushort Rows);

/// <summary>A pseudo terminal of a container: the program holds one end, the command gets the other one as its controlling terminal.</summary>
internal static class PseudoTerminal
{
    private const ulong SetWindowSize = 0x5414;
    private const ulong SetLock = 0x40045431;
    private const ulong GetNumber = 0x80045430;

    /// <summary>The group that owns terminals, on every Linux; what the container's devpts is mounted with too.</summary>
    private const uint TerminalGroup = 5;

    /// <summary>Called on a thread that is in the container, so that the terminal is one of the container's own /dev/pts.</summary>
    /// <returns>This program's end, which closes on exec; and the path that the command opens, or why there is none.</returns>
    public static (int Fd, string? Path, string? Failure) Open(TerminalSize size, uint owner)
    {
        var fd = Native.open(Native.Text("/dev/ptmx"), Native.ORdWr | Native.ONoCtty | Native.OCloExec | Native.ONonBlock, 0);
        if (fd < 0)
        {
            return (-1, null, $"open /dev/ptmx: {Native.Describe(Native.LastError)}");
        }
        var number = new byte[sizeof(int)];
        if (Native.ioctl(fd, SetLock, new byte[sizeof(int)]) != 0 || Native.ioctl(fd, GetNumber, number) != 0)
        {
            var failure = $"open /dev/pts: {Native.Describe(Native.LastError)}";
            _ = Native.close(fd);
            return (-1, null, failure);
        }
        var path = $"/dev/pts/{BitConverter.ToInt32(number)}";
        _ = Native.chown(Native.Text(path), owner, TerminalGroup);
        Resize(fd, size);
        return (fd, path, null);
    }

    /// <summary>The kernel tells the foreground process group (SIGWINCH).</summary>
    public static void Resize(int fd, TerminalSize size)
    {
        // struct winsize: rows, columns, and two fields for pixels.
        var window = new byte[8];
        BitConverter.TryWriteBytes(window, size.Rows);
        BitConverter.TryWriteBytes(window.AsSpan(2), size.Columns);
        _ = Native.ioctl(fd, SetWindowSize, window);
    }
}
