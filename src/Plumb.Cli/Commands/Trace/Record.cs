using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Plumb.Cli.Framework;
using Plumb.Cli.Tracing;
using Plumb.Core;
using Plumb.Recorder;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Descriptors;
using Plumb.Recorder.Ptrace;
using Plumb.Recorder.Ring;

namespace Plumb.Cli.Commands.Trace;

internal sealed class Record : CliCommand
{
    private readonly Argument<string[]> _target = new("target") { Description = "pod/NAME, namespace/NAME, pid PID, cgroup PATH, or -- PROGRAM ARGS", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _namespace = new("--namespace", "-n") { Description = "the pod's namespace (default: default)", HelpName = "NAMESPACE" };
    private readonly Option<int?> _last = new("--last") { Description = $"the last N calls (1 to {Recording.Capacity}): of a pod of the lab those in its ring now, else those at the end", HelpName = "N" };
    private readonly Option<bool> _explain = new("--explain") { Description = "say at the end which failed call came before a bad exit" };
    private readonly Option<bool> _buffers = new("--buffers") { Description = "show what is read and written, too; it may hold secrets" };

    private readonly Option<bool> _ptrace = new("--ptrace") { Description = "read the calls of a program or a process with ptrace, as strace does: without rights, and slow; it is chosen by itself where eBPF may not be loaded" };
    private readonly ViewOptions _view = new();

    public override string Name => "trace";

    public override string Summary => "the system calls of a pod, a process or a program, decoded, also those before a crash";

    public override string Description =>
        "Records every system call with eBPF into a ring of the last 4,096 and shows them decoded as they return. In the lab the recorder is always on, each container from its first execve; when one ends badly or turns unready "
        + "its ring is saved by itself ('plumb trace recordings'), and the crash is a finding. Elsewhere it records from now until Ctrl-C. Needs root (or CAP_BPF and CAP_PERFMON) and Linux 5.10 or later on x86-64 or arm64 ('plumb doctor' tries it); without, a program or a process is read with ptrace, which is slow. "
        + "-o ndjson is one call a line. So is -o json, because there is no end; with --last it is one document. A program's standard output goes to standard error. "
        + "Not visible: io_uring, time calls that the vDSO answers, 32-bit calls (counted only), the calls of this program itself.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb trace -- ls /etc", "run a program and show its system calls"),
        new("plumb trace --explain -- ./service", "and why it ended badly"),
        new("plumb trace --syscall file,connect --errno any -- ./service", "only what failed of these calls"),
        new("plumb trace --stats -- ./service", "counts, errors and times, as strace -c"),
        new("plumb trace pod/crash-app -n default", "a pod of the lab, until Ctrl-C"),
        new("plumb trace pod/crash-app --last 50", "the last calls in its ring, now"),
        new("plumb trace namespace/payments", "every pod of a namespace of the lab"),
        new("plumb trace pid 4711 --last 500", "a process; at the end, its last 500 calls"),
        new("plumb trace cgroup system.slice/cron.service -o ndjson", "a cgroup and what is below it"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes =>
    [
        (0, "recorded; a program that was started ended with 0"),
        (1, "recorded; the program that was started ended with another code or by a signal"),
        (2, "error: bad usage, missing rights, or something that cannot be traced; one line on standard error says which"),
    ];

    public override IReadOnlyList<Option> Options => [_namespace, _last, _explain, _buffers, _ptrace, .. _view.All];

    public override IReadOnlyList<Argument> Arguments => [_target];

    public override IReadOnlyList<OutputFormat> Formats => OutputFormats.Calls;

    public override IReadOnlyList<CommandNode> Members { get; } = [new Recordings(), new Show(), new Explain(), new Diff(), new Node()];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var last = call.Get(_last);
        if (last is < 1 or > Recording.Capacity)
        {
            return call.Fail(new Problem($"--last is 1 to {Recording.Capacity}: the ring holds no more"));
        }
        var buffers = call.Get(_buffers);
        var view = _view.Read(call, buffers);
        if (!view.IsOk)
        {
            return call.Fail(view.Problem);
        }
        var isProgram = call.Parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        var words = call.Get(_target) ?? [];
        var isPtraced = ((words.Length > 0 && isProgram) || words is ["pid", _]) && (call.Get(_ptrace) || PtraceRecording.IsNeeded);
        if (isPtraced && !call.Get(_ptrace))
        {
            call.Terminal.Error.WriteLine(PtraceRecording.Notice);
        }
        var found = isPtraced ? TraceTarget.Ptraced(words, isProgram, buffers) : await TargetResolution.FindAsync(call, words, isProgram, call.Get(_namespace), cancellation);
        if (!found.IsOk)
        {
            return call.Fail(found.Problem);
        }
        using var target = found.Value;
        var output = TraceOutput.Live(call.Terminal, call.Time, call.Format, target.Containers, view.Value, hasEnd: last is not null);
        var decoder = new CallDecoder(view.Value.Privacy, new LiveDescriptors(view.Value.Privacy.Redact, target.Program is not null));
        var counted = await new TraceSession(target, output, decoder, call.Time, last, call.Get(_explain)).RunAsync(buffers, cancellation);
        if (!counted.IsOk)
        {
            return call.Fail(counted.Problem);
        }
        call.Terminal.Error.WriteLine(Summed(target, counted.Value, last is not null, output.Shown));
        if (target.Program is not { } program)
        {
            return ExitCode.Pass;
        }
        call.Terminal.Error.WriteLine($"{target.Words} ended with {program.ExitCode}{(program.ExitCode is > 128 and <= 192 ? $" (signal {program.ExitCode - 128})" : "")}");
        return program.ExitCode == 0 ? ExitCode.Pass : ExitCode.Fail;
    }

    /// <summary>What was recorded, and everything that is missing from it.</summary>
    private static string Summed(TraceTarget target, RecordingCounters counters, bool isRing, string? shown)
    {
        var parts = new List<string> { $"{target.Words}: {TraceOutput.Count(counters.Recorded)} recorded" };
        if (isRing)
        {
            parts.Add($"{Number(Math.Min(counters.Recorded, Recording.Capacity))} held by the ring");
        }
        parts.Add(isRing && counters.Overwritten > 0 ? $"{Number(counters.Overwritten)} older ones overwritten" : $"{Number(counters.Overwritten)} lost");
        if (counters.LostReturns > 0)
        {
            parts.Add($"{Number(counters.LostReturns)} without their return");
        }
        if (counters.Torn > 0)
        {
            parts.Add($"{Number(counters.Torn)} torn");
        }
        if (counters.Compat > 0)
        {
            parts.Add($"{Number(counters.Compat)} 32-bit calls not decoded");
        }
        if (counters.Yields > 0)
        {
            parts.Add($"{Number(counters.Yields)} sched_yield not kept");
        }
        if (shown is not null)
        {
            parts.Add(shown);
        }
        return string.Join(", ", parts);
    }

    private static string Number(ulong number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
