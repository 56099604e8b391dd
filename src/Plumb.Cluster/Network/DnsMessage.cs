using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace Plumb.Cluster.Network;

internal enum DnsType : ushort
{
    A = 1,
    Cname = 5,
    Ptr = 12,
    Aaaa = 28,
    Srv = 33,
    Opt = 41,
    Any = 255,
}

/// <summary>Response codes of RFC 1035.</summary>
internal enum DnsCode : byte
{
    NoError = 0,
    FormatError = 1,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <param name="Name">Lower case, without the final dot.</param>
/// <param name="MaxBytes">The longest UDP answer that the client takes.</param>
internal sealed record DnsQuestion(ushort Id, string Name, DnsType Type, bool RecursionDesired, int MaxBytes, byte[] Raw);

/// <summary>One record of an answer. Target is an address, a host name, or for SRV a host name with a port.</summary>
internal sealed record DnsRecord(string Name, DnsType Type, string Target, int Port = 0);

internal sealed record DnsAnswer(DnsCode Code, IReadOnlyList<DnsRecord> Records, IReadOnlyList<DnsRecord>? Additional = null);

/// <summary>DNS messages as RFC 1035 lays them out: as much of them as a name server for Services needs.</summary>
internal static class DnsMessage
{
    private const int HeaderBytes = 12;
    private const int DefaultUdpBytes = 512;
    private const int LongestUdpBytes = 4_096;

    /// <summary>Seconds that a client may keep an answer: as short as CoreDNS says for Services.</summary>
    private const uint TimeToLive = 5;

    /// <summary>Reads the question; null when the bytes are no query with exactly one question.</summary>
    public static DnsQuestion? Read(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderBytes || (message[2] & 0xF8) != 0 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
        {
            return null;
        }
        var labels = new List<string>();
        var at = HeaderBytes;
        while (at < message.Length && message[at] != 0)
        {
            // A compressed name has no place in a question.
            int length = message[at];
            if (length > 63 || at + 1 + length > message.Length)
            {
                return null;
            }
            labels.Add(Encoding.ASCII.GetString(message.Slice(at + 1, length)).ToLowerInvariant());
            at += 1 + length;
        }
        if (at + 5 > message.Length)
        {
            return null;
        }
        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[(at + 1)..]);
        var end = at + 5;
        return new DnsQuestion(
            BinaryPrimitives.ReadUInt16BigEndian(message), string.Join('.', labels), type, (message[2] & 1) != 0, UdpLimit(message, end), message[HeaderBytes..end].ToArray());
    }

    /// <summary>The answer's bytes; records that do not fit are left out and the truncation bit is set, so that the client asks again over TCP.</summary>
    public static byte[] Write(DnsQuestion question, DnsAnswer answer, int maxBytes)
    {
        var bytes = new List<byte>(256);
        Put16(bytes, question.Id);
        bytes.Add((byte)(0x84 | (question.RecursionDesired ? 1 : 0)));
        bytes.Add((byte)answer.Code);
        Put16(bytes, 1);
        Put16(bytes, 0);
        Put16(bytes, 0);
        Put16(bytes, 0);
        bytes.AddRange(question.Raw);
        var (answers, additional) = (0, 0);
        foreach (var record in answer.Records)
        {
            if (!Append(bytes, record, maxBytes))
            {
                bytes[2] |= 0x02;
                break;
            }
            answers++;
        }
        foreach (var record in answer.Additional ?? [])
        {
            if (!Append(bytes, record, maxBytes))
            {
                break;
            }
            additional++;
        }
        (bytes[6], bytes[7]) = ((byte)(answers >> 8), (byte)(answers & 0xFF));
        (bytes[10], bytes[11]) = ((byte)(additional >> 8), (byte)(additional & 0xFF));
        return [.. bytes];
    }

    private static int UdpLimit(ReadOnlySpan<byte> message, int at)
    {
        // EDNS: an OPT record (root name, type 41) whose class is the size that the client takes.
        return BinaryPrimitives.ReadUInt16BigEndian(message[10..]) > 0 && message.Length >= at + 11 && message[at] == 0
            && BinaryPrimitives.ReadUInt16BigEndian(message[(at + 1)..]) == (ushort)DnsType.Opt
            ? Math.Clamp(BinaryPrimitives.ReadUInt16BigEndian(message[(at + 3)..]), (ushort)DefaultUdpBytes, (ushort)LongestUdpBytes)
            : DefaultUdpBytes;
    }

    private static bool Append(List<byte> bytes, DnsRecord record, int maxBytes)
    {
        var before = bytes.Count;
        PutName(bytes, record.Name);
        Put16(bytes, (ushort)record.Type);
        Put16(bytes, 1);
        Put16(bytes, (ushort)(TimeToLive >> 16));
        Put16(bytes, (ushort)TimeToLive);
        var data = new List<byte>();
        switch (record.Type)
        {
            case DnsType.A:
                data.AddRange(IPAddress.Parse(record.Target).GetAddressBytes());
                break;
            case DnsType.Srv:
                Put16(data, 0);
                Put16(data, 100);
                Put16(data, (ushort)record.Port);
                PutName(data, record.Target);
                break;
            default:
                PutName(data, record.Target);
                break;
        }
        Put16(bytes, (ushort)data.Count);
        bytes.AddRange(data);
        if (bytes.Count <= maxBytes)
        {
            return true;
        }
        bytes.RemoveRange(before, bytes.Count - before);
        return false;
    }

    private static void PutName(List<byte> bytes, string name)
    {
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }
        bytes.Add(0);
    }

    private static void Put16(List<byte> bytes, ushort value)
    {
        bytes.Add((byte)(value >> 8));
        bytes.Add((byte)(value & 0xFF));
    }

    /// <summary><c>10.0.64.127.in-addr.arpa</c> as the address 127.64.0.10; null for any other name.</summary>
    public static string? AddressOf(string name)
    {
        const string Suffix = ".in-addr.arpa";
        var parts = name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length].Split('.') : [];
        return parts.Length == 4 && parts.All(part => byte.TryParse(part, CultureInfo.InvariantCulture, out _)) ? string.Join('.', parts.Reverse()) : null;
    }
}
