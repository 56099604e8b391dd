using Amazon.Runtime.CredentialManagement;

namespace Plumb.Platform.Aws;

/// <summary>What environment and profile say about region and endpoints, read once.</summary>
internal sealed record AwsSettings(string? Region, Func<AwsService, Uri?> Endpoint, CredentialProfile? Profile)
{
    public static AwsResult<AwsSettings> Read(AwsOptions options)
    {
        var named = options.Profile ?? NotBlank(options.Environment("AWS_PROFILE"));
        CredentialProfile? profile = null;
        if (options.Keys is null)
        {
            try
            {
                new CredentialProfileStoreChain().TryGetProfile(named ?? "default", out profile);
            }
            catch (Exception error) when (error is Amazon.Runtime.AmazonClientException or IOException or UnauthorizedAccessException)
            {
                return new AwsError(AwsErrorKind.Configuration, $"the AWS profiles cannot be read: {error.Message.TrimEnd('.')}", "Correct ~/.aws/config and ~/.aws/credentials");
            }
            if (profile is null && named is not null)
            {
                return new AwsError(AwsErrorKind.Configuration, $"there is no AWS profile '{named}'", "See 'aws configure list-profiles', or unset AWS_PROFILE");
            }
        }
        return Endpoints(options, profile) is var (endpoint, problem) && problem is not null
            ? problem
            : new AwsSettings(RegionOf(options, profile), endpoint!, options.Profile is null && NotBlank(options.Environment("AWS_PROFILE")) is null ? null : profile);
    }

    private static string? RegionOf(AwsOptions options, CredentialProfile? profile) =>
        options.Region ?? NotBlank(options.Environment("AWS_REGION")) ?? NotBlank(options.Environment("AWS_DEFAULT_REGION")) ?? profile?.Region?.SystemName;

    private static (Func<AwsService, Uri?>? Endpoint, AwsError? Problem) Endpoints(AwsOptions options, CredentialProfile? profile)
    {
        if (options.Endpoint is { } given)
        {
            return (_ => given, null);
        }
        if (bool.TryParse(options.Environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), out var ignore) && ignore)
        {
            return (_ => null, null);
        }
        var general = (From: "AWS_ENDPOINT_URL", Url: NotBlank(options.Environment("AWS_ENDPOINT_URL")));
        var found = new Dictionary<AwsService, Uri?>();
        foreach (var service in (AwsService[])[AwsService.CostExplorer, AwsService.Ec2, AwsService.CloudTrail, AwsService.SecretsManager, AwsService.S3, AwsService.Sts])
        {
            var own = $"AWS_ENDPOINT_URL_{service.EndpointVariable}";
            var (from, url) = NotBlank(options.Environment(own)) is { } special ? (own, special) : general.Url is not null ? general : ("the profile's endpoint_url", profile?.EndpointUrl);
            if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
            {
                return (null, new AwsError(AwsErrorKind.Configuration, $"{from} is '{url}', which is no http or https URL", $"Set it like http://127.0.0.1:4566, or unset it"));
            }
            found[service] = url is null ? null : new Uri(url);
        }
        return (service => found[service], null);
    }

    private static string? NotBlank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
