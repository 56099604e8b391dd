using System.Text.Json;

namespace Plumb.Logs.Lines;

/// <summary>The full parser, for the few lines that the quick scanner is not sure about: escapes in names and ids, ids deep inside (OTLP's JSON).</summary>
internal static class JsonTree
{
    private const int Deepest = 512;

    /// <returns>False when the line is no JSON; what stood before the mistake is taken all the same.</returns>
    public static bool Read(ReadOnlySpan<byte> line, Timestamps times, FieldNames names, scoped ref LineFields fields)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = Deepest });
        var kind = FieldKind.Other;
        // OTLP writes {"key": "service.name", "value": {"stringValue": …}}: the name is itself a value.
        var named = FieldKind.Other;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    var name = Value(ref reader);
                    kind = name.AsSpan().SequenceEqual("stringValue"u8) ? named : names.Of(name);
                    named = kind == FieldKind.Other ? named : FieldKind.Other;
                    if (name.AsSpan().SequenceEqual("key"u8) && reader.Read() && reader.TokenType == JsonTokenType.String)
                    {
                        named = names.Of(Value(ref reader));
                    }
                }
                else if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number && kind is not (FieldKind.Other or FieldKind.Nest or FieldKind.DockerLog))
                {
                    FieldValue.Take(kind, Value(ref reader), times, ref fields);
                    kind = FieldKind.Other;
                }
            }
            return true;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static byte[] Value(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan.ToArray();
        }
        var buffer = new byte[reader.ValueSpan.Length];
        return buffer[..reader.CopyString(buffer)];
    }
}
