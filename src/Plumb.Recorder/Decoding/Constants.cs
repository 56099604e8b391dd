using System.Globalization;
using System.Runtime.InteropServices;

namespace Plumb.Recorder.Decoding;

/// <summary>Names of values and of bits: the tables of constants.txt, and the few kinds that are both a value and bits.</summary>
internal static class Constants
{
    private const ulong AccessMode = 3;
    private static readonly Lazy<Dictionary<string, Table>> Tables = new(Read);

    private sealed record Table(bool IsBits, (ulong Value, string Name)[] Entries, Dictionary<ulong, string> ByValue);

    /// <summary>Flags and numbers are ints in most calls: the register's upper half means nothing.</summary>
    public static string Of(string kind, ulong value) => kind switch
    {
        "hex" => Hex(value),
        "open" => OpenFlags(value),
        "mmap" => MapFlags(value),
        "clone" => CloneFlags(value),
        "socktype" => SocketType(value),
        "signal" => Signal((int)value),
        "futex" => Futex(value),
        _ => Plain(kind, (uint)value),
    };

    /// <summary>The name in a table; hexadecimal when it has none.</summary>
    public static string Plain(string kind, ulong value) =>
        !Tables.Value.TryGetValue(kind, out var table) ? Hex(value) : table.IsBits ? Set(table, value) : table.ByValue.GetValueOrDefault(value) ?? Hex(value);

    public static bool IsKnown(string kind) => Tables.Value.ContainsKey(kind) || kind is "hex";

    public static int Count(string kind) => Tables.Value[kind].Entries.Length;

    public static string OpenFlags(ulong value)
    {
        var mode = (value & AccessMode) switch { 0 => "O_RDONLY", 1 => "O_WRONLY", 2 => "O_RDWR", _ => "O_ACCMODE" };
        var rest = (uint)(value & ~AccessMode);
        return rest == 0 ? mode : $"{mode}|{Plain("open", rest)}";
    }

    public static string CloneFlags(ulong value)
    {
        var signal = value & 0xFF;
        var flags = Plain("clone", value & ~0xFFul);
        return signal == 0 ? flags : flags == "0" ? Signal((int)signal) : $"{flags}|{Signal((int)signal)}";
    }

    public static string Signal(int value) => value is >= 34 and <= 64 ? string.Create(CultureInfo.InvariantCulture, $"SIGRT_{value - 32}") : value == 0 ? "0" : Plain("signal", (uint)value);

    /// <summary>A file's type and permissions, as in S_IFREG|0644.</summary>
    public static string FileMode(uint mode) => $"{Plain("filetype", mode & 0xF000)}|{Octal(mode & 0xFFF)}";

    /// <summary>With a leading zero and at least three digits, as strace writes modes.</summary>
    public static string Octal(uint value) => ("0" + Convert.ToString(value, 8)).PadLeft(3, '0');

    public static string Hex(ulong value) => value == 0 ? "0" : $"0x{value:x}";

    private static string MapFlags(ulong value)
    {
        var sharing = (value & 3) switch { 1 => "MAP_SHARED", 2 => "MAP_PRIVATE", 3 => "MAP_SHARED_VALIDATE", _ => "MAP_FILE" };
        return (value & ~3ul) == 0 ? sharing : $"{sharing}|{Plain("mmap", value & ~3ul)}";
    }

    private static string SocketType(ulong value)
    {
        var type = Plain("socktype", value & 0xF);
        return (value & ~0xFul) == 0 ? type : $"{type}|{Plain("sockflags", (uint)value & ~0xFu)}";
    }

    private static string Futex(ulong value)
    {
        var name = Plain("futex", value & 0x7F);
        return name + ((value & 0x80) != 0 ? "_PRIVATE" : "") + ((value & 0x100) != 0 ? "|FUTEX_CLOCK_REALTIME" : "");
    }

    /// <summary>Names of the bits that are set, the first match as listed; what has no name follows in hexadecimal.</summary>
    private static string Set(Table table, ulong value)
    {
        if (value == 0)
        {
            return table.ByValue.GetValueOrDefault(0ul, "0");
        }
        var names = new List<string>();
        foreach (var (bit, name) in table.Entries)
        {
            if (bit != 0 && (value & bit) == bit)
            {
                names.Add(name);
                value &= ~bit;
            }
        }
        return value == 0 ? string.Join('|', names) : string.Join('|', names.Append(Hex(value)));
    }

    private static Dictionary<string, Table> Read()
    {
        var tables = new Dictionary<string, Table>();
        foreach (var words in Decoding.Tables.Lines("constants.txt").Select(line => line.Split(' ')))
        {
            var entries = words[2..].Select(word => word.Split('=')).Select(parts => (Number(parts[1]), parts[0])).ToArray();
            var byValue = new Dictionary<ulong, string>();
            foreach (var (value, name) in entries)
            {
                byValue.TryAdd(value, name);
            }
            tables[words[0]] = new Table(words[1] == "bits", entries, byValue);
        }
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            tables["open"] = tables["open.arm64"];
        }
        return tables;
    }

    private static ulong Number(string text) => text.StartsWith("0x", StringComparison.Ordinal) ? ulong.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : text.Length > 1 && text[0] == '0' ? Convert.ToUInt64(text, 8) : ulong.Parse(text, CultureInfo.InvariantCulture);
}
