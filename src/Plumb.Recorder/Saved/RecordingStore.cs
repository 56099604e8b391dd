using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Plumb.Core;

namespace Plumb.Recorder.Saved;

/// <summary>How much is kept; the oldest go first.</summary>
/// <param name="PerContainer">Recordings of one container of one pod, over its restarts.</param>
public sealed record RecordingLimits(int Recordings = 200, long Bytes = 256L * 1024 * 1024, int PerContainer = 5)
{
    /// <summary>Deletes nothing.</summary>
    public static readonly RecordingLimits None = new(int.MaxValue, long.MaxValue, int.MaxValue);
}

/// <summary>A directory of saved recordings that only its owner can read.</summary>
public sealed class RecordingStore(string directory, RecordingLimits? limits = null)
{
    private const int IdBytes = 6;
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
    private readonly RecordingLimits _limits = limits ?? new RecordingLimits();

    public string Directory => directory;

    /// <summary>An id for what is to be saved: the same container, reason and time give the same.</summary>
    public static string NewId(RecordedContainer container, SaveReason reason, DateTimeOffset at) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{container.Node}/{container.Id}/{reason}/{at.UtcTicks}")).AsSpan(0, IdBytes));

    /// <summary>Writes it whole or not at all, and makes room.</summary>
    public Problem? Save(SavedRecording recording)
    {
        try
        {
            System.IO.Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var path = PathOf(recording.Info.Id);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            using (var file = new FileStream(path + ".part", options))
            {
                RecordingFile.Write(file, recording);
                file.Flush(flushToDisk: true);
            }
            File.Move(path + ".part", path, overwrite: true);
            MakeRoom();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Problem($"the recording of {recording.Info.Container.Pod} could not be saved in {directory}: {error.Message.TrimEnd('.')}");
        }
    }

    /// <summary>What there is, newest first, and what could not be read.</summary>
    public (IReadOnlyList<(RecordingInfo Info, long Bytes)> Recordings, IReadOnlyList<Problem> Problems) List()
    {
        var (found, problems) = (new List<(RecordingInfo, long)>(), new List<Problem>());
        foreach (var path in System.IO.Directory.Exists(directory) ? System.IO.Directory.GetFiles(directory, "*" + RecordingFile.Extension) : [])
        {
            var info = Open(path, stream => RecordingFile.ReadInfo(stream, path));
            if (info is null)
            {
                continue;
            }
            if (info.Value.IsOk)
            {
                found.Add((info.Value.Value, new FileInfo(path).Length));
            }
            else
            {
                problems.Add(info.Value.Problem);
            }
        }
        return ([.. found.OrderByDescending(one => one.Item1.At)], problems);
    }

    /// <param name="id">Its id, the first digits of it, or the path of a recording's file.</param>
    public Result<SavedRecording> Find(string id)
    {
        if (id.EndsWith(RecordingFile.Extension, StringComparison.Ordinal) && File.Exists(id))
        {
            return Open(id, stream => RecordingFile.Read(stream, id)) ?? Missing(id);
        }
        if (id.Length == 0 || id.AsSpan().ContainsAnyExcept(Digits))
        {
            return new Problem($"'{id}' is no id of a recording", "'plumb trace recordings' lists them");
        }
        var files = System.IO.Directory.Exists(directory) ? System.IO.Directory.GetFiles(directory, id + "*" + RecordingFile.Extension) : [];
        return files switch
        {
            [var one] => Open(one, stream => RecordingFile.Read(stream, one)) ?? Missing(id),
            [] => Missing(id),
            _ => new Problem($"'{id}' is the beginning of several recordings: {string.Join(", ", files.Select(file => Path.GetFileNameWithoutExtension(file)).Order())}", "Give more digits"),
        };
    }

    private Problem Missing(string id) => new($"there is no recording '{id}' in {directory}", "'plumb trace recordings' lists them");

    private string PathOf(string id) => Path.Combine(directory, id + RecordingFile.Extension);

    private static Result<T>? Open<T>(string path, Func<Stream, Result<T>> read)
        where T : notnull
    {
        try
        {
            using var file = File.OpenRead(path);
            return read(file);
        }
        catch (FileNotFoundException)
        {
            // Another process made room meanwhile.
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return new Problem($"the recording {path} belongs to somebody else", "Run it as its owner");
        }
    }

    private void MakeRoom()
    {
        var (recordings, bytes) = (0, 0L);
        var ofContainer = new Dictionary<(string, string, string), int>();
        foreach (var (info, size) in List().Recordings)
        {
            var key = (info.Container.Namespace, info.Container.Pod, info.Container.Name);
            var count = ofContainer[key] = ofContainer.GetValueOrDefault(key) + 1;
            recordings++;
            bytes += size;
            if (recordings > _limits.Recordings || bytes > _limits.Bytes || count > _limits.PerContainer)
            {
                File.Delete(PathOf(info.Id));
            }
        }
    }
}
