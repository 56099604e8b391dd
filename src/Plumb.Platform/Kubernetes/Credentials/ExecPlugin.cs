namespace Plumb.Platform.Kubernetes.Credentials;

/// <summary>The <c>exec</c> section of a kubeconfig's user.</summary>
/// <param name="Command">A name on the PATH or a path; a relative path with a slash counts from the kubeconfig's folder.</param>
/// <param name="InstallHint">Shown when the command is not there.</param>
/// <param name="ClusterInfo">The cluster's description for KUBERNETES_EXEC_INFO (JSON); null unless provideClusterInfo is set.</param>
/// <param name="Interactive">True when the plugin must ask a person (interactiveMode: Always).</param>
public sealed record ExecPlugin(string ApiVersion, string Command, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment,
    string? InstallHint, string? ClusterInfo, bool Interactive)
{
    public static readonly IReadOnlyList<string> ApiVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
}
