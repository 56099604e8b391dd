using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Plumb.Platform.Kubernetes.Credentials;

namespace Plumb.Platform.Kubernetes.Configuration;

/// <summary>The identity that every pod has: the API server's address in two variables, token, CA and namespace in files.</summary>
public static class ServiceAccount
{
    public const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <param name="environment">Reads a variable; null when it is not set.</param>
    /// <returns>The cluster that this process runs in; a Configuration error outside of one.</returns>
    public static KubeResult<KubeTarget> Load(Func<string, string?> environment, TimeProvider time, string folder = Folder)
    {
        var (host, port) = (environment("KUBERNETES_SERVICE_HOST"), environment("KUBERNETES_SERVICE_PORT"));
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port))
        {
            return new KubeError(KubeErrorKind.Configuration, "This process does not run in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set.", "Give a kubeconfig.");
        }
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(Path.Combine(folder, "ca.crt"));
            var ns = Path.Combine(folder, "namespace");
            var server = new UriBuilder("https", host, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)).Uri;
            return new KubeTarget("in-cluster", server, File.Exists(ns) ? File.ReadAllText(ns).Trim() : "default",
                new KubeTls(authorities), new TokenFileCredential(Path.Combine(folder, "token"), null, time));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or FormatException)
        {
            return new KubeError(KubeErrorKind.Configuration, $"The pod's service account cannot be used: {error.Message}", "Check that the pod has automountServiceAccountToken on.");
        }
    }
}
