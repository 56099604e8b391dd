namespace Plumb.Platform.Aws;

/// <summary>Who the credential belongs to.</summary>
public sealed record CallerIdentity(string Account, string Arn, string UserId);

public sealed class Sts
{
    private readonly QueryApi _api;

    internal Sts(AwsTransport transport, string? region) => _api = new QueryApi(transport, AwsService.Sts, region ?? AwsService.GlobalRegion, "2011-06-15");

    /// <summary>Needs no permission.</summary>
    public async Task<AwsResult<CallerIdentity>> GetCallerIdentityAsync(CancellationToken cancellation)
    {
        var answer = await _api.CallAsync("GetCallerIdentity", [], cancellation);
        return answer.IsOk && answer.Value.Child("GetCallerIdentityResult") is { } result
            ? new CallerIdentity(result.Text("Account") ?? "", result.Text("Arn") ?? "", result.Text("UserId") ?? "")
            : answer.Error ?? new AwsError(AwsErrorKind.BadResponse, "STS answered without an identity", null);
    }
}
