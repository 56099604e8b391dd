using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Api.Auth;

namespace Plumb.Cluster.Api.Http;

/// <summary>Takes each request to what answers it, after finding out who asks and whether they may.</summary>
internal sealed class Router(ApiServices services) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Discovery _discovery = new();
    private readonly OpenApiPages _openApi = new();
    private readonly ResourceHandler _resources = new(services);
    private readonly MetricsApi _metrics = new(services);
    private readonly Reviews _reviews = new(services);

    public void Stop() => _stopping.Cancel();

    public void Dispose() => _stopping.Dispose();

    public async Task HandleAsync(HttpContext http)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);
        http.RequestAborted = either.Token;
        try
        {
            await RouteAsync(http);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // The client left or the server stops: nobody reads an answer.
        }
        catch (BadHttpRequestException broken)
        {
            await Answers.FailAsync(http, ApiFailure.BadRequest(broken.Message));
        }
        catch (IOException)
        {
            // The connection broke while the answer was written.
        }
        catch (Exception bug) when (!http.Response.HasStarted)
        {
            services.Log?.Invoke($"{http.Request.Method} {http.Request.Path}: {bug}");
            await Answers.FailAsync(http, new ApiFailure(500, "InternalError", $"Internal error occurred: {bug.Message}", new System.Text.Json.Nodes.JsonObject { ["causes"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["message"] = bug.Message }) }));
        }
    }

    private Task RouteAsync(HttpContext http)
    {
        var user = services.Authenticator.Authenticate(http);
        if (user is null)
        {
            return Answers.FailAsync(http, new ApiFailure(401, "Unauthorized", "Unauthorized"), Negotiated.Plain);
        }
        var path = http.Request.Path.Value ?? "/";
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments is ["api", _, _, ..] or ["apis", _, _, _, ..] && ApiRequest.From(http, user, segments) is { } request)
        {
            return ResourceAsync(request);
        }
        if (!Authorizer.AllowsPath(user, path))
        {
            return Answers.FailAsync(http, Authorizer.RefusedPath(user, http.Request.Method, path));
        }
        return segments switch
        {
            ["healthz" or "livez" or "readyz", ..] => HealthAsync(http, segments),
            ["version"] => Answers.SendAsync(http, 200, Discovery.Version(), Negotiated.Plain with { Pretty = true }),
            [] => Answers.SendAsync(http, 200, Discovery.Root(), Negotiated.Plain with { Pretty = true }),
            ["api" or "apis", ..] => _discovery.HandleAsync(http, segments),
            ["openapi", ..] => _openApi.HandleAsync(http, segments),
            ["lab", .. var page] => services.Pages.HandleAsync(http, string.Join('/', page)),
            _ => Answers.TextAsync(http, 404, "404 page not found\n"),
        };
    }

    private Task ResourceAsync(ApiRequest request)
    {
        if (!services.Authorizer.Allows(request.User, request.Verb, request.Group, request.Resource, request.Subresource))
        {
            return Answers.FailAsync(request.Http, Authorizer.Refused(request));
        }
        if (!ServedKinds.IsGroupVersion(request.Group, request.Version))
        {
            return ServedKinds.IsGroup(request.Group)
                ? Answers.FailAsync(request.Http, ApiFailure.NoSuchResource)
                : Answers.TextAsync(request.Http, 404, "404 page not found\n");
        }
        return request.Group switch
        {
            "metrics.k8s.io" => _metrics.HandleAsync(request),
            "authentication.k8s.io" or "authorization.k8s.io" => _reviews.HandleAsync(request),
            _ => _resources.HandleAsync(request),
        };
    }

    private static Task HealthAsync(HttpContext http, string[] segments) =>
        segments.Length > 1 && segments[1] != "ping" ? Answers.TextAsync(http, 404, "404 page not found\n")
        : http.Request.Query.ContainsKey("verbose") ? Answers.TextAsync(http, 200, $"[+]ping ok\n{segments[0]} check passed\n")
        : Answers.TextAsync(http, 200, "ok");
}
