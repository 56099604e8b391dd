using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;

namespace Plumb.Platform.Kubernetes.Credentials;

/// <summary>Who we are to the server. Asked before every request, so that a credential that changes on disk or expires is renewed.</summary>
public interface IKubeCredential
{
    /// <returns>The credential of now, or why there is none.</returns>
    ValueTask<KubeResult<KubeIdentity>> GetAsync(CancellationToken cancellation);

    /// <summary>The server refused the credential (401): the next one must be made anew. False when it would be the same again.</summary>
    bool Renew();
}

/// <summary>What goes with a request. Its text form never shows the secret.</summary>
/// <param name="Authorization">The Authorization header; null when there is none.</param>
/// <param name="Certificate">The client certificate with its key; null when there is none.</param>
public sealed record KubeIdentity(AuthenticationHeaderValue? Authorization, X509Certificate2? Certificate)
{
    public static readonly KubeIdentity Anonymous = new(null, null);

    public override string ToString() =>
        (Authorization, Certificate) switch
        {
            (null, null) => "anonymous",
            (null, _) => "client certificate",
            (_, null) => "token",
            _ => "token and client certificate",
        };
}

/// <summary>A credential that never changes: a token, a client certificate, or none.</summary>
public sealed class FixedCredential(KubeIdentity identity) : IKubeCredential
{
    public ValueTask<KubeResult<KubeIdentity>> GetAsync(CancellationToken cancellation) => new(identity);

    public bool Renew() => false;
}
