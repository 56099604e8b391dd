namespace Plumb.Recorder.Ptrace;

/// <summary><c>struct ptrace_syscall_info</c> of include/uapi/linux/ptrace.h: offsets in bytes.</summary>
internal static class SyscallInfo
{
    public const int Operation = 0;
    public const int Machine = 4;
    public const int Number = 24;
    public const int Arguments = 32;
    public const int Returned = 24;
    public const int Bytes = 88;

    public const byte Entry = 1;
    public const byte Exit = 2;

    /// <summary>AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64: others are 32-bit programs.</summary>
    public const uint X64 = 0xC000003E;
    public const uint Arm64 = 0xC00000B7;
}
