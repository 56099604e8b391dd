using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Auth;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>POST …/serviceaccounts/x/token: a token for the account (<c>kubectl create token</c>).</summary>
internal sealed class TokenRequestHandler(ApiServices services)
{
    private const long ShortestSeconds = 600;

    public async Task HandleAsync(ApiRequest request)
    {
        var account = services.Api.Get(Resources.ServiceAccounts, request.Namespace, request.Name!);
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        JsonObject? json = null;
        if (failure is null)
        {
            (json, failure) = RequestBody.Decode(request.Http, body!, new ExpectedKind("authentication.k8s.io", "v1", "TokenRequest"));
        }
        failure ??= account is null ? ApiFailure.NotFound(Resources.ServiceAccounts, request.Name!) : null;
        var spec = json?["spec"] as JsonObject ?? [];
        var seconds = spec.Integer("expirationSeconds") ?? 3600;
        var errors = new FieldErrors();
        if (seconds < ShortestSeconds)
        {
            errors.Invalid("spec.expirationSeconds", $"{seconds}", "may not specify a duration less than 10 minutes");
        }
        failure ??= errors.For("authentication.k8s.io", "TokenRequest", "");
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var audience = (spec["audiences"] as JsonArray)?.FirstOrDefault()?.GetValue<string>() ?? ServiceAccountTokens.Audience;
        var (token, expires) = services.Tokens.Issue(account!, seconds, audience);
        var answer = new JsonObject
        {
            ["kind"] = "TokenRequest", ["apiVersion"] = "authentication.k8s.io/v1",
            ["metadata"] = new JsonObject { ["name"] = request.Name, ["namespace"] = request.Namespace, ["creationTimestamp"] = services.Api.Time.GetUtcNow().ToKubeTime() },
            ["spec"] = new JsonObject { ["audiences"] = new JsonArray(audience), ["expirationSeconds"] = seconds, ["boundObjectRef"] = spec["boundObjectRef"]?.DeepClone() },
            ["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = expires.ToKubeTime() },
        };
        await Answers.SendAsync(request.Http, 201, answer, Negotiated.Plain);
    }
}
