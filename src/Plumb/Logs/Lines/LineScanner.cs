using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Plumb.Logs.Lines;

/// <summary>
/// Finds the few fields that correlation needs in one line, without parsing the rest of it. Not for two threads at once: it keeps a buffer and what it has
/// learnt about field names.
/// </summary>
internal sealed class LineScanner(DateTimeOffset now)
{
    private const int DeepestWrapper = 3;

    private readonly Timestamps _times = new(now);
    private readonly FieldNames _names = new();
    private byte[] _unescaped = [];

    /// <summary>Reads a line, given without its newline.</summary>
    public void Scan(ReadOnlySpan<byte> line, Wanted wanted, scoped ref LineFields fields)
    {
        line = line.TrimEnd("\r"u8);
        if (line.StartsWith("\uFEFF"u8))
        {
            line = line[3..];
        }
        Scan(line, wanted, ref fields, 0);
    }

    private void Scan(ReadOnlySpan<byte> line, Wanted wanted, ref LineFields fields, int depth)
    {
        if (line.IsEmpty)
        {
            return;
        }
        if (line[0] == '{')
        {
            Json(line, wanted, ref fields, depth);
            return;
        }
        line = line.TrimStart(" \t"u8);
        if (line.IsEmpty)
        {
            return;
        }
        if (line[0] == '{')
        {
            Json(line, wanted, ref fields, depth);
            return;
        }
        if (depth < DeepestWrapper && Unwrap(line, ref fields) is { IsEmpty: false } inner)
        {
            Scan(inner, wanted, ref fields, depth + 1);
            return;
        }
        new TextLine(_times, _names).Read(line, ref fields);
    }

    private void Json(ReadOnlySpan<byte> line, Wanted wanted, ref LineFields fields, int depth)
    {
        fields.Form = LineForm.Json;
        var json = new JsonLine(_times, _names, line, wanted);
        var end = json.Read(ref fields);
        if (end == JsonEnd.Docker)
        {
            // The program's own time is nearer to what happened; Docker's stays when there is none.
            fields.Found &= ~Wanted.Time;
        }
        if (end == JsonEnd.Docker && depth < DeepestWrapper && Unescape(json.Docker) is { IsEmpty: false } inner)
        {
            Scan(inner, wanted, ref fields, depth + 1);
        }
        else if (end == JsonEnd.Unsure)
        {
            // Escapes in a field that matters, or an id deeper than the quick scanner goes.
            if (!JsonTree.Read(line, _times, _names, ref fields) && !fields.HasTrace)
            {
                // No JSON after all, perhaps a line that was cut: what is written as text in it still counts.
                new TextLine(_times, _names).Read(line, ref fields);
            }
        }
    }

    /// <summary>The text of a JSON string whose escapes are still in it; its final line break is Docker's.</summary>
    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> value)
    {
        if (!value.Contains((byte)'\\'))
        {
            return value;
        }
        var quoted = new byte[value.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        value.CopyTo(quoted.AsSpan(1));
        var reader = new Utf8JsonReader(quoted);
        try
        {
            if (!reader.Read())
            {
                return default;
            }
            if (_unescaped.Length < value.Length)
            {
                _unescaped = new byte[value.Length];
            }
            return _unescaped.AsSpan(0, reader.CopyString(_unescaped)).TrimEnd("\r\n"u8);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>What stands behind the prefix of containerd, docker compose, kubectl --prefix or syslog; empty when there is none.</summary>
    private ReadOnlySpan<byte> Unwrap(ReadOnlySpan<byte> line, scoped ref LineFields fields)
    {
        if (line[0] == '<' && Syslog.Unwrap(line, _times, ref fields) is { IsEmpty: false } message)
        {
            return message;
        }
        if (line.StartsWith("[pod/"u8) && line.IndexOf("] "u8) is > 0 and var close)
        {
            // [pod/ledger-6d5b9c7f8-x2k4p/ledger] as kubectl logs --prefix writes it.
            var names = line[5..close];
            if (names.IndexOf((byte)'/') is > 0 and var slash)
            {
                fields.Pod = names[..slash];
                fields.Service = names[(slash + 1)..];
            fields.ServiceRank = 1;
                return line[(close + 2)..];
            }
        }
        if (Cri(line, ref fields) is { IsEmpty: false } logged)
        {
            return logged;
        }
        // auth-1  | {"timestamp": … as docker compose logs writes it.
        if (line.IndexOf("| "u8) is > 0 and <= 64 and var bar && line[..bar].TrimEnd((byte)' ') is { IsEmpty: false } name && !name.ContainsAnyExcept(ContainerLetters))
        {
            fields.Service = WithoutReplica(name);
            fields.ServiceRank = 1;
            return line[(bar + 2)..];
        }
        return default;
    }

    /// <summary>2026-05-01T14:23:01.234567890Z stdout F message</summary>
    private ReadOnlySpan<byte> Cri(ReadOnlySpan<byte> line, scoped ref LineFields fields)
    {
        if (line.Length > 30 && line[..Math.Min(line.Length, 48)].IndexOf(" {"u8) is >= 19 and var brace && _times.TryRead(line, out var prefix, out var length, out _) && length == brace)
        {
            // 2026-05-01T14:23:01.234567890Z {… as kubectl logs --timestamps and many collectors write it.
            fields.Ticks = prefix;
            return line[(brace + 1)..];
        }
        var stream = line.Length > 30 ? line[..Math.Min(line.Length, 48)].IndexOf(" std"u8) : -1;
        if (stream < 20 || !_times.TryRead(line, out var ticks, out var used, out _) || used != stream || line.Length < stream + 10)
        {
            return default;
        }
        var rest = line[(stream + 1)..];
        if (!(rest.StartsWith("stdout "u8) || rest.StartsWith("stderr "u8)) || rest[7] is not ((byte)'F' or (byte)'P') || rest[8] != ' ')
        {
            return default;
        }
        // The program's own time is nearer to what happened than the runtime's; this one stays when there is none.
        fields.Ticks = ticks;
        fields.Partial = rest[7] == 'P';
        return rest[9..];
    }

    private static readonly SearchValues<byte> ContainerLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."u8);

    private static ReadOnlySpan<byte> WithoutReplica(ReadOnlySpan<byte> name)
    {
        var word = name.TrimEnd("0123456789"u8);
        return word.Length < name.Length && word.Length > 1 && word[^1] is (byte)'-' or (byte)'_' ? word[..^1] : name;
    }

    /// <summary>UTF-8 as text, with what is invalid replaced.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
