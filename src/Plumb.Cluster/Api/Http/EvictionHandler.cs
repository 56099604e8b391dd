using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Api.Http;

/// <summary>Eviction: a delete that first asks the pod's disruption budget.</summary>
internal sealed class EvictionHandler(ApiServices services)
{
    /// <summary>Evicted pods that a budget may remember until its controller has counted them.</summary>
    private const int DisruptedLimit = 2000;

    public async Task HandleAsync(ApiRequest request)
    {
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        JsonObject? eviction = null;
        if (failure is null)
        {
            (eviction, failure) = Read(request, body!);
        }
        if (failure is null && eviction!.Object("metadata").Text("name") is { Length: > 0 } name && name != request.Name)
        {
            failure = ApiFailure.BadRequest("name in URL does not match name in Eviction object");
        }
        if (failure is null)
        {
            var options = eviction!["deleteOptions"] as JsonObject ?? [];
            var dryRun = options["dryRun"] is JsonArray { Count: > 0 } || request.Query("dryRun") is "All";
            failure = Evict(request.Namespace!, request.Name!, options, dryRun);
        }
        await (failure is null ? SubresourceHandler.SucceedAsync(request, 201) : Answers.FailAsync(request.Http, failure));
    }

    /// <summary>policy/v1 and the older policy/v1beta1 that old clients send are the same object.</summary>
    private static (JsonObject? Json, ApiFailure? Failure) Read(ApiRequest request, byte[] body)
    {
        if (RequestBody.MediaType(request.Http) == "application/json" && Text.JsonText.Parse(body).Value is JsonObject json && json.Text("apiVersion") == "policy/v1beta1")
        {
            json["apiVersion"] = "policy/v1";
            return RequestBody.Check(request.Http, json, new ExpectedKind("policy", "v1", "Eviction"), []);
        }
        return RequestBody.Decode(request.Http, body, new ExpectedKind("policy", "v1", "Eviction"));
    }

    private ApiFailure? Evict(string ns, string name, JsonObject options, bool dryRun)
    {
        var api = services.Api;
        if (api.Get(Resources.Pods, ns, name) is not { } pod)
        {
            return ApiFailure.NotFound(Resources.Pods, name);
        }
        var isRunning = pod.As(KubeJson.Compact.Pod).Status.Phase is not ("Succeeded" or "Failed" or "Pending");
        if (isRunning && !pod.IsTerminating)
        {
            var budgets = api.List(Resources.PodDisruptionBudgets, ns).Where(budget => Selects(budget, pod)).ToList();
            if (budgets.Count > 1)
            {
                return ApiFailure.Internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
            }
            if (budgets.Count == 1 && Spend(ns, budgets[0].Name, pod, dryRun) is { } refused)
            {
                return refused;
            }
        }
        if (!dryRun)
        {
            api.Update(Resources.Pods, ns, name, json => AddCondition(json, api.Time.GetUtcNow().ToKubeTime()));
        }
        var conditions = options["preconditions"] as JsonObject;
        var result = api.Delete(Resources.Pods, ns, name,
            new DeleteRequest(options.Integer("gracePeriodSeconds"), options.Text("propagationPolicy"), conditions?.Text("uid"), conditions?.Text("resourceVersion"), dryRun));
        return result.Failure;
    }

    private static bool Selects(KubeObject budget, KubeObject pod)
    {
        var selector = budget.ToMutable().Object("spec")["selector"] as JsonObject;
        return selector is not null && JsonSerializer.Deserialize(selector, KubeJson.Compact.LabelSelector)!.Matches(pod.Labels);
    }

    /// <summary>Takes one disruption from the budget, or says why there is none to take.</summary>
    private ApiFailure? Spend(string ns, string name, KubeObject pod, bool dryRun)
    {
        var isReady = pod.As(KubeJson.Compact.Pod).Status.IsReady;
        ApiFailure? refused = null;
        var result = services.Api.Update(Resources.PodDisruptionBudgets, ns, name, budget =>
        {
            var spec = budget.Object("spec");
            var status = budget.Object("status");
            if (!isReady && (spec.Text("unhealthyPodEvictionPolicy") == "AlwaysAllow" || status.Integer("currentHealthy") >= status.Integer("desiredHealthy") && status.Integer("desiredHealthy") > 0))
            {
                return;
            }
            refused = Refusal(name, budget, status);
            if (refused is not null || dryRun)
            {
                return;
            }
            status["disruptionsAllowed"] = (status.Integer("disruptionsAllowed") ?? 0) - 1;
            status.Object("disruptedPods")[pod.Name] = services.Api.Time.GetUtcNow().ToKubeTime();
        });
        return refused ?? result.Failure;
    }

    private static ApiFailure? Refusal(string name, JsonObject budget, JsonObject status)
    {
        if ((status.Integer("observedGeneration") ?? 0) < (budget.Object("metadata").Integer("generation") ?? 0))
        {
            return TooMany($"The disruption budget {name} is still being processed by the server.", retryAfter: 10);
        }
        if (status["disruptedPods"] is JsonObject { Count: > DisruptedLimit })
        {
            return ApiFailure.Internal("DisruptedPods map too big - too many evictions not confirmed by PDB controller");
        }
        return (status.Integer("disruptionsAllowed") ?? 0) > 0 ? null
            : TooMany($"The disruption budget {name} needs {status.Integer("desiredHealthy") ?? 0} healthy pods and has {status.Integer("currentHealthy") ?? 0} currently", retryAfter: null);
    }

    /// <summary>Without Retry-After: with it, clients would retry silently and never tell their user.</summary>
    private static ApiFailure TooMany(string why, int? retryAfter)
    {
        var details = new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = why }) };
        if (retryAfter is not null)
        {
            details["retryAfterSeconds"] = retryAfter;
        }
        return new ApiFailure(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", details) { RetryAfterSeconds = retryAfter };
    }

    private static void AddCondition(JsonObject pod, string now)
    {
        var conditions = pod.Object("status")["conditions"]?.DeepClone() as JsonArray ?? [];
        foreach (var old in conditions.OfType<JsonObject>().Where(item => item.Text("type") == "DisruptionTarget").ToList())
        {
            conditions.Remove(old);
        }
        conditions.Add((JsonNode)new JsonObject
        {
            ["type"] = "DisruptionTarget", ["status"] = "True", ["lastProbeTime"] = null, ["lastTransitionTime"] = now, ["reason"] = "EvictionByEvictionAPI",
            ["message"] = "Eviction API: evicting",
        });
        pod.Object("status")["conditions"] = conditions;
    }
}
