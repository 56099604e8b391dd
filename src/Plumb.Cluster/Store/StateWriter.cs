using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Store;

/// <summary>
/// Keeps the state file true to the store. It begins with a snapshot that replaces the file as a whole, and then appends each change; when the
/// file has grown large, when this reader fell behind, or when the disk failed, it begins again. After a stop the file holds the final state;
/// when the process is killed, all that was appended is there, and at most the last moments are lost.
/// </summary>
internal sealed class StateWriter(ObjectStore store, string stateDirectory, int slot, Action<string>? log, long growthLimit = StateWriter.GrowthLimit)
{
    /// <summary>Bytes of changes after which a snapshot takes their place.</summary>
    public const long GrowthLimit = 8 * 1024 * 1024;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);
    private bool _isFailing;

    /// <summary>Runs until the stop, and then writes what has changed until then.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                if (await FollowAsync(cancel))
                {
                    return;
                }
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                if (!_isFailing)
                {
                    log?.Invoke($"the cluster's objects cannot be kept in {StateFile.PathIn(stateDirectory)}: {problem.Message.TrimEnd('.')}; what changes now is lost when the cluster stops, unless that is mended before");
                }
                _isFailing = true;
                if (cancel.IsCancellationRequested)
                {
                    return;
                }
                await Task.Delay(RetryDelay, cancel).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    /// <summary>One snapshot and the changes after it, until the stop or until the next snapshot is due.</summary>
    /// <returns>True when the stop came and all is written.</returns>
    private async Task<bool> FollowAsync(CancellationToken cancel)
    {
        var (present, watch) = store.ListAndWatch(StateFile.Kinds);
        using (watch)
        {
            // Taken after the list, so it is never too low; changes of kinds that are not kept count too.
            await using var file = WriteSnapshot(present, store.Version);
            if (_isFailing)
            {
                _isFailing = false;
                log?.Invoke("the cluster's objects are kept again");
            }
            var snapshotBytes = file.Length;
            try
            {
                while (file.Length - snapshotBytes < growthLimit && await watch.Events.WaitToReadAsync(cancel))
                {
                    Append(file, watch);
                }
                return false;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                Append(file, watch);
                file.Flush(flushToDisk: true);
                return !watch.FellBehind;
            }
        }
    }

    private static void Append(FileStream file, StoreWatch watch)
    {
        while (watch.Events.TryRead(out var change))
        {
            file.Write(StateFile.Entry(change));
        }
        // To the kernel, which keeps it when this process is killed. A sync for each change would cost more than the changes themselves.
        file.Flush(flushToDisk: false);
    }

    /// <summary>Replaces the file at once and for good; the stream that is returned stands at its end.</summary>
    private FileStream WriteSnapshot(IReadOnlyList<KubeObject> objects, long version)
    {
        var path = StateFile.PathIn(stateDirectory);
        var temporary = path + ".new";
        File.Delete(temporary);
        // It holds Secrets.
        var file = new FileStream(temporary, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.Read | FileShare.Delete,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        try
        {
            file.Write(StateFile.Header(slot, version));
            foreach (var item in objects)
            {
                file.Write(StateFile.Put(item));
            }
            file.Flush(flushToDisk: true);
            File.Move(temporary, path, overwrite: true);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
