using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Plumb.Recorder.Decoding;

/// <summary>The beginning of a DNS message (RFC 1035, 4.1): which name is asked for, and with what it is answered. Names are no secrets; what else goes through a socket may be.</summary>
/// <param name="Id">Of the question; its answer has the same.</param>
/// <param name="Name">Without the last dot; the beginning of it when <paramref name="IsCut"/>.</param>
/// <param name="Type">1: A, 28: AAAA, …; 0 when it was cut off.</param>
internal sealed record DnsMessage(ushort Id, bool IsAnswer, int ResponseCode, int Answers, string Name, bool IsCut, ushort Type)
{
    private const int HeaderBytes = 12;
    private const int MostLabels = 127;
    private const int MostLabelBytes = 63;
    private const ushort InternetClass = 1;

    private static readonly string[] Codes = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

    /// <summary>NXDOMAIN; "no such record" when the name is there and has nothing of that type.</summary>
    public string Result => ResponseCode == 0 && Answers == 0 ? "no such record" : ResponseCode < Codes.Length ? Codes[ResponseCode] : string.Create(CultureInfo.InvariantCulture, $"code {ResponseCode}");

    /// <summary>DNS question 17 A inventory.default.svc</summary>
    public string Text => IsAnswer ? $"DNS answer {Number(Id)} {Result}{(Answers > 0 ? $", {Number(Answers)} records" : "")}, to {Asked}" : $"DNS question {Number(Id)} {Asked}";

    private string Asked => $"{TypeName} {Name}{(IsCut ? "..." : "")}";

    private string TypeName => Type switch { 0 => "?", 1 => "A", 5 => "CNAME", 12 => "PTR", 15 => "MX", 16 => "TXT", 28 => "AAAA", 33 => "SRV", 65 => "HTTPS", _ => $"type {Number(Type)}" };

    /// <summary>Null when the bytes are no such message with exactly one question: every field is looked at, so that nothing else is taken for one.</summary>
    /// <param name="isCut">There were more bytes than these.</param>
    public static DnsMessage? Of(ReadOnlySpan<byte> bytes, bool isCut)
    {
        if (bytes.Length <= HeaderBytes)
        {
            return null;
        }
        var (flags, questions, answers, authorities, more) = (Word(bytes[2..]), Word(bytes[4..]), Word(bytes[6..]), Word(bytes[8..]), Word(bytes[10..]));
        var isAnswer = (flags & 0x8000) != 0;
        // A standard query, no reserved bit; only an answer has records and a code.
        if ((flags & 0x7840) != 0 || questions != 1 || more > 32 || (!isAnswer && (answers | authorities | (flags & 0x0F)) != 0))
        {
            return null;
        }
        var name = new StringBuilder();
        var at = HeaderBytes;
        var message = new DnsMessage(Word(bytes), isAnswer, flags & 0x0F, answers, "", true, 0);
        for (var labels = 0; labels < MostLabels && at < bytes.Length; labels++)
        {
            int length = bytes[at++];
            if (length == 0)
            {
                var rest = bytes[at..];
                return rest.Length < 4 ? Cut() : Word(rest[2..]) == InternetClass ? message with { Name = name.Length == 0 ? "." : name.ToString(), IsCut = false, Type = Word(rest) } : null;
            }
            var label = bytes[at..Math.Min(at + length, bytes.Length)];
            if (length > MostLabelBytes || label.ContainsAnyExcept(LabelBytes))
            {
                return null;
            }
            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(label));
            at += length;
        }
        return Cut();

        DnsMessage? Cut() => isCut && name.Length > 0 ? message with { Name = name.ToString() } : null;
    }

    private static System.Buffers.SearchValues<byte> LabelBytes { get; } = System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*"u8);

    /// <summary>How many of the bytes are header and question: what follows them is not the name.</summary>
    public static int Bytes(ReadOnlySpan<byte> bytes)
    {
        var at = HeaderBytes;
        while (at < bytes.Length && bytes[at] != 0)
        {
            at += bytes[at] + 1;
        }
        return Math.Min(bytes.Length, at + 5);
    }

    private static ushort Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
