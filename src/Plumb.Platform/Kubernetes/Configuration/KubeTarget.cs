using System.Security.Cryptography.X509Certificates;
using Plumb.Platform.Kubernetes.Credentials;

namespace Plumb.Platform.Kubernetes.Configuration;

/// <summary>A cluster to talk to, and as whom: what a kubeconfig's context or a service account comes to.</summary>
/// <param name="ContextName">The context's name; <c>in-cluster</c> for a service account.</param>
/// <param name="Namespace">The namespace to use when none is given.</param>
/// <param name="Proxy">The kubeconfig's proxy-url (http, https or socks5); null leaves it to HTTPS_PROXY and NO_PROXY.</param>
public sealed record KubeTarget(string ContextName, Uri Server, string Namespace, KubeTls Tls, IKubeCredential Credential, Uri? Proxy = null);

/// <summary>Whom we believe to be the server.</summary>
/// <param name="Authorities">The only authorities to trust; null trusts the machine's.</param>
/// <param name="SkipVerification">Believe anybody (insecure-skip-tls-verify).</param>
/// <param name="ServerName">The name to expect in the certificate, when it is not the URL's host.</param>
public sealed record KubeTls(X509Certificate2Collection? Authorities = null, bool SkipVerification = false, string? ServerName = null);
