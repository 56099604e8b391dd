namespace Plumb.Recorder.Masking;

/// <summary>Files whose content is never shown, also where buffers are asked for. Their names are shown: a secret that is missing is a finding.</summary>
internal static class SecretFiles
{
    private static readonly string[] Places =
        ["/var/run/secrets/", "/run/secrets/", "/etc/shadow", "/etc/gshadow", "/etc/kubernetes/pki/", "/.ssh/", "/.aws/", "/.kube/", "/.pgpass", "/.docker/config.json", "/.netrc", "/etc/ssl/private/"];

    private static readonly string[] Endings = [".key", ".p12", ".pfx", ".jks", "/environ"];

    /// <param name="path">As a descriptor is shown.</param>
    public static bool Holds(string path) =>
        Array.Exists(Places, place => path.Contains(place, StringComparison.Ordinal)) || Array.Exists(Endings, ending => path.EndsWith(ending, StringComparison.Ordinal));
}
