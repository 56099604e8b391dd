using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>One JSON object a line, one line an event, written whole: what a log collector can read without guessing.</summary>
internal sealed class JsonLog(Stream output, string service, string version, string pod, TimeProvider time) : IDisposable
{
    /// <summary>Apostrophes and plus signs stay as they are: these lines are read by people and by grep, never put into a web page unescaped.</summary>
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _buffer = new(512);

    /// <summary>While true, lines carry no trace id: the "forgot one field" fault.</summary>
    public Func<bool> OmitTrace { get; set; } = static () => false;

    /// <summary>
    /// The process's standard output. A container's log is its standard output, so this is no output to a terminal. A file stream over
    /// descriptor 1 would write at a position of its own and overwrite what others (the runtime's last words) wrote to the same file.
    /// </summary>
#pragma warning disable RS0030 // See above: the stream is all that is taken from Console.
    public static Stream StandardOutput() => Console.OpenStandardOutput();
#pragma warning restore RS0030

    public void Info(string name, string message, TraceContext? trace = null, params ReadOnlySpan<LogField> fields) => Write("info", name, message, trace, fields);

    public void Warn(string name, string message, TraceContext? trace = null, params ReadOnlySpan<LogField> fields) => Write("warn", name, message, trace, fields);

    public void Error(string name, string message, TraceContext? trace = null, params ReadOnlySpan<LogField> fields) => Write("error", name, message, trace, fields);

    /// <summary>A line as an error handler writes it whose author knew nothing of JSON and of traces: time, level and text.</summary>
    public void Plain(string level, string message)
    {
        lock (_gate)
        {
            output.Write(Encoding.UTF8.GetBytes($"{Timestamp()} {level} {message}\n"));
        }
    }

    public void Dispose() => output.Dispose();

    private string Timestamp() => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private void Write(string level, string name, string message, TraceContext? trace, ReadOnlySpan<LogField> fields)
    {
        lock (_gate)
        {
            _buffer.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_buffer, Options))
            {
                json.WriteStartObject();
                json.WriteString("timestamp", Timestamp());
                json.WriteString("level", level);
                json.WriteString("service", service);
                json.WriteString("version", version);
                json.WriteString("pod", pod);
                json.WriteString("event", name);
                if (trace is not null && !OmitTrace())
                {
                    json.WriteString("trace_id", trace.TraceId);
                    json.WriteString("span_id", trace.SpanId);
                    if (trace.ParentSpanId is not null)
                    {
                        json.WriteString("parent_span_id", trace.ParentSpanId);
                    }
                }

                json.WriteString("message", message);
                foreach (var field in fields)
                {
                    field.WriteTo(json);
                }

                json.WriteEndObject();
            }

            _buffer.Write("\n"u8);
            // One write a line: below PIPE_BUF it is atomic, so lines of two writers never mix.
            output.Write(_buffer.WrittenSpan);
        }
    }
}

/// <summary>An extra field of a log line: text, or a number.</summary>
internal readonly record struct LogField(string Name, string? Text, double Number)
{
    public static implicit operator LogField((string Name, string? Text) field) => new(field.Name, field.Text ?? "", 0);

    public static implicit operator LogField((string Name, double Number) field) => new(field.Name, null, field.Number);

    public void WriteTo(Utf8JsonWriter json)
    {
        if (Text is not null)
        {
            json.WriteString(Name, Text);
        }
        else
        {
            json.WriteNumber(Name, Number);
        }
    }
}
