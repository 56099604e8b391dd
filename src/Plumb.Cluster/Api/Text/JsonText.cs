using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Plumb.Cluster.Api.Text;

/// <summary>
/// Reads JSON as the API server does: the same error messages for broken text, and duplicate keys noticed (the last one wins)
/// instead of refused, because whether they matter depends on the request's fieldValidation.
/// </summary>
internal sealed class JsonText
{
    private const int DepthLimit = 500;

    private readonly byte[] _text;
    private readonly List<string> _path = [];
    private int _at;
    private int _depth;

    private JsonText(byte[] text) => _text = text;

    /// <summary>Paths of keys that stood twice in one object, for instance <c>data.a</c>.</summary>
    public List<string> Duplicates { get; } = [];

    /// <summary>The value, or in the words of the server why the text is none.</summary>
    public static (JsonNode? Value, string? Error, List<string> Duplicates) Parse(byte[] utf8)
    {
        var reader = new JsonText(utf8);
        try
        {
            reader.SkipSpace();
            var value = reader.Value();
            reader.SkipSpace();
            if (reader._at < utf8.Length)
            {
                throw reader.Invalid("after top-level value");
            }
            return (value, null, reader.Duplicates);
        }
        catch (FormatException broken)
        {
            return (null, broken.Message, []);
        }
    }

    private JsonNode? Value()
    {
        if (++_depth > DepthLimit)
        {
            throw new FormatException("exceeded max depth");
        }
        var value = Peek() switch
        {
            (byte)'{' => (JsonNode?)Object(),
            (byte)'[' => Array(),
            (byte)'"' => JsonValue.Create(Text()),
            (byte)'t' => Literal("true", JsonValue.Create(true)),
            (byte)'f' => Literal("false", JsonValue.Create(false)),
            (byte)'n' => Literal("null", null),
            (byte)'-' or (>= (byte)'0' and <= (byte)'9') => Number(),
            _ => throw Invalid("looking for beginning of value"),
        };
        _depth--;
        return value;
    }

    private JsonObject Object()
    {
        _at++;
        var made = new JsonObject();
        SkipSpace();
        if (Peek() == '}')
        {
            _at++;
            return made;
        }
        while (true)
        {
            if (Peek() != '"')
            {
                throw Invalid("looking for beginning of object key string");
            }
            var key = Text();
            SkipSpace();
            if (Peek() != ':')
            {
                throw Invalid("after object key");
            }
            _at++;
            SkipSpace();
            _path.Add(key);
            if (made.ContainsKey(key))
            {
                Duplicates.Add(string.Join('.', _path).Replace(".[", "[", StringComparison.Ordinal));
            }
            made[key] = Value();
            _path.RemoveAt(_path.Count - 1);
            SkipSpace();
            var next = Peek();
            if (next == '}')
            {
                _at++;
                return made;
            }
            if (next != ',')
            {
                throw Invalid("after object key:value pair");
            }
            _at++;
            SkipSpace();
        }
    }

    private JsonArray Array()
    {
        _at++;
        var made = new JsonArray();
        SkipSpace();
        if (Peek() == ']')
        {
            _at++;
            return made;
        }
        while (true)
        {
            _path.Add($"[{made.Count}]");
            made.Add(Value());
            _path.RemoveAt(_path.Count - 1);
            SkipSpace();
            var next = Peek();
            if (next == ']')
            {
                _at++;
                return made;
            }
            if (next != ',')
            {
                throw Invalid("after array element");
            }
            _at++;
            SkipSpace();
        }
    }

    private string Text()
    {
        _at++;
        var start = _at;
        var plain = true;
        while (Peek() != '"')
        {
            if (_text[_at] < 0x20)
            {
                throw Invalid("in string literal");
            }
            if (_text[_at] == '\\')
            {
                plain = false;
                _at++;
                Escape();
            }
            _at++;
        }
        var raw = Encoding.UTF8.GetString(_text, start, _at - start);
        _at++;
        return plain ? raw : Unescape(raw);
    }

    private void Escape()
    {
        var code = Peek();
        if (code == 'u')
        {
            for (var digit = 0; digit < 4; digit++)
            {
                _at++;
                if (!char.IsAsciiHexDigit((char)Peek()))
                {
                    throw Invalid("in \\u hexadecimal character escape");
                }
            }
        }
        else if ("\"\\/bfnrt".IndexOf((char)code) < 0)
        {
            throw Invalid("in string escape code");
        }
    }

    private static string Unescape(string raw)
    {
        var text = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                text.Append(raw[i]);
                continue;
            }
            i++;
            if (raw[i] == 'u')
            {
                text.Append((char)int.Parse(raw.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 4;
                continue;
            }
            text.Append(raw[i] switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', var same => same });
        }
        return text.ToString();
    }

    private JsonValue Number()
    {
        var start = _at;
        if (_text[_at] == '-')
        {
            _at++;
        }
        if (!char.IsAsciiDigit((char)Peek()))
        {
            throw Invalid("in numeric literal");
        }
        Digits();
        var whole = true;
        if (_at < _text.Length && _text[_at] == '.')
        {
            whole = false;
            _at++;
            if (!char.IsAsciiDigit((char)Peek()))
            {
                throw Invalid("after decimal point in numeric literal");
            }
            Digits();
        }
        if (_at < _text.Length && _text[_at] is (byte)'e' or (byte)'E')
        {
            whole = false;
            _at++;
            if (Peek() is (byte)'+' or (byte)'-')
            {
                _at++;
            }
            if (!char.IsAsciiDigit((char)Peek()))
            {
                throw Invalid("in exponent of numeric literal");
            }
            Digits();
        }
        var text = Encoding.ASCII.GetString(_text, start, _at - start);
        return whole && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integer)
            ? JsonValue.Create(integer)
            : JsonValue.Create(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
    }

    private void Digits()
    {
        while (_at < _text.Length && char.IsAsciiDigit((char)_text[_at]))
        {
            _at++;
        }
    }

    private JsonValue? Literal(string word, JsonValue? value)
    {
        for (var i = 1; i < word.Length; i++)
        {
            _at++;
            if (Peek() != word[i])
            {
                throw Invalid($"in literal {word} (expecting '{word[i]}')");
            }
        }
        _at++;
        return value;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _at++;
        }
    }

    private byte Peek() => _at < _text.Length ? _text[_at] : throw new FormatException("unexpected end of JSON input");

    /// <summary>Go names the byte as the Unicode character of that number.</summary>
    private FormatException Invalid(string where) => new($"invalid character {Quoted((char)_text[_at])} {where}");

    private static string Quoted(char c) => c switch
    {
        '\'' => "'\\''",
        '"' => "'\"'",
        '\n' => "'\\n'",
        '\r' => "'\\r'",
        '\t' => "'\\t'",
        < ' ' or (char)127 => $"'\\x{(int)c:x2}'",
        _ => $"'{c}'",
    };
}
