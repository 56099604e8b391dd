namespace Plumb.Lab.Payments.Faults;

/// <summary>What can be made to go wrong inside one pod.</summary>
internal enum FaultKind
{
    Latency,
    Errors,
    Hang,
    NotReady,
    NotLive,
    Memory,
    Cpu,
    Exit,
    DropTraceparent,
    LogWithoutTraceId,
    MailTimeout,
    DeadPool,
}

/// <param name="Name">The word in the admin API's path.</param>
/// <param name="Summary">What happens while the fault is set.</param>
/// <param name="Parameters">Which of <see cref="FaultRequest"/>'s fields it reads, besides durationSeconds.</param>
internal sealed record FaultDescription(FaultKind Kind, string Name, string Summary, string[] Parameters)
{
    public static readonly IReadOnlyList<FaultDescription> All =
    [
        new(FaultKind.Latency, "latency", "Requests wait delayMs before they are worked on.", ["delayMs", "percent"]),
        new(FaultKind.Errors, "errors", "Requests are answered with status instead of being worked on.", ["status", "percent"]),
        new(FaultKind.Hang, "hang", "Requests are accepted and never answered while the fault lasts.", ["percent"]),
        new(FaultKind.NotReady, "not-ready", "/ready answers 503; everything else works.", []),
        new(FaultKind.NotLive, "not-live", "/healthz answers 503, so the kubelet restarts the container.", []),
        new(FaultKind.Memory, "memory", "Holds megabytes more memory, reached over rampSeconds; above the limit the kernel kills the process.", ["megabytes", "rampSeconds"]),
        new(FaultKind.Cpu, "cpu", "Burns CPU on workers threads.", ["workers"]),
        new(FaultKind.Exit, "exit", "The process ends at once with code, without a drain.", ["code"]),
        new(FaultKind.DropTraceparent, "drop-traceparent", "Calls to other services carry no traceparent: the trace breaks here.", []),
        new(FaultKind.LogWithoutTraceId, "log-without-trace-id", "Log lines carry no trace id: the one forgotten field.", []),
        new(FaultKind.MailTimeout, "mail-timeout", "The mail server times out after delayMs, and the error handler writes a plain line without the trace id (notification only).", ["delayMs", "percent"]),
        new(FaultKind.DeadPool, "dead-pool", "Pooled database connections are dead and are not replaced; a fresh connection still works.", []),
    ];

    public static FaultDescription? Find(string name) => All.FirstOrDefault(f => f.Name == name);

    public static FaultDescription Of(FaultKind kind) => All.First(f => f.Kind == kind);
}

/// <summary>How a fault is set; what is left out takes the stated default.</summary>
/// <param name="DurationSeconds">1 to 3600, default 60: every fault ends by itself, also when whoever set it has died.</param>
/// <param name="Percent">Share of requests, 1 to 100, default 100.</param>
/// <param name="DelayMs">1 to 60000, default 300 (mail-timeout: 50).</param>
/// <param name="Status">400 to 599, default 500.</param>
/// <param name="Megabytes">1 to 4096, default 256.</param>
/// <param name="RampSeconds">0 to 3600, default 5.</param>
/// <param name="Workers">1 to 16, default 1.</param>
/// <param name="Code">0 to 255, default 1.</param>
internal sealed record FaultRequest(
    int? DurationSeconds = null, int? Percent = null, int? DelayMs = null, int? Status = null, int? Megabytes = null,
    int? RampSeconds = null, int? Workers = null, int? Code = null)
{
    /// <summary>The first thing that is wrong, as (field, sentence); null when the request can be carried out.</summary>
    public (string Field, string Message)? Check(FaultDescription fault)
    {
        (string Name, int? Value, int Min, int Max)[] fields =
        [
            ("durationSeconds", DurationSeconds, 1, 3600), ("percent", Percent, 1, 100), ("delayMs", DelayMs, 1, 60_000), ("status", Status, 400, 599),
            ("megabytes", Megabytes, 1, 4096), ("rampSeconds", RampSeconds, 0, 3600), ("workers", Workers, 1, 16), ("code", Code, 0, 255),
        ];
        foreach (var (name, value, min, max) in fields)
        {
            if (value is null)
            {
                continue;
            }

            if (name != "durationSeconds" && !fault.Parameters.Contains(name))
            {
                return (name, $"{fault.Name} has no {name}. It takes: {string.Join(", ", ["durationSeconds", .. fault.Parameters])}.");
            }

            if (value < min || value > max)
            {
                return (name, $"{name} is {value}; it must be from {min} to {max}.");
            }
        }

        return null;
    }
}

/// <summary>A fault that is set now.</summary>
internal sealed record ActiveFault(FaultKind Kind, FaultRequest Request, DateTimeOffset SetAt, DateTimeOffset ExpiresAt);
