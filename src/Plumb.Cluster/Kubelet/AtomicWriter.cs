using System.Globalization;
using System.Security.Cryptography;
using Plumb.Cluster.Containers;

namespace Plumb.Cluster.Kubelet;

/// <param name="Path">Relative to the volume, with / between directories.</param>
/// <param name="Mode">Permission bits.</param>
internal sealed record VolumeFile(string Path, byte[] Content, int Mode);

/// <summary>
/// Writes a volume's files so that a reader sees either all old or all new ones: they stand in a time-stamped directory, and one
/// rename moves the link <c>..data</c> to it. The names that programs open are links through <c>..data</c>.
/// </summary>
internal static class AtomicWriter
{
    private const string DataLink = "..data";
    private const UnixFileMode DirectoryMode = (UnixFileMode)0x1ED;

    /// <returns>False when the files were the same already.</returns>
    public static bool Write(string volume, IReadOnlyList<VolumeFile> files, DateTimeOffset now, uint? group)
    {
        Directory.CreateDirectory(volume);
        File.SetUnixFileMode(volume, (UnixFileMode)0x3FF);
        var data = Path.Combine(volume, DataLink);
        var old = new FileInfo(data).LinkTarget;
        if (old is not null && IsSame(Path.Combine(volume, old), files))
        {
            return false;
        }
        var name = string.Create(CultureInfo.InvariantCulture, $"..{now.UtcDateTime:yyyy_MM_dd_HH_mm_ss}.{RandomNumberGenerator.GetInt32(1_000_000_000, int.MaxValue)}");
        var directory = Path.Combine(volume, name);
        Directory.CreateDirectory(directory, DirectoryMode);
        foreach (var file in files)
        {
            var path = Path.Combine(directory, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, DirectoryMode);
            File.WriteAllBytes(path, file.Content);
            File.SetUnixFileMode(path, (UnixFileMode)(file.Mode & 0xFFF));
            if (group is { } owner)
            {
                _ = Native.chown(Native.Text(path), uint.MaxValue, owner);
            }
        }
        var temporary = Path.Combine(volume, "..data_tmp");
        File.Delete(temporary);
        File.CreateSymbolicLink(temporary, name);
        // File.Move refuses links to directories; rename(2) is also the one step that makes the swap whole.
        if (Native.rename(Native.Text(temporary), Native.Text(data)) != 0)
        {
            throw new IOException($"cannot rename {temporary}: {Native.Describe(Native.LastError)}");
        }
        Link(volume, files);
        if (old is not null && Directory.Exists(Path.Combine(volume, old)))
        {
            Directory.Delete(Path.Combine(volume, old), recursive: true);
        }
        return true;
    }

    private static void Link(string volume, IReadOnlyList<VolumeFile> files)
    {
        var names = files.Select(file => file.Path.Split('/')[0]).Distinct(StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        foreach (var present in Directory.EnumerateFileSystemEntries(volume).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith("..", StringComparison.Ordinal)))
        {
            if (!names.Remove(present))
            {
                File.Delete(Path.Combine(volume, present));
            }
        }
        foreach (var name in names)
        {
            File.CreateSymbolicLink(Path.Combine(volume, name), $"{DataLink}/{name}");
        }
    }

    private static bool IsSame(string directory, IReadOnlyList<VolumeFile> files) =>
        Directory.Exists(directory)
        && Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Count() == files.Count
        && files.All(file => File.Exists(Path.Combine(directory, file.Path)) && File.ReadAllBytes(Path.Combine(directory, file.Path)).AsSpan().SequenceEqual(file.Content));
}
