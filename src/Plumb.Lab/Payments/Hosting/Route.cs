using Microsoft.AspNetCore.Http;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>One request on its way through a handler.</summary>
/// <param name="Argument">The last path segment when the route ends in a placeholder; otherwise empty.</param>
internal sealed record Call(HttpContext Http, string Argument, TraceContext Trace, CancellationToken Cancel);

/// <summary>A method and a path that is served; the path is the <c>route</c> label, so it may end in a placeholder but never holds an id.</summary>
internal sealed record Route(string Method, string Path, Func<Call, Task<Reply>> Handle)
{
    private readonly string _prefix = Path.EndsWith('}') ? Path[..(Path.LastIndexOf('/') + 1)] : Path;

    private bool TakesArgument => Path.EndsWith('}');

    /// <summary>The argument ("" when the route has none), or null when the path is another one.</summary>
    public string? Match(string path)
    {
        if (!TakesArgument)
        {
            return path == Path ? "" : null;
        }

        return path.Length > _prefix.Length && path.StartsWith(_prefix, StringComparison.Ordinal) && path.IndexOf('/', _prefix.Length) < 0 ? path[_prefix.Length..] : null;
    }
}
