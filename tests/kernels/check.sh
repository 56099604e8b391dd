#!/bin/sh
# What the recorder has to do under another kernel.
program=/opt/plumb/Plumb.Cli
if [ ! -x $program ]; then
    # The word-for-word comparison is left out: before 6.8 the kernel tells strace nothing of a socket that is bound and does not listen.
    exec tests/Plumb.EndToEnd/bin/Debug/net10.0/Plumb.EndToEnd -noLogo -noColor -maxThreads 1 \
        -class '*.TraceTests' -class '*.FlightRecorderTests' -class '*.StraceComparisonTests' \
        -method- '*.The_calls_of_a_service_are_decoded_in_full_as_strace_does'
fi
# Another processor has no compiler and no strace here, so the commands that tell most: the output has a line with the pattern.
set -e
/opt/tests/Plumb.EndToEnd -noLogo -noColor -maxThreads 1 -class '*.FlightRecorderTests'
expect() { # PATTERN COMMAND...
    pattern=$1; shift
    "$@" > /tmp/output 2>&1 || true
    if grep -Eq "$pattern" /tmp/output; then echo "ok: $*"; else echo "not found: $pattern, in the output of: $*"; cat /tmp/output; exit 1; fi
}
expect 'execve +filename="/bin/cat", argv=\["/bin/cat", "/etc/passwd"\]' $program trace -- cat /etc/passwd
expect 'openat +dfd=AT_FDCWD, filename="/nothing", flags=O_RDONLY +-1 ENOENT' $program trace -- cat /nothing
expect 'last failure that matters was openat\("/nothing"\) = ENOENT' $program trace --explain -- cat /nothing
expect 'last failure that matters was openat\("/nothing"\) = ENOENT' $program trace --ptrace --explain -- cat /nothing
expect 'openat\(dfd=AT_FDCWD, filename="/", flags=O_RDONLY\|O_NONBLOCK\|O_CLOEXEC\|O_DIRECTORY\)|O_DIRECTORY +3</>' $program trace -- ls /
expect '^exit_group +2 ' $program trace --stats -- sh -c 'cat /nothing; true'
