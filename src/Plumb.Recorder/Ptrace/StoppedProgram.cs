using System.Runtime.InteropServices;
using System.Text;
using Plumb.Core;
using Plumb.Recorder.Kernel;

namespace Plumb.Recorder.Ptrace;

/// <summary>Starts a program that waits, stopped, until somebody traces it. Its standard output goes to standard error.</summary>
internal static unsafe class StoppedProgram
{
    private const string Script = "kill -STOP $$; exec \"$0\" \"$@\" >&2";
    private const int AttributeBytes = 336;
    private const int SignalSetBytes = 128;
    private const short ResetSignals = 4;
    private const int SigPipe = 13;

    /// <summary>The number of the stopped process. It is a child of the calling thread.</summary>
    public static Result<int> Start(string file, IReadOnlyList<string> arguments)
    {
        string[] words = ["/bin/sh", "-c", Script, file, .. arguments];
        var pointers = stackalloc byte*[words.Length + 1];
        var attributes = stackalloc byte[AttributeBytes];
        var signals = stackalloc byte[SignalSetBytes];
        new Span<byte>(signals, SignalSetBytes).Clear();
        // This runtime ignores SIGPIPE; a program expects to end by it.
        signals[(SigPipe - 1) / 8] = 1 << ((SigPipe - 1) % 8);
        _ = PtraceNative.posix_spawnattr_init(attributes);
        _ = PtraceNative.posix_spawnattr_setflags(attributes, ResetSignals);
        _ = PtraceNative.posix_spawnattr_setsigdefault(attributes, signals);
        try
        {
            for (var index = 0; index < words.Length; index++)
            {
                pointers[index] = (byte*)Marshal.StringToCoTaskMemUTF8(words[index]);
            }
            pointers[words.Length] = null;
            int process;
            var environment = *(byte***)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "environ");
            var failed = PtraceNative.posix_spawn(&process, pointers[0], null, attributes, pointers, environment);
            if (failed != 0)
            {
                return new Problem($"/bin/sh cannot be started: {Marshal.GetPInvokeErrorMessage(failed)}");
            }
            int status;
            return PtraceNative.waitpid(process, &status, PtraceNative.WaitAll | PtraceNative.WaitStopped) == process && (status & 0xFF) == 0x7F
                ? process : new Problem($"{file} ended before it could be traced");
        }
        finally
        {
            for (var index = 0; index < words.Length; index++)
            {
                Marshal.FreeCoTaskMem((nint)pointers[index]);
            }
        }
    }
}
