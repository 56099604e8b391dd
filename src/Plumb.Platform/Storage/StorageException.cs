using Plumb.Core;

namespace Plumb.Platform.Storage;

/// <summary>
/// The state cannot be read or written any more: a full disk, a damaged file. It can happen at every call of the store, so it is an exception and not a
/// value; <c>Program</c> prints its problem as one line.
/// </summary>
public sealed class StorageException(Problem problem, Exception? inner = null) : Exception(problem.ToString(), inner)
{
    public Problem Problem { get; } = problem;
}
