using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>DELETE of one object and of collections.</summary>
internal sealed class DeleteHandler(ApiServices services)
{
    /// <summary>Kinds whose deletion answers with the object; for the others it is a Status with the name and uid.</summary>
    private static readonly HashSet<ResourceKind> ReturnsObject =
        [Resources.Pods, Resources.Services, Resources.ServiceAccounts, Resources.PersistentVolumeClaims, Resources.PersistentVolumes, Resources.StorageClasses];

    public async Task DeleteAsync(ApiRequest request, ResourceKind kind)
    {
        var (asked, failure) = await OptionsAsync(request);
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var name = request.Name!;
        var result = services.Api.Delete(kind.Stored(), request.Namespace, name, asked);
        if (!result.IsOk)
        {
            await Answers.FailAsync(request.Http, result.Failure);
            return;
        }
        var remains = services.Api.Get(kind.Stored(), request.Namespace, name) is { } present && present.Uid == result.Object.Uid;
        if (ReturnsObject.Contains(kind) || (remains && !asked!.DryRun) || (asked!.DryRun && result.Object.Json.GetProperty("metadata").TryGetProperty("finalizers", out _)))
        {
            await Rendering.SendAsync(request, kind, 200, result.Object, services.Api.Time.GetUtcNow());
            return;
        }
        var details = ApiFailure.DetailsOf(kind, name);
        details["uid"] = result.Object.Uid;
        var status = new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["metadata"] = new JsonObject(), ["status"] = "Success", ["details"] = details };
        await Answers.SendAsync(request.Http, 200, status, (Negotiated.Of(null, request.Http) ?? Negotiated.Plain) with { As = null });
    }

    public async Task DeleteAllAsync(ApiRequest request, ResourceKind kind)
    {
        var (asked, failure) = await OptionsAsync(request);
        var (query, invalid) = ListQuery.Of(request, kind);
        if ((failure ?? invalid) is { } wrong)
        {
            await Answers.FailAsync(request.Http, wrong);
            return;
        }
        var (all, version) = services.Api.Store.List(kind.Stored(), request.Namespace);
        var chosen = all.Where(query!.Matches).ToList();
        foreach (var item in chosen)
        {
            services.Api.Delete(kind.Stored(), item.Namespace, item.Name, asked! with { Uid = item.Uid });
        }
        await Answers.SendAsync(request.Http, 200, Rendering.List(kind, chosen, new JsonObject { ["resourceVersion"] = $"{version}" }), (Negotiated.Of(null, request.Http) ?? Negotiated.Plain) with { As = null });
    }

    /// <summary>DeleteOptions from the body, or else from the query.</summary>
    private static async Task<(DeleteRequest? Request, ApiFailure? Failure)> OptionsAsync(ApiRequest request)
    {
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        if (failure is not null)
        {
            return (null, failure);
        }
        var json = new JsonObject();
        if (body!.Length > 0)
        {
            var expected = new ExpectedKind("meta", "v1", "DeleteOptions");
            (var read, failure) = ReadOptions(request, body, expected);
            if (failure is not null)
            {
                return (null, failure);
            }
            json = read!;
        }
        var propagation = json.Text("propagationPolicy") ?? request.Query("propagationPolicy");
        var dryRun = (json["dryRun"] as JsonArray)?.Select(item => item?.GetValue<string>()).FirstOrDefault() ?? request.Query("dryRun");
        var errors = new FieldErrors();
        if (propagation is not (null or "" or "Foreground" or "Background" or "Orphan"))
        {
            errors.Unsupported("propagationPolicy", FieldErrors.Quoted(propagation), "Foreground", "Background", "Orphan", "nil");
        }
        if (dryRun is not (null or "" or "All"))
        {
            errors.Unsupported("dryRun", $"[]string{{\"{dryRun}\"}}", "All");
        }
        if (errors.For("meta.k8s.io", "DeleteOptions", "") is { } invalid)
        {
            return (null, invalid);
        }
        long? grace = json.Integer("gracePeriodSeconds") ?? (long.TryParse(request.Query("gracePeriodSeconds"), System.Globalization.CultureInfo.InvariantCulture, out var seconds) ? seconds : null);
        if (propagation is null or "" && json["orphanDependents"] is JsonValue orphan)
        {
            propagation = orphan.GetValue<bool>() ? "Orphan" : "Background";
        }
        var conditions = json["preconditions"] as JsonObject;
        return (new DeleteRequest(grace, propagation is "" ? null : propagation, conditions?.Text("uid"), conditions?.Text("resourceVersion"), dryRun == "All"), null);
    }

    private static (JsonObject? Json, ApiFailure? Failure) ReadOptions(ApiRequest request, byte[] body, ExpectedKind expected)
    {
        var media = RequestBody.MediaType(request.Http);
        var (value, error, _) = media == "application/vnd.kubernetes.protobuf" ? ProtobufReader.Read(body, expected) : Text.JsonText.Parse(body);
        if (error is not null || value is not JsonObject json)
        {
            return (null, ApiFailure.BadRequest(error ?? "couldn't get version/kind; json parse error"));
        }
        var reader = new ObjectReader();
        var read = reader.Read(expected.Type, json);
        return reader.TypeError is { } mismatch
            ? (null, ApiFailure.BadRequest($"DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: {mismatch}"))
            : (read, null);
    }
}
