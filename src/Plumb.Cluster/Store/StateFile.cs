using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Store;

/// <summary>What a state file holds: a cluster as it was.</summary>
/// <param name="Slot">The loopback range that the addresses in the objects belong to.</param>
/// <param name="Version">The highest resource version that the file knows of.</param>
/// <param name="TornBytes">Length of a last line that was cut off in the middle of writing, and is left out; 0 when there is none.</param>
internal sealed record KeptState(int Slot, long Version, IReadOnlyList<KubeObject> Objects, int TornBytes);

/// <summary>
/// The form of the file in which a cluster's objects outlive its process. Lines of UTF-8 text: the form's name and number; the cluster's
/// range and version; then for each change <c>put</c> or <c>delete</c>, the kind and the object. A snapshot is the same file with only puts.
/// Each line but the first begins with the CRC-32C of the rest of it, so that damage is found instead of being restored.
/// </summary>
internal static class StateFile
{
    public const string FileName = "objects.log";

    /// <summary>The number of this form; a program refuses a file of a higher one, because it cannot know what it would lose.</summary>
    public const int Format = 1;

    private const string FormatName = "plumb-cluster-objects";
    private const int CrcLength = 8;

    /// <summary>What lives by the moment is not kept: events, and leases, which their holders make anew.</summary>
    public static readonly IReadOnlyList<ResourceKind> Kinds = [.. Resources.All.Where(kind => kind != Resources.Events && kind != Resources.Leases)];

    private static readonly Dictionary<string, ResourceKind> ByName = Kinds.ToDictionary(kind => kind.QualifiedPlural, StringComparer.Ordinal);

    public static string PathIn(string stateDirectory) => Path.Combine(stateDirectory, FileName);

    public static byte[] Header(int slot, long version) =>
        [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{FormatName} {Format}\n")), .. Line(string.Create(CultureInfo.InvariantCulture, $"cluster {slot} {version}"), [])];

    public static byte[] Put(KubeObject item) => Line($"put {item.Kind.QualifiedPlural} ", item.Utf8);

    public static byte[] Entry(StoreEvent change) =>
        change.Type == StoreEventType.Deleted ? Line($"delete {change.Object.Kind.QualifiedPlural} ", change.Object.Utf8) : Put(change.Object);

    /// <summary>Reads the state that an earlier cluster left; null when there is none.</summary>
    /// <exception cref="LabClusterException">The file cannot be used; the message says why and what to do.</exception>
    public static KeptState? Load(string stateDirectory)
    {
        var path = PathIn(stateDirectory);
        try
        {
            return File.Exists(path) ? Read(path, File.ReadAllBytes(path)) : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new LabClusterException($"the kept objects in {path} cannot be read: {problem.Message.TrimEnd('.')}; mend that, or start in another directory", problem);
        }
    }

    private static KeptState Read(string path, byte[] bytes)
    {
        var end = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        var objects = new Dictionary<(ResourceKind Kind, ObjectKey Key), KubeObject>();
        var (slot, version) = (0, 0L);
        var number = 0;
        for (var start = 0; start < end; number++)
        {
            var length = bytes.AsSpan(start, end - start).IndexOf((byte)'\n');
            var line = bytes.AsSpan(start, length);
            start += length + 1;
            if (number == 0)
            {
                CheckFormat(path, Encoding.UTF8.GetString(line));
                continue;
            }
            var text = Checked(line) ?? throw Corrupt(path, number);
            if (number == 1)
            {
                (slot, version) = Cluster(text) ?? throw Corrupt(path, number);
                continue;
            }
            var (isDeletion, item) = Change(text) ?? throw Corrupt(path, number);
            version = Math.Max(version, item.ResourceVersion);
            if (isDeletion)
            {
                objects.Remove((item.Kind, item.Key));
            }
            else
            {
                objects[(item.Kind, item.Key)] = item;
            }
        }
        // The file comes into place whole, with both of its first lines: without them it is not a torn one.
        return number >= 2 ? new KeptState(slot, version, [.. objects.Values], bytes.Length - end) : throw Corrupt(path, number);
    }

    private static void CheckFormat(string path, string line)
    {
        var words = line.Split(' ');
        if (words.Length != 2 || words[0] != FormatName || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out var format) || format < 1)
        {
            throw Corrupt(path, 0);
        }
        if (format > Format)
        {
            throw new LabClusterException(string.Create(CultureInfo.InvariantCulture,
                $"the kept objects in {path} were written by a newer version of this program (format {format}, this one knows {Format}); start the newer version, or move the file away to begin anew"));
        }
    }

    /// <summary>The line without its checksum; null when it does not match.</summary>
    private static string? Checked(ReadOnlySpan<byte> line) =>
        line.Length > CrcLength && line[CrcLength] == (byte)' '
        && uint.TryParse(line[..CrcLength], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var crc) && crc == Crc(line[(CrcLength + 1)..])
            ? Encoding.UTF8.GetString(line[(CrcLength + 1)..]) : null;

    private static (int Slot, long Version)? Cluster(string text) =>
        text.Split(' ') is ["cluster", var slot, var version]
        && int.TryParse(slot, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var highest) ? (number, highest) : null;

    private static (bool IsDeletion, KubeObject Object)? Change(string text)
    {
        if (text.Split(' ', 3) is not [("put" or "delete") and var verb, var plural, var json] || !ByName.TryGetValue(plural, out var kind))
        {
            return null;
        }
        try
        {
            return JsonNode.Parse(json) is JsonObject item ? (verb == "delete", KubeObject.From(kind, item)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static LabClusterException Corrupt(string path, int line) => new(string.Create(CultureInfo.InvariantCulture,
        $"the kept objects in {path} are damaged at line {line + 1}; put back a copy of the file, or move it away to begin anew (the volumes' files stay where they are)"));

    private static byte[] Line(string head, ReadOnlySpan<byte> json)
    {
        byte[] content = [.. Encoding.UTF8.GetBytes(head), .. json];
        return [.. Encoding.UTF8.GetBytes(Crc(content).ToString("x8", CultureInfo.InvariantCulture)), (byte)' ', .. content, (byte)'\n'];
    }

    private static uint Crc(ReadOnlySpan<byte> content)
    {
        var crc = uint.MaxValue;
        var words = MemoryMarshal.Cast<byte, ulong>(content);
        foreach (var word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }
        foreach (var rest in content[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }
        return ~crc;
    }
}
