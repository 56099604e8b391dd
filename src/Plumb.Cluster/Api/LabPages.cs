using Microsoft.AspNetCore.Http;

namespace Plumb.Cluster.Api;

/// <param name="ContentType">For instance <c>application/json</c> or Prometheus' <c>text/plain; version=0.0.4</c>.</param>
internal sealed record LabPage(string ContentType, string Body);

/// <summary>Authenticated pages that the cluster serves beside the Kubernetes API: GET /lab/&lt;path&gt;.</summary>
internal sealed class LabPages
{
    private readonly Dictionary<string, Func<CancellationToken, Task<LabPage>>> _pages = [];

    /// <param name="path">Without <c>/lab/</c>, for instance <c>kube-state-metrics</c>.</param>
    public void Add(string path, Func<CancellationToken, Task<LabPage>> page)
    {
        lock (_pages)
        {
            _pages[path] = page;
        }
    }

    public async Task HandleAsync(HttpContext http, string path)
    {
        Func<CancellationToken, Task<LabPage>>? page;
        lock (_pages)
        {
            page = _pages.GetValueOrDefault(path);
        }
        if (page is null || http.Request.Method is not ("GET" or "HEAD"))
        {
            await Http.Answers.TextAsync(http, 404, "404 page not found\n");
            return;
        }
        var made = await page(http.RequestAborted);
        await Http.Answers.TextAsync(http, 200, made.Body, made.ContentType);
    }
}
