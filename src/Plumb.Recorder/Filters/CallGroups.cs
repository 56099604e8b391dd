using Plumb.Recorder.Decoding;

namespace Plumb.Recorder.Filters;

/// <summary>strace's classes of calls: by what they take where the signature tells it, else by name.</summary>
internal static class CallGroups
{
    private static readonly Dictionary<string, string> Named = new()
    {
        ["network"] = "socket connect accept accept4 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown bind listen getsockname getpeername socketpair setsockopt getsockopt sendfile",
        ["process"] = "fork vfork clone clone3 execve execveat exit exit_group wait4 waitid kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo unshare pidfd_open pidfd_send_signal arch_prctl",
        ["memory"] = "mmap munmap mprotect mremap brk madvise mlock munlock mlockall munlockall mlock2 msync mincore mbind set_mempolicy get_mempolicy move_pages migrate_pages shmat shmdt shmctl shmget "
            + "remap_file_pages pkey_mprotect pkey_alloc pkey_free process_madvise process_mrelease memfd_secret",
        ["signal"] = "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_tgsigqueueinfo rt_sigsuspend sigaltstack kill tkill tgkill pause signalfd signalfd4 pidfd_send_signal",
    };

    private static readonly string[] DescriptorKinds = ["fd", "dirfd", "pollfds", "fdset", "pipe", "pair"];

    public static IEnumerable<string> Names => ["file", "desc", .. Named.Keys];

    /// <summary>The calls of a group; null when there is no such group.</summary>
    public static IEnumerable<string>? Members(string group) => group switch
    {
        "file" => With(parameter => parameter.Kind is "path"),
        "desc" => With(parameter => DescriptorKinds.Contains(parameter.Kind)),
        _ => Named.TryGetValue(group, out var names) ? names.Split(' ') : null,
    };

    private static IEnumerable<string> With(Func<Parameter, bool> has) =>
        CallTable.Known.Where(call => call.Signature.Parameters?.Any(has) == true).Select(call => call.Signature.Name);
}
