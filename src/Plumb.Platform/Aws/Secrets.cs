using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plumb.Platform.Aws;

/// <summary>A secret's value. Its text never shows it.</summary>
/// <param name="Text">The SecretString; null for a binary secret, which Plumb does not read.</param>
/// <param name="Stages"><c>AWSCURRENT</c>, <c>AWSPENDING</c>, <c>AWSPREVIOUS</c>, or own ones.</param>
public sealed record SecretValue(string Arn, string Name, string VersionId, string? Text, IReadOnlyList<string> Stages, DateTimeOffset? Created)
{
    public override string ToString() => $"{Name} version {VersionId} ({string.Join(", ", Stages)})";
}

/// <summary>A secret without its value.</summary>
/// <param name="Versions">Which stages each version has; empty in a list where AWS leaves it out.</param>
public sealed record SecretInfo(
    string Arn, string Name, string? Description, bool RotationEnabled, DateTimeOffset? Created, DateTimeOffset? Changed, DateTimeOffset? Rotated, DateTimeOffset? Deleted,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Versions, IReadOnlyDictionary<string, string> Tags);

/// <param name="Stages">Empty when AWS does not tell (create).</param>
public sealed record SecretVersion(string Arn, string Name, string VersionId, IReadOnlyList<string> Stages);

/// <summary>Secrets Manager. The writes carry a client request token, so repeating one with the same token does nothing twice.</summary>
public sealed class Secrets
{
    private const int PageSize = 100;
    private readonly JsonApi _api;

    internal Secrets(AwsTransport transport, string? region) => _api = new JsonApi(transport, AwsService.SecretsManager, region, "secretsmanager");

    public async Task<AwsResult<SecretVersion>> CreateSecretAsync(string name, string text, string? description, Guid token, CancellationToken cancellation)
    {
        var input = new JsonObject { ["Name"] = name, ["SecretString"] = text, ["ClientRequestToken"] = token.ToString() };
        if (description is not null)
        {
            input["Description"] = description;
        }
        var answer = await _api.CallAsync("CreateSecret", input, cancellation);
        return answer.IsOk ? Version(answer.Value) : answer.Error;
    }

    /// <param name="versionId">Null: by stage.</param>
    /// <param name="stage">Null: AWSCURRENT.</param>
    public async Task<AwsResult<SecretValue>> GetSecretValueAsync(string secretId, string? versionId, string? stage, CancellationToken cancellation)
    {
        var input = new JsonObject { ["SecretId"] = secretId };
        Add(input, "VersionId", versionId);
        Add(input, "VersionStage", stage);
        var answer = await _api.CallAsync("GetSecretValue", input, cancellation);
        return answer.IsOk
            ? new SecretValue(answer.Value.Text("ARN") ?? "", answer.Value.Text("Name") ?? "", answer.Value.Text("VersionId") ?? "", answer.Value.Text("SecretString"),
                Strings(answer.Value, "VersionStages"), answer.Value.Time("CreatedDate"))
            : answer.Error;
    }

    /// <param name="token">Becomes the version's id.</param>
    /// <param name="stages">Empty: AWSCURRENT.</param>
    public async Task<AwsResult<SecretVersion>> PutSecretValueAsync(string secretId, string text, Guid token, IReadOnlyList<string> stages, CancellationToken cancellation)
    {
        var input = new JsonObject { ["SecretId"] = secretId, ["SecretString"] = text, ["ClientRequestToken"] = token.ToString() };
        if (stages.Count > 0)
        {
            input["VersionStages"] = new JsonArray([.. stages.Select(stage => (JsonNode)stage)]);
        }
        var answer = await _api.CallAsync("PutSecretValue", input, cancellation);
        return answer.IsOk ? Version(answer.Value) : answer.Error;
    }

    public async Task<AwsResult<SecretInfo>> DescribeSecretAsync(string secretId, CancellationToken cancellation)
    {
        var answer = await _api.CallAsync("DescribeSecret", new JsonObject { ["SecretId"] = secretId }, cancellation);
        return answer.IsOk ? Info(answer.Value) : answer.Error;
    }

    public Task<AwsResult<IReadOnlyList<SecretInfo>>> ListSecretsAsync(CancellationToken cancellation) =>
        _api.PagesAsync("ListSecrets", new JsonObject { ["MaxResults"] = PageSize }, "NextToken", "SecretList", Info, int.MaxValue, cancellation);

    /// <summary>Moves a stage from one version to another; <paramref name="toVersion"/> null takes it away, <paramref name="fromVersion"/> null adds it.</summary>
    public async Task<AwsResult<SecretVersion>> UpdateSecretVersionStageAsync(string secretId, string stage, string? fromVersion, string? toVersion, CancellationToken cancellation)
    {
        var input = new JsonObject { ["SecretId"] = secretId, ["VersionStage"] = stage };
        Add(input, "RemoveFromVersionId", fromVersion);
        Add(input, "MoveToVersionId", toVersion);
        var answer = await _api.CallAsync("UpdateSecretVersionStage", input, cancellation);
        return answer.IsOk ? Version(answer.Value) with { VersionId = toVersion ?? "" } : answer.Error;
    }

    private static void Add(JsonObject input, string name, string? value)
    {
        if (value is not null)
        {
            input[name] = value;
        }
    }

    private static SecretVersion Version(JsonElement answer) =>
        new(answer.Text("ARN") ?? "", answer.Text("Name") ?? "", answer.Text("VersionId") ?? "", Strings(answer, "VersionStages"));

    private static SecretInfo Info(JsonElement secret)
    {
        var versions = secret.TryGetProperty("VersionIdsToStages", out var described) || secret.TryGetProperty("SecretVersionsToStages", out described)
            ? described.EnumerateObject().ToDictionary(version => version.Name, version => (IReadOnlyList<string>)[.. version.Value.EnumerateArray().Select(stage => stage.GetString()!)], StringComparer.Ordinal)
            : [];
        return new SecretInfo(
            secret.Text("ARN") ?? "", secret.Text("Name") ?? "", secret.Text("Description"), secret.TryGetProperty("RotationEnabled", out var rotation) && rotation.ValueKind == JsonValueKind.True,
            secret.Time("CreatedDate"), secret.Time("LastChangedDate"), secret.Time("LastRotatedDate"), secret.Time("DeletedDate"), versions,
            secret.Items("Tags").ToDictionary(tag => tag.Text("Key") ?? "", tag => tag.Text("Value") ?? "", StringComparer.Ordinal));
    }

    private static IReadOnlyList<string> Strings(JsonElement element, string name) => [.. element.Items(name).Select(item => item.GetString()!)];
}
