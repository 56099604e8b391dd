namespace Plumb.Cluster.Api;

/// <summary>How a write from outside (HTTP) is meant. Components in this process pass none: they are trusted and own no fields.</summary>
/// <param name="Manager">Who owns the fields that the write sets.</param>
/// <param name="DryRun">Everything happens but the storing.</param>
internal sealed record WriteOptions(string Manager, bool DryRun = false)
{
    /// <summary><c>status</c> or <c>scale</c>, or null for the object itself.</summary>
    public string? Subresource { get; init; }

    /// <summary>True for server-side apply, where the managed fields are already done by the merge.</summary>
    public bool IsApply { get; init; }
}
