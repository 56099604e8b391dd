using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Patches;
using Plumb.Cluster.Api.Schema;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>The scale of a workload: its replicas, as an autoscaling/v1 Scale.</summary>
internal sealed class ScaleHandler(ApiServices services)
{
    private static readonly ExpectedKind Scale = new("autoscaling", "v1", "Scale");

    public async Task HandleAsync(ApiRequest request, ResourceKind kind)
    {
        if (request.Method == "GET")
        {
            var present = services.Api.Get(kind, request.Namespace, request.Name!);
            await (present is null ? Answers.FailAsync(request.Http, ApiFailure.NotFound(kind, request.Name!)) : SendAsync(request, present));
            return;
        }
        if (request.Method is not ("PUT" or "PATCH"))
        {
            await Answers.FailAsync(request.Http, ApiFailure.MethodNotAllowed);
            return;
        }
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var options = WriteHandler.OptionsOf(request) with { Subresource = "scale" };
        var result = services.Api.Replace(kind, request.Namespace, request.Name!, present =>
        {
            var (wanted, wrong) = Wanted(request, present, body!);
            if (wrong is not null)
            {
                return (null, wrong);
            }
            var next = present.ToMutable();
            next.Object("spec")["replicas"] = wanted!.Object("spec").Integer("replicas") ?? 0;
            next.Object("metadata")["resourceVersion"] = wanted!.Object("metadata").Text("resourceVersion");
            return (next, null);
        }, options);
        await (result.IsOk ? SendAsync(request, result.Object) : Answers.FailAsync(request.Http, result.Failure));
    }

    private static (JsonObject? Scale, ApiFailure? Failure) Wanted(ApiRequest request, KubeObject present, byte[] body)
    {
        JsonObject? read;
        ApiFailure? failure;
        if (request.Method == "PUT")
        {
            (read, failure) = RequestBody.Decode(request.Http, body, Scale);
        }
        else
        {
            var (patch, error, _) = Text.JsonText.Parse(body);
            if (error is not null)
            {
                return (null, ApiFailure.BadRequest($"error decoding patch: {error}"));
            }
            (read, failure) = PatchHandler.Apply(Schemas.Of("autoscaling.v1.Scale"), RequestBody.MediaType(request.Http), Of(present), patch);
            if (failure is null)
            {
                (read, failure) = RequestBody.Check(request.Http, read!, Scale, []);
            }
        }
        if (failure is not null)
        {
            return (null, failure);
        }
        var errors = new FieldErrors();
        if (read!.Object("spec").Integer("replicas") is { } replicas and < 0)
        {
            errors.Invalid("spec.replicas", $"{replicas}", "must be greater than or equal to 0");
        }
        return errors.For("autoscaling", "Scale", present.Name) is { } invalid ? (null, invalid) : (read, null);
    }

    private static JsonObject Of(KubeObject workload)
    {
        var json = workload.ToMutable();
        var metadata = json.Object("metadata");
        var spec = json.Object("spec");
        var selector = JsonSerializer.Deserialize(spec.Object("selector"), KubeJson.Compact.LabelSelector)!;
        var terms = (selector.MatchLabels ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}")
            .Concat((selector.MatchExpressions ?? []).Select(term => term.Operator switch
            {
                "Exists" => term.Key,
                "DoesNotExist" => "!" + term.Key,
                _ => $"{term.Key} {term.Operator.ToLowerInvariant()} ({string.Join(',', term.Values ?? [])})",
            }));
        var scale = new JsonObject
        {
            ["kind"] = "Scale", ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = metadata.Text("name"), ["namespace"] = metadata.Text("namespace"), ["uid"] = metadata.Text("uid"),
                ["resourceVersion"] = metadata.Text("resourceVersion"), ["creationTimestamp"] = metadata.Text("creationTimestamp"),
            },
            ["spec"] = spec.Integer("replicas") is { } replicas and > 0 ? new JsonObject { ["replicas"] = replicas } : new JsonObject(),
            ["status"] = new JsonObject { ["replicas"] = json.Object("status").Integer("replicas") ?? 0, ["selector"] = string.Join(',', terms) },
        };
        return scale;
    }

    private static Task SendAsync(ApiRequest request, KubeObject item) =>
        Answers.SendAsync(request.Http, 200, Of(item), (Negotiated.Of(null, request.Http) ?? Negotiated.Plain) with { As = null });
}
