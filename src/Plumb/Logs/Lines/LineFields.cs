using System.Text.Json.Serialization;

namespace Plumb.Logs.Lines;

/// <summary>How bad a line says it is; ordered.</summary>
internal enum LogLevel : byte
{
    Unknown = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
}

/// <summary>How a line is written, behind any wrapper of a container runtime.</summary>
internal enum LineForm : byte
{
    /// <summary>Neither a time nor a key was found: an empty line, binary data, the next line of a stack trace.</summary>
    Unreadable,
    Text,
    Logfmt,
    Json,
}

/// <summary>What is looked for in a line. The scanner stops where all of it is found.</summary>
[Flags]
internal enum Wanted
{
    None = 0,
    Time = 1,
    Trace = 2,
    Service = 4,
    Level = 8,
    Event = 16,

    /// <summary>Also spans, thread, pod and message: the whole line is read.</summary>
    Everything = 32,
    Grouping = Time | Trace | Service | Level | Event,
}

/// <summary>What one line says. The spans point into the line, or into the scanner's own buffer until its next line.</summary>
internal ref struct LineFields
{
    public LineForm Form;

    /// <summary>UTC, ticks of 100 ns since the year 1; 0 when the line states no time.</summary>
    public long Ticks;

    /// <summary>The time was stated without a zone and read as UTC.</summary>
    public bool ZoneMissing;

    /// <summary>The line has an id.</summary>
    public bool HasTrace;

    public TraceKey Trace;
    public LogLevel Level;

    /// <summary>The runtime cut the line here; the next one goes on with it.</summary>
    public bool Partial;

    public ReadOnlySpan<byte> TraceText;
    public ReadOnlySpan<byte> Service;
    public ReadOnlySpan<byte> Event;
    public ReadOnlySpan<byte> Message;
    public ReadOnlySpan<byte> Span;
    public ReadOnlySpan<byte> ParentSpan;
    public ReadOnlySpan<byte> Thread;
    public ReadOnlySpan<byte> Pod;

    /// <summary>File and line, class or logger that wrote it.</summary>
    public ReadOnlySpan<byte> Code;

    internal Wanted Found;

    /// <summary>How sure it is that <see cref="TraceText"/> is the trace's id: 2 trace, 1 request or correlation.</summary>
    internal int TraceRank;

    internal int ServiceRank;
}
