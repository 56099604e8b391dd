using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;

namespace Plumb.Platform.Aws;

/// <summary>
/// The ordinary credential chain of the AWS SDK: environment, web identity, profiles (keys, assumed roles, SSO, processes), container, instance.
/// It is loaded by the first call that needs it, and it renews what expires.
/// </summary>
internal sealed class AwsCredential(AwsOptions options, AwsSettings settings)
{
    private const string Remedy = "Run 'aws configure' or 'aws sso login', set AWS_PROFILE, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY ('plumb lab env' prints those of the lab)";
    private AWSCredentials? _chain;

    public async Task<AwsResult<AwsKeys>> GetAsync(CancellationToken cancellation)
    {
        if (options.Keys is { } given)
        {
            return given;
        }
        // Before the chain: it reads the process's environment, and a caller may have given another.
        if (options.Profile is null && options.Environment("AWS_ACCESS_KEY_ID") is { Length: > 0 } id && options.Environment("AWS_SECRET_ACCESS_KEY") is { Length: > 0 } secret)
        {
            return new AwsKeys(id, secret, options.Environment("AWS_SESSION_TOKEN") is { Length: > 0 } token ? token : null);
        }
        try
        {
            // The chain has calls that cannot be cancelled, so it is the wait that ends.
            var found = await Task.Run(FindAsync, cancellation).WaitAsync(options.CredentialTimeout, options.Time, cancellation);
            return new AwsKeys(found.AccessKey, found.SecretKey, found.UseToken ? found.Token : null);
        }
        catch (TimeoutException)
        {
            return new AwsError(AwsErrorKind.Credentials, $"no AWS credential was found within {options.CredentialTimeout.TotalSeconds:0} s", Remedy);
        }
        catch (Exception error) when (error is AmazonClientException or AmazonServiceException or InvalidOperationException or HttpRequestException or IOException)
        {
            return new AwsError(AwsErrorKind.Credentials, settings.Profile is { } profile
                ? $"the AWS profile '{profile.Name}' gives no credential: {FirstLine(error.Message)}"
                : $"no AWS credential was found{Tried(error.Message)}", Remedy);
        }
    }

    private async Task<ImmutableCredentials> FindAsync()
    {
        _chain ??= settings.Profile is { } profile
            ? profile.GetAWSCredentials(new CredentialProfileStoreChain())
            : await new DefaultAWSCredentialsIdentityResolver().ResolveIdentityAsync(null);
        return await _chain.GetCredentialsAsync();
    }

    /// <summary>Of the chain's list of failures those that are more than an absence: a variable that is not set, no profile and no instance are no news.</summary>
    private static string Tried(string message)
    {
        string[] absences = ["were not set", "must be an absolute path", "Unable to find the \"default\" profile", "[default] is not valid", "instance metadata"];
        var failures = message.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("Exception ", StringComparison.Ordinal))
            .Where(line => !absences.Any(absence => line.Contains(absence, StringComparison.OrdinalIgnoreCase))).Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim().TrimEnd('.'));
        var told = string.Join("; ", failures);
        return told.Length > 0 ? $": {told}" : " in environment, web identity, profiles, container or instance";
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim().TrimEnd('.');
}
