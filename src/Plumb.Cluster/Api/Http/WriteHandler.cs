using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>POST and PUT of whole objects.</summary>
internal sealed class WriteHandler(ApiServices services)
{
    public async Task CreateAsync(ApiRequest request, ResourceKind kind)
    {
        if (request.Namespace is null && kind.Namespaced)
        {
            await Answers.FailAsync(request.Http, ApiFailure.MethodNotAllowed);
            return;
        }
        var (json, failure) = await BodyAsync(request, kind, "CreateOptions");
        failure ??= CheckNew(request, kind, json!);
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var result = services.Api.Create(kind.Stored(), request.Namespace, Stored(kind, json!), OptionsOf(request));
        await SendAsync(request, kind, 201, result);
    }

    public async Task ReplaceAsync(ApiRequest request, ResourceKind kind)
    {
        var (json, failure) = await BodyAsync(request, kind, "UpdateOptions");
        failure ??= CheckName(request, json!);
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var wanted = Stored(kind, json!);
        var result = services.Api.Replace(kind.Stored(), request.Namespace, request.Name!, _ => (wanted, null), OptionsOf(request) with { Subresource = request.Subresource });
        await SendAsync(request, kind, 200, result);
    }

    public static WriteOptions OptionsOf(ApiRequest request) => new(request.Manager, request.Query("dryRun") is { Length: > 0 });

    /// <summary>The dryRun, fieldManager and fieldValidation parameters that every write takes.</summary>
    public static ApiFailure? CheckOptions(ApiRequest request, string optionsKind)
    {
        var errors = new FieldErrors();
        if (request.Query("dryRun") is { Length: > 0 } dryRun and not "All")
        {
            errors.Unsupported("dryRun", $"[]string{{\"{dryRun}\"}}", "All");
        }
        if (request.Query("fieldManager") is { Length: > 128 } manager)
        {
            errors.TooLong("fieldManager", "may not be more than 128 bytes");
            _ = manager;
        }
        if (request.Query("fieldValidation") is { Length: > 0 } validation and not ("Ignore" or "Warn" or "Strict"))
        {
            errors.Unsupported("fieldValidation", $"\"{validation}\"", "Ignore", "Strict", "Warn");
        }
        return errors.For("meta.k8s.io", optionsKind, "");
    }

    private static async Task<(JsonObject? Json, ApiFailure? Failure)> BodyAsync(ApiRequest request, ResourceKind kind, string optionsKind)
    {
        if (CheckOptions(request, optionsKind) is { } wrong)
        {
            return (null, wrong);
        }
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        return failure is not null ? (null, failure) : RequestBody.Decode(request.Http, body!, ExpectedKind.Of(kind));
    }

    private ApiFailure? CheckNew(ApiRequest request, ResourceKind kind, JsonObject json)
    {
        var metadata = json.Object("metadata");
        if (CheckNamespace(request, metadata) is { } mismatch)
        {
            return mismatch;
        }
        if (metadata.Text("resourceVersion") is { Length: > 0 })
        {
            return ApiFailure.Internal("resourceVersion should not be set on objects to be created");
        }
        return kind.Namespaced && services.Api.Get(Resources.Namespaces, null, request.Namespace!) is null
            ? ApiFailure.NotFound(Resources.Namespaces, request.Namespace!)
            : null;
    }

    public static ApiFailure? CheckName(ApiRequest request, JsonObject json)
    {
        var metadata = json.Object("metadata");
        var name = metadata.Text("name") ?? "";
        return name.Length == 0 ? ApiFailure.BadRequest("name must be provided")
            : name != request.Name ? ApiFailure.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})")
            : CheckNamespace(request, metadata);
    }

    private static ApiFailure? CheckNamespace(ApiRequest request, JsonObject metadata) =>
        metadata.Text("namespace") is { Length: > 0 } ns && ns != request.Namespace
            ? ApiFailure.BadRequest("the namespace of the provided object does not match the namespace sent on the request")
            : null;

    private static JsonObject Stored(ResourceKind kind, JsonObject json) => kind == ServedKinds.EventsView ? EventsConversion.ToCore(json) : json;

    private Task SendAsync(ApiRequest request, ResourceKind kind, int code, ApiResult result) =>
        result.IsOk
            ? Rendering.SendAsync(request, kind, code, result.Object, services.Api.Time.GetUtcNow())
            : Answers.FailAsync(request.Http, result.Failure);
}
