using System.Buffers;

namespace Plumb.Logs.Lines;

internal enum JsonEnd
{
    /// <summary>What was wanted is found, or the object is read to its end.</summary>
    Done,

    /// <summary>The line is Docker's: the program's own line stands in <c>log</c>.</summary>
    Docker,

    /// <summary>A full parser has to look.</summary>
    Unsure,
}

/// <summary>
/// Walks over one JSON object by its quotes and brackets, and looks only into the values of fields whose names matter. It checks no grammar: where something is
/// not as it should be, or is written with escapes, it says that it is unsure.
/// </summary>
internal ref struct JsonLine(Timestamps times, FieldNames names, ReadOnlySpan<byte> line, Wanted wanted)
{
    private const int DeepestNest = 3;
    private static readonly SearchValues<byte> Brackets = SearchValues.Create("\"{}[]"u8);

    private readonly ReadOnlySpan<byte> _line = line;
    private int _at;
    private bool _unsure;
    private bool _idDeeper;

    /// <summary>The escaped text of Docker's field <c>log</c>.</summary>
    public ReadOnlySpan<byte> Docker { get; private set; }

    public JsonEnd Read(scoped ref LineFields fields)
    {
        _at = 1;
        var whole = Object(FieldKind.Other, 0, ref fields);
        if (!Docker.IsEmpty && !fields.HasTrace)
        {
            return JsonEnd.Docker;
        }
        return !whole || _unsure || (_idDeeper && !fields.HasTrace) ? JsonEnd.Unsure : JsonEnd.Done;
    }

    /// <returns>False when this is no object as it should be.</returns>
    private bool Object(FieldKind parent, int depth, scoped ref LineFields fields)
    {
        for (var field = 0; ; field++)
        {
            var from = _at;
            if (depth == 0 && names.IsUsual(field, _line[from..], out var usual, out var length))
            {
                _at += length;
                if (!Text(usual, depth, ref fields))
                {
                    return false;
                }
                if ((fields.Found & wanted) == wanted)
                {
                    return true;
                }
                continue;
            }
            var next = Skip();
            if (next == '}')
            {
                _at++;
                return true;
            }
            if (next == ',')
            {
                _at++;
                next = Skip();
            }
            if (next != '"' || !String(out var name, out var nameEscaped))
            {
                return false;
            }
            if (Skip() != ':')
            {
                return false;
            }
            _at++;
            var kind = nameEscaped ? FieldKind.Other : Kind(name, parent);
            if (depth == 0 && Skip() == '"')
            {
                names.Remember(field, _line[from..(_at + 1)], kind);
            }
            if (!Value(kind, depth, ref fields))
            {
                return false;
            }
            if ((fields.Found & wanted) == wanted && depth == 0)
            {
                return true;
            }
            if (_at >= _line.Length)
            {
                return false;
            }
        }
    }

    /// <summary>Inside {"trace": {"id": …}} and {"service": {"name": …}} (ECS) the outer name decides.</summary>
    private readonly FieldKind Kind(ReadOnlySpan<byte> name, FieldKind parent)
    {
        if (parent is FieldKind.Trace or FieldKind.Service or FieldKind.Event or FieldKind.Pod)
        {
            return name.SequenceEqual("id"u8) || name.SequenceEqual("name"u8) || name.SequenceEqual("action"u8) ? parent : FieldKind.Other;
        }
        return names.Of(name);
    }

    private bool Value(FieldKind kind, int depth, scoped ref LineFields fields)
    {
        switch (Skip())
        {
            case (byte)'"':
                return Text(kind, depth, ref fields);
            case (byte)'{' when depth < DeepestNest && kind is FieldKind.Nest or FieldKind.Trace or FieldKind.Service or FieldKind.Event or FieldKind.Pod or FieldKind.DockerLog:
                _at++;
                return Object(kind is FieldKind.Nest or FieldKind.DockerLog ? FieldKind.Other : kind, depth + 1, ref fields);
            case (byte)'{' or (byte)'[':
                return Nested();
            case 0:
                return false;
            default:
                var rest = _line[_at..];
                var end = ScalarEnd(rest);
                if (end == 0 || end == rest.Length)
                {
                    return false;
                }
                if (kind is FieldKind.Time or FieldKind.Level or FieldKind.Trace or FieldKind.Thread or FieldKind.Request && rest[0] != 'n')
                {
                    Take(kind, rest[..end], false, depth, ref fields);
                }
                _at += end;
                return true;
        }
    }

    private bool Text(FieldKind kind, int depth, scoped ref LineFields fields)
    {
        if (!String(out var text, out var escaped))
        {
            return false;
        }
        if (kind != FieldKind.Other)
        {
            Take(kind, text, escaped, depth, ref fields);
        }
        return true;
    }

    /// <summary>Numbers and words are short: looking at each letter is quicker than any search.</summary>
    private static int ScalarEnd(ReadOnlySpan<byte> text)
    {
        var end = 0;
        while (end < text.Length && text[end] is not ((byte)',' or (byte)'}' or (byte)']' or (byte)' ' or (byte)'\t'))
        {
            end++;
        }
        return end;
    }

    private void Take(FieldKind kind, ReadOnlySpan<byte> value, bool escaped, int depth, scoped ref LineFields fields)
    {
        if (escaped && kind is FieldKind.Trace or FieldKind.Service or FieldKind.Event or FieldKind.Time)
        {
            _unsure |= escaped;
            return;
        }
        if (kind == FieldKind.DockerLog)
        {
            // {"log":"…\n","stream":"stdout","time":"…"}: only Docker ends its text with an escaped line break.
            if (depth == 0 && value.EndsWith("\\n"u8) && _line.IndexOf("\"stream\":\"std"u8) > 0)
            {
                Docker = value;
            }
            else
            {
                kind = FieldKind.Message;
            }
        }
        FieldValue.Take(kind, value, times, ref fields);
    }

    /// <summary>Over an object or array whose content does not matter, however deep. An id that may be in there is remembered.</summary>
    private bool Nested()
    {
        var from = _at;
        var open = 0;
        while (_at < _line.Length)
        {
            var found = _line[_at..].IndexOfAny(Brackets);
            if (found < 0)
            {
                break;
            }
            _at += found;
            switch (_line[_at])
            {
                case (byte)'"':
                    if (!String(out _, out _))
                    {
                        return false;
                    }
                    continue;
                case (byte)'{' or (byte)'[':
                    open++;
                    break;
                default:
                    open--;
                    break;
            }
            _at++;
            if (open == 0)
            {
                _idDeeper |= _line[from.._at].IndexOf("race"u8) >= 0;
                return true;
            }
        }
        return false;
    }

    /// <summary>A string from its opening quote to behind its closing one; the text has its escapes still in it.</summary>
    private bool String(out ReadOnlySpan<byte> text, out bool escaped)
    {
        var start = _at + 1;
        var at = start;
        escaped = false;
        while (at < _line.Length)
        {
            var found = _line[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                break;
            }
            at += found;
            if (_line[at] == '"')
            {
                text = _line[start..at];
                _at = at + 1;
                return true;
            }
            escaped = true;
            at += 2;
        }
        text = default;
        return false;
    }

    /// <summary>Over white space. The result is the next byte, 0 at the end.</summary>
    private byte Skip()
    {
        var text = _line;
        var at = _at;
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t')
        {
            at++;
        }
        _at = at;
        return at < text.Length ? text[at] : (byte)0;
    }
}
