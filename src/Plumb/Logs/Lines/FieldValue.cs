namespace Plumb.Logs.Lines;

/// <summary>Puts a field's value where it belongs. A trace's id is better than a request's, and what was found first stays.</summary>
internal static class FieldValue
{
    public static void Take(FieldKind kind, ReadOnlySpan<byte> value, Timestamps times, scoped ref LineFields fields)
    {
        switch (kind)
        {
            case FieldKind.Time:
                if ((fields.Found & Wanted.Time) == Wanted.None && times.TryRead(value, out var ticks, out _, out var zone))
                {
                    (fields.Ticks, fields.ZoneMissing) = (ticks, !zone);
                    fields.Found |= Wanted.Time;
                }
                break;
            case FieldKind.Trace:
                Trace(value[(value.LastIndexOf((byte)'/') + 1)..], 2, ref fields);
                break;
            case FieldKind.Traceparent:
                if (Words.TryTraceparent(value, out var trace, out var span))
                {
                    Trace(trace, 2, ref fields);
                    fields.ParentSpan = fields.ParentSpan.IsEmpty ? span : fields.ParentSpan;
                }
                break;
            case FieldKind.Request:
                Trace(value, 1, ref fields);
                break;
            case FieldKind.Service or FieldKind.Container:
                Service(value, kind == FieldKind.Service ? 3 : 2, ref fields);
                break;
            case FieldKind.Level:
                if (Words.Level(value) is not LogLevel.Unknown and var level)
                {
                    fields.Level = level;
                    fields.Found |= Wanted.Level;
                }
                break;
            case FieldKind.Event:
                fields.Event = value;
                fields.Found |= Wanted.Event;
                break;
            default:
                Rest(kind, value, ref fields);
                break;
        }
    }

    private static void Rest(FieldKind kind, ReadOnlySpan<byte> value, scoped ref LineFields fields)
    {
        switch (kind)
        {
            case FieldKind.Message when fields.Message.IsEmpty:
                fields.Message = value;
                break;
            case FieldKind.Span:
                fields.Span = value;
                break;
            case FieldKind.ParentSpan:
                fields.ParentSpan = value;
                break;
            case FieldKind.Thread when fields.Thread.IsEmpty:
                fields.Thread = value;
                break;
            case FieldKind.Pod when fields.Pod.IsEmpty:
                fields.Pod = value;
                break;
            case FieldKind.Code when fields.Code.IsEmpty:
                fields.Code = value;
                break;
            default:
                break;
        }
    }

    public static void Trace(ReadOnlySpan<byte> value, int rank, scoped ref LineFields fields)
    {
        if (rank > fields.TraceRank && TraceKey.TryRead(value, out var key))
        {
            fields.TraceText = value;
            (fields.Trace, fields.HasTrace, fields.TraceRank) = (key, true, rank);
            fields.Found |= rank == 2 ? Wanted.Trace : Wanted.None;
        }
    }

    private static void Service(ReadOnlySpan<byte> value, int rank, scoped ref LineFields fields)
    {
        if (rank > fields.ServiceRank && !value.IsEmpty)
        {
            fields.Service = value;
            fields.ServiceRank = rank;
            fields.Found |= rank == 3 ? Wanted.Service : Wanted.None;
        }
    }
}
