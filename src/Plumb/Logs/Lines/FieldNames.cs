using System.Buffers.Binary;
using System.Text;

namespace Plumb.Logs.Lines;

internal enum FieldKind : byte
{
    Other,
    Time,
    Trace,
    Traceparent,
    Request,
    Service,
    Container,
    Level,
    Event,
    Message,
    Span,
    ParentSpan,
    Thread,
    Pod,
    Code,

    /// <summary>An object whose fields count as the line's own.</summary>
    Nest,

    /// <summary>Docker's json-file: the line as the program wrote it.</summary>
    DockerLog,
}

/// <summary>
/// What a field's name means: the names that OpenTelemetry, ECS, Serilog, Bunyan, Pino, zap, logrus, structlog, Spring and Docker use. Upper case, dots,
/// dashes and underscores make no difference. Names that were asked once are answered from a small table.
/// </summary>
internal sealed class FieldNames
{
    private const int Slots = 512;
    private const int LongestName = 48;
    private const int MostHeads = 16;

    private readonly (byte[] Name, FieldKind Kind)[] _known = new (byte[], FieldKind)[Slots];

    /// <summary>What the lines before had as their first, second, … field, from the end of the value before it to its opening quote: <c>,"level":"</c>.</summary>
    private readonly (byte[]? Head, FieldKind Kind)[] _heads = new (byte[]?, FieldKind)[MostHeads];

    /// <summary>
    /// Whether the next field is the one that the lines before had in its place. One program's lines begin alike, and comparing is quicker than reading.
    /// </summary>
    /// <param name="length">Bytes up to its opening quote.</param>
    public bool IsUsual(int field, ReadOnlySpan<byte> rest, out FieldKind kind, out int length)
    {
        if (field < MostHeads && _heads[field] is { Head: { } head, Kind: var usual } && rest.StartsWith(head))
        {
            (kind, length) = (usual, head.Length - 1);
            return true;
        }
        (kind, length) = (FieldKind.Other, 0);
        return false;
    }

    /// <param name="head">With the opening quote at its end.</param>
    public void Remember(int field, ReadOnlySpan<byte> head, FieldKind kind)
    {
        if (field < MostHeads && head.Length <= LongestName)
        {
            _heads[field] = (head.ToArray(), kind);
        }
    }

    public FieldKind Of(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > LongestName)
        {
            return FieldKind.Other;
        }
        ref var slot = ref _known[Slot(name)];
        if (slot.Name is null || !name.SequenceEqual(slot.Name))
        {
            slot = (name.ToArray(), Classify(name));
        }
        return slot.Kind;
    }

    private static int Slot(ReadOnlySpan<byte> name)
    {
        unchecked
        {
            uint word = name.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(name) : (uint)(name[0] | (name[^1] << 8));
            uint end = name.Length >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(name[^4..]) : 0;
            return (int)((((word * 0x9E3779B1u) ^ (end * 0x85EBCA6Bu)) + ((uint)name.Length * 0xC2B2AE35u)) >> 23);
        }
    }

    private static FieldKind Classify(ReadOnlySpan<byte> name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterOrDigit((char)letter) || letter == '@')
            {
                plain.Append(char.ToLowerInvariant((char)letter));
            }
        }
        return plain.ToString() switch
        {
            "time" or "timestamp" or "@timestamp" or "ts" or "t" or "@t" or "datetime" or "date" or "asctime" or "timeunixnano" or "eventtime" or "logtime" => FieldKind.Time,
            "traceid" or "trace" or "tid128" or "ddtraceid" or "oteltraceid" or "@tr" or "xb3traceid" or "b3traceid" or "amzntraceid" or "logginggoogleapiscomtrace" => FieldKind.Trace,
            "traceparent" => FieldKind.Traceparent,
            "requestid" or "xrequestid" or "correlationid" or "xcorrelationid" or "reqid" or "transactionid" => FieldKind.Request,
            "service" or "servicename" or "app" or "application" or "appname" or "svc" => FieldKind.Service,
            "containername" or "component" => FieldKind.Container,
            "level" or "severity" or "lvl" or "loglevel" or "levelname" or "severitytext" or "@l" or "sev" => FieldKind.Level,
            "event" or "eventname" or "eventaction" or "evt" => FieldKind.Event,
            "message" or "msg" or "@m" or "@mt" or "body" or "text" => FieldKind.Message,
            "log" => FieldKind.DockerLog,
            "spanid" or "otelspanid" or "@sp" or "ddspanid" => FieldKind.Span,
            "parentspanid" or "parentid" or "@ps" => FieldKind.ParentSpan,
            "thread" or "threadid" or "threadname" or "goroutine" => FieldKind.Thread,
            "pod" or "podname" or "host" or "hostname" or "k8spodname" or "instance" => FieldKind.Pod,
            "logger" or "loggername" or "caller" or "source" or "file" or "class" or "module" or "sourcecontext" or "lineno" or "function" or "codefilepath" => FieldKind.Code,
            "fields" or "attributes" or "context" or "ctx" or "mdc" or "resource" or "kubernetes" or "otel" or "span" or "dd" or "extra" or "data" or "properties" => FieldKind.Nest,
            _ => FieldKind.Other,
        };
    }
}
