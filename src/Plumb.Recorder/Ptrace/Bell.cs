using System.Runtime.InteropServices;

namespace Plumb.Recorder.Ptrace;

/// <summary>
/// Wakes a thread that waits in waitpid: by a real-time signal whose handler does nothing, so that the waiting is interrupted. The handler is the C library's abs,
/// which is safe in a signal handler, takes a number and has no effect.
/// </summary>
internal static unsafe class Bell
{
    private const int Signal = 60;
    private const int ActionBytes = 152;

    public static void Install()
    {
        var action = stackalloc byte[ActionBytes];
        new Span<byte>(action, ActionBytes).Clear();
        *(nint*)action = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs");
        _ = PtraceNative.sigaction(Signal, action, null);
    }

    public static void Ring(nint thread) => _ = PtraceNative.pthread_kill(thread, Signal);
}
