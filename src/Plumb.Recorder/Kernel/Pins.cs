using System.Globalization;
using System.Security.Cryptography;
using Plumb.Core;

namespace Plumb.Recorder.Kernel;

/// <summary>
/// What keeps the recorder in the kernel when its process is killed: each map and each link has a name in a bpf file system. Who comes next opens them and goes on, or
/// only reads.
/// </summary>
internal static class Pins
{
    private const string RingPrefix = "ring-";
    private const string LinkPrefix = "on-";
    private const string ObjectPrefix = "object-";
    private const int HashDigits = 12;

    /// <summary>The maps that a successor or a reader needs.</summary>
    private static readonly string[] Maps = ["control", "rings", "ring_of"];

    /// <summary>Says which programs the maps belong to: those of another object file lay out rings and control block in another way.</summary>
    private static readonly Lazy<string> ObjectName = new(() => ObjectPrefix + Convert.ToHexStringLower(SHA256.HashData(LoadedPrograms.ObjectFile()))[..HashDigits]);

    public static Problem? PinAll(LoadedPrograms programs, string directory)
    {
        // The mark of the version comes first: without it the others are another version's.
        var wanted = Maps.Select(name => (name, programs.Maps[name]))
            .Prepend((ObjectName.Value, programs.Maps["control"]))
            .Concat(programs.Links.Select(link => (LinkPrefix + link.Key, link.Value)))
            .Concat(programs.Rings.Values.Select(ring => (RingName(ring.Number), ring.Descriptor)));
        return wanted.Select(pair => Pin(directory, pair.Item1, pair.Item2)).FirstOrDefault(problem => problem is not null);
    }

    public static Problem? PinRing(RingMemory ring, string directory) => Pin(directory, RingName(ring.Number), ring.Descriptor);

    public static void UnpinRing(int number, string directory) => File.Delete(Path.Combine(directory, RingName(number)));

    public static void Clear(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            File.Delete(file);
        }
    }

    /// <summary>Whether another version's recorder, or a part of it, is pinned there.</summary>
    public static bool IsOfAnotherVersion(string directory) => Maps.Any(name => File.Exists(Path.Combine(directory, name))) && !File.Exists(Path.Combine(directory, ObjectName.Value));

    /// <summary>Whether a whole recorder of this version is pinned there.</summary>
    public static bool IsThere(string directory) => Maps.Append(ObjectName.Value).All(name => File.Exists(Path.Combine(directory, name))) && Directory.EnumerateFiles(directory, LinkPrefix + "*").Any();

    /// <summary>Rings that were pinned since, to read.</summary>
    public static IEnumerable<RingMemory> NewRings(string directory, IReadOnlyDictionary<int, RingMemory> known)
    {
        foreach (var file in Directory.GetFiles(directory, RingPrefix + "*"))
        {
            if (int.TryParse(Path.GetFileName(file).AsSpan(RingPrefix.Length), CultureInfo.InvariantCulture, out var number) && !known.ContainsKey(number)
                && Bpf.Get(file) is var descriptor and >= 0 && RingMemory.Of(number, descriptor, writable: false) is { } ring)
            {
                yield return ring;
            }
        }
    }

    /// <param name="writable">To go on with it; else only to read.</param>
    public static Result<LoadedPrograms> Open(string directory, bool writable)
    {
        var opened = new List<int>();
        var maps = new Dictionary<string, int>();
        var links = new Dictionary<string, int>();
        var rings = new Dictionary<int, int>();
        foreach (var file in Directory.EnumerateFiles(directory))
        {
            var name = Path.GetFileName(file);
            var isLink = name.StartsWith(LinkPrefix, StringComparison.Ordinal);
            if ((isLink && !writable) || name.StartsWith(ObjectPrefix, StringComparison.Ordinal))
            {
                continue;
            }
            var descriptor = Bpf.Get(file);
            if (descriptor < 0)
            {
                // A ring may go in this very moment; anything else has to be there.
                if (name.StartsWith(RingPrefix, StringComparison.Ordinal))
                {
                    continue;
                }
                opened.ForEach(one => _ = Native.close(one));
                return LoadedPrograms.Refused($"open {file}", -descriptor, null);
            }
            opened.Add(descriptor);
            if (isLink)
            {
                links[name[LinkPrefix.Length..]] = descriptor;
            }
            else if (name.StartsWith(RingPrefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(RingPrefix.Length), CultureInfo.InvariantCulture, out var number))
            {
                rings[number] = descriptor;
            }
            else
            {
                maps[name] = descriptor;
            }
        }
        if (maps.ContainsKey("control"))
        {
            return LoadedPrograms.Adopt(maps, links, rings, writable);
        }
        opened.ForEach(one => _ = Native.close(one));
        return new Problem($"nothing is pinned in {directory}");
    }

    private static Problem? Pin(string directory, string name, int descriptor)
    {
        var result = Bpf.Pin(Path.Combine(directory, name), descriptor);
        return result < 0 ? LoadedPrograms.Refused($"pin {name} in {directory}", -result, null) : null;
    }

    private static string RingName(int number) => RingPrefix + number.ToString(CultureInfo.InvariantCulture);
}
