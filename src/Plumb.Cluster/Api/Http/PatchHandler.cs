using System.Text;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Fields;
using Plumb.Cluster.Api.Patches;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Api.Text;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>PATCH in its four forms: JSON patch, merge patch, strategic merge patch and server-side apply.</summary>
internal sealed class PatchHandler(ApiServices services)
{
    private const string ApplyYaml = "application/apply-patch+yaml";

    public async Task HandleAsync(ApiRequest request, ResourceKind kind)
    {
        var media = RequestBody.MediaType(request.Http);
        if (media is not ("application/json-patch+json" or "application/merge-patch+json" or "application/strategic-merge-patch+json" or ApplyYaml))
        {
            await Answers.FailAsync(request.Http, new ApiFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type", []));
            return;
        }
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        failure ??= WriteHandler.CheckOptions(request, "PatchOptions");
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var (created, result) = media == ApplyYaml ? Apply(request, kind, body!) : (false, Patch(request, kind, media, body!));
        await (result.IsOk
            ? Rendering.SendAsync(request, kind, created ? 201 : 200, result.Object, services.Api.Time.GetUtcNow())
            : Answers.FailAsync(request.Http, result.Failure));
    }

    private ApiResult Patch(ApiRequest request, ResourceKind kind, string media, byte[] body)
    {
        var (patch, error, _) = JsonText.Parse(body);
        if (error is not null)
        {
            return ApiFailure.BadRequest($"error decoding patch: {error}");
        }
        var options = WriteHandler.OptionsOf(request) with { Subresource = request.Subresource };
        return services.Api.Replace(kind.Stored(), request.Namespace, request.Name!, present =>
        {
            var before = kind == ServedKinds.EventsView ? EventsConversion.ToView(present.ToMutable()) : present.ToMutable();
            var (after, failure) = Apply(kind, media, before, patch);
            if (failure is not null)
            {
                return (null, failure);
            }
            var (read, invalid) = RequestBody.Check(request.Http, after!, ExpectedKind.Of(kind), []);
            if (invalid is not null)
            {
                return (null, invalid);
            }
            if (WriteHandler.CheckName(request, read!) is { } mismatch)
            {
                return (null, mismatch);
            }
            return (kind == ServedKinds.EventsView ? EventsConversion.ToCore(read!) : read, null);
        }, options);
    }

    /// <summary>One of the three patches that are only text.</summary>
    public static (JsonObject? After, ApiFailure? Failure) Apply(ResourceKind kind, string media, JsonObject before, JsonNode? patch) =>
        Apply(Schemas.Of(kind), media, before, patch);

    public static (JsonObject? After, ApiFailure? Failure) Apply(StructType type, string media, JsonObject before, JsonNode? patch)
    {
        switch (media)
        {
            case "application/json-patch+json":
                return JsonPatch.Apply(before, patch);
            case "application/merge-patch+json" when patch is JsonObject merge:
                return (MergePatch.Apply(before, merge), null);
            case "application/strategic-merge-patch+json" when patch is JsonObject strategic:
                if (new ObjectReader() is var reader && reader.Read(type, StrategicMergePatch.WithoutDirectives(strategic)) is not null && reader.TypeError is { } wrong)
                {
                    var errors = new FieldErrors();
                    errors.Invalid("patch", $"\"{GoText.Of(strategic)}\"", wrong.Contains(" of type ", StringComparison.Ordinal) ? "unrecognized type: " + wrong[(wrong.LastIndexOf(' ') + 1)..] : wrong);
                    return (null, errors.For("", "", ""));
                }
                return (StrategicMergePatch.Apply(type, before, strategic), null);
            default:
                return (null, ApiFailure.BadRequest("json: cannot unmarshal array into Go value of type map[string]interface {}"));
        }
    }

    private (bool Created, ApiResult Result) Apply(ApiRequest request, ResourceKind kind, byte[] body)
    {
        if (request.Query("fieldManager") is null or "")
        {
            var errors = new FieldErrors();
            errors.Required("fieldManager", "is required for apply patch");
            return (false, errors.For("meta.k8s.io", "PatchOptions", "")!);
        }
        var (value, error) = YamlText.Parse(Encoding.UTF8.GetString(body));
        if (error is not null || value is not JsonObject config)
        {
            return (false, ApiFailure.BadRequest($"error decoding YAML: {error ?? "the document is no mapping"}"));
        }
        if (Unfit(request, kind, config) is { } unfit)
        {
            return (false, unfit);
        }
        var options = WriteHandler.OptionsOf(request) with { IsApply = true, Subresource = request.Subresource };
        var apply = new ServerSideApply(kind, request.Manager, request.Subresource, request.Flag("force"), services.Api.Time.GetUtcNow().ToKubeTime());
        if (services.Api.Get(kind.Stored(), request.Namespace, request.Name!) is null)
        {
            if (request.Subresource is not null)
            {
                return (false, ApiFailure.NotFound(kind, request.Name!));
            }
            if (kind.Namespaced && services.Api.Get(Resources.Namespaces, null, request.Namespace!) is null)
            {
                return (false, ApiFailure.NotFound(Resources.Namespaces, request.Namespace!));
            }
            var (fresh, refused) = apply.Merge(new JsonObject { ["metadata"] = new JsonObject() }, config);
            return (true, refused is not null ? refused : services.Api.Create(kind.Stored(), request.Namespace, fresh!, options));
        }
        return (false, services.Api.Replace(kind.Stored(), request.Namespace, request.Name!, present => apply.Merge(present.ToMutable(), config), options));
    }

    private static ApiFailure? Unfit(ApiRequest request, ResourceKind kind, JsonObject config)
    {
        if (config.Text("kind") is null or "" || config.Text("apiVersion") is null or "")
        {
            return ApiFailure.BadRequest("Object 'Kind' is missing in '" + config.ToJsonString(KubeJson.Compact.Options) + "'");
        }
        if (config["metadata"] is JsonObject metadata && metadata["managedFields"] is JsonArray { Count: > 0 })
        {
            return ApiFailure.BadRequest("metadata.managedFields must be nil");
        }
        var name = config.Object("metadata").Text("name");
        if (name is { Length: > 0 } && name != request.Name)
        {
            return ApiFailure.BadRequest($"the name of the object ({name}) does not match the name on the URL ({request.Name})");
        }
        if (config.Object("metadata").Text("namespace") is { Length: > 0 } ns && ns != request.Namespace)
        {
            return ApiFailure.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }
        if (config.Text("kind") != kind.Kind || config.Text("apiVersion") != kind.ApiVersion)
        {
            return ApiFailure.BadRequest($"Incorrect version specified in apply patch. Specified patch version: {config.Text("apiVersion")}, expected: {kind.ApiVersion}");
        }
        var given = config.Object("metadata").Text("namespace");
        config.Object("metadata")["name"] = request.Name;
        if (request.Namespace is not null)
        {
            config.Object("metadata")["namespace"] = request.Namespace;
        }
        var reader = new ObjectReader();
        _ = reader.Read(Schemas.Of(kind), config);
        var subject = $"({given}/{request.Name}; {kind.ApiVersion}, Kind={kind.Kind})";
        return reader.TypeError is { } mismatch ? ApiFailure.Internal($"failed to create typed patch object {subject}: {mismatch}")
            : reader.Unknown.Count > 0 ? ApiFailure.Internal($"failed to create typed patch object {subject}: {string.Join(", ", reader.Unknown.Select(field => $".{field}: field not declared in schema"))}")
            : null;
    }
}
