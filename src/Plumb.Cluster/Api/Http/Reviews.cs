using System.Text.Json.Nodes;
using Plumb.Cluster.Api.Auth;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Questions about identity and permission: they are answered and never stored.</summary>
internal sealed class Reviews(ApiServices services)
{
    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["selfsubjectaccessreviews"] = "SelfSubjectAccessReview", ["subjectaccessreviews"] = "SubjectAccessReview", ["localsubjectaccessreviews"] = "LocalSubjectAccessReview",
        ["selfsubjectrulesreviews"] = "SelfSubjectRulesReview", ["selfsubjectreviews"] = "SelfSubjectReview", ["tokenreviews"] = "TokenReview",
    };

    public async Task HandleAsync(ApiRequest request)
    {
        if (!Kinds.TryGetValue(request.Resource, out var kind))
        {
            await Answers.FailAsync(request.Http, ApiFailure.NoSuchResource);
            return;
        }
        if (request.Method != "POST")
        {
            await Answers.FailAsync(request.Http, ApiFailure.MethodNotAllowed);
            return;
        }
        var (body, failure) = await RequestBody.ReadAsync(request.Http);
        JsonObject? json = null;
        if (failure is null)
        {
            (json, failure) = RequestBody.Decode(request.Http, body!, new ExpectedKind(request.Group, request.Version, kind));
        }
        if (failure is not null)
        {
            await Answers.FailAsync(request.Http, failure);
            return;
        }
        var spec = json!["spec"] as JsonObject ?? [];
        json["metadata"] = new JsonObject { ["creationTimestamp"] = kind == "SelfSubjectReview" ? services.Api.Time.GetUtcNow().ToKubeTime() : null };
        json["status"] = kind switch
        {
            "SelfSubjectReview" => new JsonObject { ["userInfo"] = Describe(request.User) },
            "TokenReview" => Token(spec),
            "SelfSubjectRulesReview" => Rules(request.User),
            "SelfSubjectAccessReview" => Access(request.User, spec),
            _ => Access(new UserInfo(spec.Text("user") ?? "", [.. (spec["groups"] as JsonArray ?? []).Select(group => group!.GetValue<string>())]), spec),
        };
        await Answers.SendAsync(request.Http, 201, json, (Negotiated.Of(null, request.Http) ?? Negotiated.Plain) with { As = null });
    }

    private JsonObject Access(UserInfo user, JsonObject spec)
    {
        var allowed = spec["nonResourceAttributes"] is JsonObject page
            ? Authorizer.AllowsPath(user, page.Text("path") ?? "")
            : spec["resourceAttributes"] is JsonObject asked && services.Authorizer.Allows(user, asked.Text("verb") ?? "", asked.Text("group") ?? "", asked.Text("resource") ?? "", asked.Text("subresource"));
        return new JsonObject { ["allowed"] = allowed };
    }

    private JsonObject Token(JsonObject spec)
    {
        var user = services.Authenticator.CheckToken(spec.Text("token") ?? "");
        return user is null
            ? new JsonObject { ["user"] = new JsonObject(), ["error"] = "[invalid bearer token]" }
            : new JsonObject { ["authenticated"] = true, ["user"] = Describe(user), ["audiences"] = new JsonArray(ServiceAccountTokens.Audience) };
    }

    private static JsonObject Rules(UserInfo user)
    {
        var all = new JsonArray("*");
        return new JsonObject
        {
            ["resourceRules"] = user.IsMaster ? new JsonArray(new JsonObject { ["verbs"] = all, ["apiGroups"] = all.DeepClone(), ["resources"] = all.DeepClone() }) : new JsonArray(),
            ["nonResourceRules"] = user.IsMaster ? new JsonArray(new JsonObject { ["verbs"] = all.DeepClone(), ["nonResourceURLs"] = all.DeepClone() }) : new JsonArray(),
            ["incomplete"] = false,
        };
    }

    private static JsonObject Describe(UserInfo user)
    {
        var json = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0)
        {
            json["uid"] = user.Uid;
        }
        json["groups"] = new JsonArray([.. user.Groups.Select(group => (JsonNode)group)]);
        return json;
    }
}
