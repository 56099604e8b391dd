using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Plumb.Platform.Kubernetes.Credentials;

/// <summary>
/// A token in a file that somebody else renews, as the kubelet does with a service account's. Read again after
/// <see cref="ReadAgainAfter"/> (client-go does it every minute too) and at once when the server answers 401.
/// </summary>
public sealed class TokenFileCredential(string path, X509Certificate2? certificate, TimeProvider time) : IKubeCredential
{
    public static readonly TimeSpan ReadAgainAfter = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private KubeIdentity? _identity;
    private DateTimeOffset _readAt;

    public async ValueTask<KubeResult<KubeIdentity>> GetAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_identity is not null && time.GetUtcNow() - _readAt < ReadAgainAfter)
            {
                return _identity;
            }
        }
        string token;
        try
        {
            token = (await File.ReadAllTextAsync(path, cancellation)).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new KubeError(KubeErrorKind.Credentials, $"The token file {path} cannot be read: {error.Message}", "Check that it exists and that this user may read it.");
        }
        if (token.Length == 0)
        {
            return new KubeError(KubeErrorKind.Credentials, $"The token file {path} is empty.", "Whoever writes it has not done so yet; try again, or mend the writer.");
        }
        var identity = new KubeIdentity(new AuthenticationHeaderValue("Bearer", token), certificate);
        lock (_lock)
        {
            _identity = identity;
            _readAt = time.GetUtcNow();
        }
        return identity;
    }

    public bool Renew()
    {
        lock (_lock)
        {
            _identity = null;
        }
        return true;
    }
}
