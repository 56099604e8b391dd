using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws;

/// <summary>Secrets Manager with staging labels, as rotation uses it. Values never go into the trail.</summary>
internal sealed class SecretsApi(AccountStore store, Trail trail) : IApi
{
    private const string Current = "AWSCURRENT";
    private const string Previous = "AWSPREVIOUS";
    private const int MostListed = 100;
    private const int MostBytes = 65536;
    private const int MostVersions = 100;
    private const string Invalid = "InvalidParameterException";

    public Wire Wire => Wire.Json;

    public string? OperationOf(ApiRequest request) => JsonInput.Operation(request, "secretsmanager");

    public ApiReply Answer(ApiRequest request, string operation)
    {
        var input = JsonInput.Of(request, Invalid);
        return operation switch
        {
            "CreateSecret" => Create(request, input),
            "GetSecretValue" => Get(request, input),
            "PutSecretValue" => Put(request, input),
            "DescribeSecret" => Describe(request, input),
            "ListSecrets" => List(request, input),
            "ListSecretVersionIds" => Versions(request, input),
            "UpdateSecretVersionStage" => MoveStage(request, input),
            "DeleteSecret" => Delete(request, input),
            "RestoreSecret" => Restore(request, input),
            _ => throw StandIn.Unknown(Wire),
        };
    }

    private ApiReply Create(ApiRequest request, JsonInput input)
    {
        var (name, description, token) = (input.Needed("Name"), input.Text("Description"), Token(input));
        var (text, binary) = Value(input);
        var tags = input.Objects("Tags");
        input.Done();
        if (store.Secrets.All.FirstOrDefault(secret => secret.Region == request.Region && secret.Name == name) is { } existing)
        {
            return existing.Deleted is not null
                ? throw new ApiFault(400, "InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
                : existing.Versions.Any(version => version.Id == token && version.Text == text && version.Binary == binary) ? Version(existing, token, null)
                : throw new ApiFault(400, "ResourceExistsException", $"The operation failed because the secret {name} already exists.");
        }
        var arn = $"arn:aws:secretsmanager:{request.Region}:{User.Account}:secret:{name}-{RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 6)}";
        var labels = new SortedDictionary<string, string>(tags.ToDictionary(tag => (string?)tag["Key"] ?? "", tag => (string?)tag["Value"] ?? ""), StringComparer.Ordinal);
        IReadOnlyList<SecretVersionRow> versions = text is null && binary is null ? [] : [new SecretVersionRow(token, text, binary, request.Now, [Current])];
        var made = new SecretRow(arn, request.Region, name, description, request.Now, request.Now, null, labels, versions);
        store.Secrets.Put(arn, made);
        Record(request, "CreateSecret", made, new JsonObject { ["name"] = name, ["clientRequestToken"] = token });
        return Version(made, versions.Count > 0 ? token : null, null);
    }

    private ApiReply Get(ApiRequest request, JsonInput input)
    {
        var (secret, id, stage) = (Alive(Find(request, input)), input.Text("VersionId"), input.Text("VersionStage"));
        input.Done();
        var version = secret.Versions.FirstOrDefault(each => (id is null || each.Id == id) && (id is not null && stage is null || each.Stages.Contains(stage ?? Current)))
            ?? throw new ApiFault(400, "ResourceNotFoundException", id is not null
                ? $"Secrets Manager can't find the specified secret value for VersionId: {id}" : $"Secrets Manager can't find the specified secret value for staging label: {stage ?? Current}");
        var json = new JsonObject { ["ARN"] = secret.Arn, ["Name"] = secret.Name, ["VersionId"] = version.Id };
        if (version.Text is not null)
        {
            json["SecretString"] = version.Text;
        }
        if (version.Binary is not null)
        {
            json["SecretBinary"] = version.Binary;
        }
        json["VersionStages"] = Strings(version.Stages);
        json["CreatedDate"] = Seconds(version.Created);
        return ApiReply.Json(json);
    }

    private ApiReply Put(ApiRequest request, JsonInput input)
    {
        var (secret, token) = (Alive(Find(request, input)), Token(input));
        var (text, binary) = Value(input);
        var stages = input.Texts("VersionStages") is { Count: > 0 } given ? given : [Current];
        input.Done();
        if (text is null && binary is null)
        {
            throw new ApiFault(400, Invalid, "You must provide either SecretString or SecretBinary.");
        }
        if (secret.Versions.FirstOrDefault(version => version.Id == token) is { } same)
        {
            // The same token with the same value is the same request again: that makes a retry harmless.
            return same.Text == text && same.Binary == binary ? Version(secret, token, same.Stages)
                : throw new ApiFault(400, "ResourceExistsException", "The operation failed because the secret version already exists with another value. Use another ClientRequestToken.");
        }
        if (secret.Versions.Count == MostVersions)
        {
            throw new ApiFault(400, "LimitExceededException", $"You have exceeded the limit of {MostVersions} versions.");
        }
        var versions = secret.Versions.Append(new SecretVersionRow(token, text, binary, request.Now, [])).ToList();
        var changed = secret with { Changed = request.Now, Versions = stages.Aggregate(versions, (all, stage) => Move(all, stage, token)) };
        Save(changed);
        Record(request, "PutSecretValue", changed, new JsonObject { ["secretId"] = secret.Arn, ["clientRequestToken"] = token, ["versionStages"] = Strings(stages) });
        return Version(changed, token, stages);
    }

    private ApiReply Describe(ApiRequest request, JsonInput input)
    {
        var secret = Find(request, input);
        input.Done();
        var json = Info(secret);
        json["VersionIdsToStages"] = Stages(secret);
        return ApiReply.Json(json);
    }

    private ApiReply List(ApiRequest request, JsonInput input)
    {
        var (size, token, deleted) = (input.Number("MaxResults") ?? MostListed, input.Text("NextToken"), input.Flag("IncludePlannedDeletion"));
        var filters = input.Objects("Filters").Select(filter => Filter(filter, input)).ToList();
        input.Done();
        if (size is < 1 or > MostListed)
        {
            throw new ApiFault(400, Invalid, $"MaxResults must be between 1 and {MostListed}.");
        }
        var from = 0;
        if (token is not null && !(int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out from) && from > 0))
        {
            throw new ApiFault(400, "InvalidNextTokenException", "The NextToken value is invalid.");
        }
        size = Math.Min(size, request.PageSize ?? size);
        var found = store.Secrets.All.Where(secret => secret.Region == request.Region && (deleted || secret.Deleted is null) && filters.TrueForAll(filter => filter(secret)))
            .OrderByDescending(secret => secret.Changed).Skip(from).Take(size + 1).ToList();
        var json = new JsonObject { ["SecretList"] = new JsonArray([.. found.Take(size).Select(ListEntry)]) };
        if (found.Count > size)
        {
            json["NextToken"] = (from + size).ToString(CultureInfo.InvariantCulture);
        }
        return ApiReply.Json(json);
    }

    private ApiReply Versions(ApiRequest request, JsonInput input)
    {
        var (secret, all) = (Find(request, input), input.Flag("IncludeDeprecated"));
        input.Done();
        return ApiReply.Json(new JsonObject
        {
            ["Versions"] = new JsonArray([.. secret.Versions.Where(version => all || version.Stages.Count > 0).Select(version => new JsonObject
            {
                ["VersionId"] = version.Id, ["VersionStages"] = Strings(version.Stages), ["CreatedDate"] = Seconds(version.Created),
            })]),
            ["ARN"] = secret.Arn,
            ["Name"] = secret.Name,
        });
    }

    private ApiReply MoveStage(ApiRequest request, JsonInput input)
    {
        var (secret, stage, from, to) = (Alive(Find(request, input)), input.Needed("VersionStage"), input.Text("RemoveFromVersionId"), input.Text("MoveToVersionId"));
        input.Done();
        var holder = secret.Versions.FirstOrDefault(version => version.Stages.Contains(stage));
        if ((to ?? from) is { } named && secret.Versions.All(version => version.Id != named))
        {
            throw new ApiFault(400, "ResourceNotFoundException", $"Secrets Manager can't find the specified secret value for VersionId: {named}");
        }
        if (from is not null && holder?.Id != from)
        {
            throw new ApiFault(400, Invalid, $"The parameter RemoveFromVersionId can't be {from}. Staging label {stage} is currently attached to version {holder?.Id ?? "none"}.");
        }
        if (to is not null && from is null && holder is not null && holder.Id != to)
        {
            throw new ApiFault(400, Invalid, $"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {holder.Id}, so you must explicitly reference that version in RemoveFromVersionId.");
        }
        if (to is null && stage == Current)
        {
            throw new ApiFault(400, Invalid, "You can't remove the staging label AWSCURRENT: move it to another version.");
        }
        var changed = secret with { Changed = request.Now, Versions = Move([.. secret.Versions], stage, to) };
        Save(changed);
        Record(request, "UpdateSecretVersionStage", changed,
            new JsonObject { ["secretId"] = secret.Arn, ["versionStage"] = stage, ["removeFromVersionId"] = from, ["moveToVersionId"] = to });
        return ApiReply.Json(new JsonObject { ["ARN"] = secret.Arn, ["Name"] = secret.Name });
    }

    private ApiReply Delete(ApiRequest request, JsonInput input)
    {
        var (secret, force, days) = (Find(request, input), input.Flag("ForceDeleteWithoutRecovery"), input.Number("RecoveryWindowInDays"));
        input.Done();
        if (days is < 7 or > 30 || (force && days is not null))
        {
            throw new ApiFault(400, Invalid, "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive), and cannot be given with ForceDeleteWithoutRecovery.");
        }
        if (force)
        {
            store.Secrets.Remove(secret.Arn);
        }
        else
        {
            Save(secret with { Deleted = request.Now });
        }
        Record(request, "DeleteSecret", secret, new JsonObject { ["secretId"] = secret.Arn });
        return ApiReply.Json(new JsonObject { ["ARN"] = secret.Arn, ["Name"] = secret.Name, ["DeletionDate"] = Seconds(force ? request.Now : request.Now.AddDays(days ?? 30)) });
    }

    private ApiReply Restore(ApiRequest request, JsonInput input)
    {
        var secret = Find(request, input);
        input.Done();
        Save(secret with { Deleted = null });
        Record(request, "RestoreSecret", secret, new JsonObject { ["secretId"] = secret.Arn });
        return ApiReply.Json(new JsonObject { ["ARN"] = secret.Arn, ["Name"] = secret.Name });
    }

    /// <summary>By ARN, by name, or by an ARN without its six letters.</summary>
    private SecretRow Find(ApiRequest request, JsonInput input)
    {
        var id = input.Needed("SecretId");
        return store.Secrets.All.FirstOrDefault(secret => secret.Region == request.Region && (secret.Arn == id || secret.Name == id || secret.Arn[..^7] == id))
            ?? throw new ApiFault(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }

    private static SecretRow Alive(SecretRow secret) => secret.Deleted is null ? secret
        : throw new ApiFault(400, "InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.");

    private static string Token(JsonInput input) => input.Text("ClientRequestToken") switch
    {
        null => Guid.NewGuid().ToString(),
        { Length: >= 32 and <= 64 } token => token,
        _ => throw new ApiFault(400, Invalid, "ClientRequestToken must be 32-64 characters long."),
    };

    private static (string? Text, string? Binary) Value(JsonInput input)
    {
        var (text, binary) = (input.Text("SecretString"), input.Text("SecretBinary"));
        return text is not null && binary is not null ? throw new ApiFault(400, Invalid, "You can't specify both a binary secret value and a string secret value in the same secret.")
            : (text?.Length ?? binary?.Length ?? 0) > MostBytes ? throw new ApiFault(400, Invalid, $"The secret value is longer than {MostBytes} bytes.") : (text, binary);
    }

    /// <summary>A stage is on one version. When AWSCURRENT moves, the version that had it becomes AWSPREVIOUS.</summary>
    private static List<SecretVersionRow> Move(List<SecretVersionRow> versions, string stage, string? to)
    {
        var from = versions.Find(version => version.Stages.Contains(stage))?.Id;
        if (from == to)
        {
            return versions;
        }
        var moved = versions.ConvertAll(version => version with
        {
            Stages = [.. version.Stages.Where(each => each != stage), .. version.Id == to ? [stage] : Array.Empty<string>()],
        });
        return stage == Current && from is not null ? Move(moved, Previous, from) : moved;
    }

    private void Save(SecretRow secret) => store.Secrets.Put(secret.Arn, secret);

    private void Record(ApiRequest request, string operation, SecretRow secret, JsonObject parameters) =>
        trail.Record(request, operation, parameters, new JsonObject { ["arn"] = secret.Arn, ["name"] = secret.Name }, new ResourceRow("AWS::SecretsManager::Secret", secret.Arn), new ResourceRow("AWS::SecretsManager::Secret", secret.Name));

    private static Func<SecretRow, bool> Filter(JsonObject filter, JsonInput input)
    {
        var (key, values) = ((string?)filter["Key"], (filter["Values"] as JsonArray ?? []).Select(value => (string?)value ?? "").ToList());
        bool Any(IEnumerable<string?> texts) => texts.Any(text => text is not null && values.Exists(value => text.StartsWith(value, StringComparison.Ordinal)));
        return key switch
        {
            "name" => secret => Any([secret.Name]),
            "description" => secret => Any([secret.Description]),
            "tag-key" => secret => Any(secret.Tags.Keys),
            "tag-value" => secret => Any(secret.Tags.Values),
            _ => throw input.Wrong($"The lab's AWS filters secrets by name, description, tag-key and tag-value, not by {key}"),
        };
    }

    private static ApiReply Version(SecretRow secret, string? version, IReadOnlyList<string>? stages)
    {
        var json = new JsonObject { ["ARN"] = secret.Arn, ["Name"] = secret.Name };
        if (version is not null)
        {
            json["VersionId"] = version;
        }
        if (stages is not null)
        {
            json["VersionStages"] = Strings(stages);
        }
        return ApiReply.Json(json);
    }

    private static JsonObject ListEntry(SecretRow secret)
    {
        var json = Info(secret);
        json["SecretVersionsToStages"] = Stages(secret);
        return json;
    }

    private static JsonObject Info(SecretRow secret)
    {
        var json = new JsonObject { ["ARN"] = secret.Arn, ["Name"] = secret.Name };
        if (secret.Description is not null)
        {
            json["Description"] = secret.Description;
        }
        json["LastChangedDate"] = Seconds(secret.Changed);
        json["CreatedDate"] = Seconds(secret.Created);
        if (secret.Deleted is { } deleted)
        {
            json["DeletedDate"] = Seconds(deleted);
        }
        json["Tags"] = new JsonArray([.. secret.Tags.Select(tag => new JsonObject { ["Key"] = tag.Key, ["Value"] = tag.Value })]);
        return json;
    }

    private static JsonObject Stages(SecretRow secret)
    {
        var json = new JsonObject();
        foreach (var version in secret.Versions.Where(version => version.Stages.Count > 0))
        {
            json[version.Id] = Strings(version.Stages);
        }
        return json;
    }

    private static JsonArray Strings(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;
}
