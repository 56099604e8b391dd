using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Plumb.Platform.Kubernetes.Credentials;
using YamlDotNet.RepresentationModel;

namespace Plumb.Platform.Kubernetes.Configuration;

/// <summary>Makes a target of a kubeconfig's cluster and user: reads the files they name, and refuses what it does not support by name.</summary>
internal static class KubeconfigResolver
{
    private const string MendKubeconfig = "Mend the kubeconfig, or choose another context with --context.";

    public static KubeResult<KubeTarget> Resolve(string context, string ns, KubeconfigEntry cluster, KubeconfigEntry? user, TimeProvider time)
    {
        var fields = cluster.Fields;
        if (!Uri.TryCreate(fields.Text(cluster.Node, "server"), UriKind.Absolute, out var server) || server.Scheme is not ("https" or "http"))
        {
            fields.Complain(YamlFields.Child(cluster.Node, "server") ?? cluster.Node, "the cluster's 'server' must be an http or https URL");
            return fields.Error!;
        }
        Uri? proxy = null;
        if (fields.Text(cluster.Node, "proxy-url") is { } proxyText && (!Uri.TryCreate(proxyText, UriKind.Absolute, out proxy) || proxy.Scheme is not ("http" or "https" or "socks5")))
        {
            fields.Complain(YamlFields.Child(cluster.Node, "proxy-url")!, "'proxy-url' must be an http, https or socks5 URL");
        }
        var authorities = Authorities(cluster);
        if (authorities.Error is not null)
        {
            return authorities.Error;
        }
        var tls = new KubeTls(authorities.Value!.Count == 0 ? null : authorities.Value, fields.Flag(cluster.Node, "insecure-skip-tls-verify"), fields.Text(cluster.Node, "tls-server-name"));
        var credential = user is null ? new FixedCredential(KubeIdentity.Anonymous) : Credential(user, cluster, time);
        return (fields.Error ?? user?.Fields.Error) is { } error ? error
            : credential.Then<KubeTarget>(identity => new KubeTarget(context, server, ns, tls, identity, proxy));
    }

    private static KubeResult<X509Certificate2Collection> Authorities(KubeconfigEntry cluster)
    {
        var pem = Pem(cluster, "certificate-authority");
        if (pem.Error is not null)
        {
            return pem.Error;
        }
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem.Value);
        }
        catch (CryptographicException error)
        {
            return Bad($"{cluster.File}: the certificate authority cannot be read: {error.Message}");
        }
        return pem.Value!.Length > 0 && authorities.Count == 0 ? Bad($"{cluster.File}: the certificate authority holds no PEM certificate.") : authorities;
    }

    private static KubeResult<IKubeCredential> Credential(KubeconfigEntry user, KubeconfigEntry cluster, TimeProvider time)
    {
        var fields = user.Fields;
        foreach (var refused in new[] { "auth-provider", "as", "as-uid", "as-groups", "as-user-extra" })
        {
            if (YamlFields.Child(user.Node, refused) is { } node)
            {
                fields.Complain(node, refused == "auth-provider"
                    ? "not supported: auth-provider (Kubernetes 1.26 removed it); use the provider's exec plugin"
                    : $"not supported: '{refused}' (impersonation)");
            }
        }
        var certificate = ClientCertificate(user, time);
        if (certificate.Error is not null)
        {
            return certificate.Error;
        }
        if (fields.Map(user.Node, "exec") is { } exec)
        {
            return Exec(exec, user, cluster).Then<IKubeCredential>(plugin => new ExecCredential(plugin, time));
        }
        // client-go prefers the file, which may be renewed, to the text.
        if (user.Path("tokenFile") is { } tokenFile)
        {
            return new TokenFileCredential(tokenFile, certificate.Value!.Value, time);
        }
        AuthenticationHeaderValue? authorization = null;
        if (fields.Text(user.Node, "token") is { } token)
        {
            authorization = new AuthenticationHeaderValue("Bearer", token);
        }
        else if (fields.Text(user.Node, "username") is { } name)
        {
            var pair = Encoding.UTF8.GetBytes($"{name}:{fields.Text(user.Node, "password")}");
            authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(pair));
        }
        return new FixedCredential(new KubeIdentity(authorization, certificate.Value!.Value));
    }

    private static KubeResult<Optional<X509Certificate2>> ClientCertificate(KubeconfigEntry user, TimeProvider time)
    {
        var (certificatePem, keyPem) = (Pem(user, "client-certificate"), Pem(user, "client-key"));
        if ((certificatePem.Error ?? keyPem.Error) is { } unreadable)
        {
            return unreadable;
        }
        if (certificatePem.Value!.Length == 0)
        {
            return new Optional<X509Certificate2>(null);
        }
        if (keyPem.Value!.Length == 0)
        {
            return Bad($"{user.File}: the user has a client certificate but no client-key.");
        }
        try
        {
            var certificate = X509Certificate2.CreateFromPem(certificatePem.Value, keyPem.Value);
            return certificate.NotAfter.ToUniversalTime() < time.GetUtcNow().UtcDateTime
                ? new KubeError(KubeErrorKind.Credentials, $"{user.File}: the client certificate expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC.", "Get a new kubeconfig from whoever runs the cluster.")
                : new Optional<X509Certificate2>(certificate);
        }
        catch (CryptographicException error)
        {
            return Bad($"{user.File}: the client certificate and key cannot be used: {error.Message}");
        }
    }

    private static KubeResult<ExecPlugin> Exec(YamlMappingNode exec, KubeconfigEntry user, KubeconfigEntry cluster)
    {
        var fields = user.Fields;
        var version = fields.Text(exec, "apiVersion");
        if (version is null || !ExecPlugin.ApiVersions.Contains(version))
        {
            fields.Complain(YamlFields.Child(exec, "apiVersion") ?? exec, $"not supported: exec apiVersion '{version}'; supported are {string.Join(" and ", ExecPlugin.ApiVersions)}");
            return fields.Error!;
        }
        if (fields.Text(exec, "command") is not { } command)
        {
            fields.Complain(exec, "the exec section has no 'command'");
            return fields.Error!;
        }
        if (command.Contains('/', StringComparison.Ordinal))
        {
            command = Path.GetFullPath(command, Path.GetDirectoryName(Path.GetFullPath(user.File)) ?? "/");
        }
        var environment = new Dictionary<string, string>();
        foreach (var variable in fields.List(exec, "env"))
        {
            environment[fields.Text(variable, "name") ?? ""] = fields.Text(variable, "value") ?? "";
        }
        string? info = null;
        if (fields.Flag(exec, "provideClusterInfo"))
        {
            var json = new JsonObject { ["server"] = cluster.Fields.Text(cluster.Node, "server") };
            if (Pem(cluster, "certificate-authority") is { IsSuccess: true, Value.Length: > 0 } pem)
            {
                json["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem.Value));
            }
            info = json.ToJsonString();
        }
        return new ExecPlugin(version, command, [.. fields.List(exec, "args").Select(argument => (argument as YamlScalarNode)?.Value ?? "")], environment,
            fields.Text(exec, "installHint"), info, fields.Text(exec, "interactiveMode") == "Always");
    }

    /// <summary>The text of <c>KEY-data</c> (base64), else of the file that <c>KEY</c> names; empty when there is neither.</summary>
    private static KubeResult<string> Pem(KubeconfigEntry entry, string key)
    {
        if (entry.Fields.Text(entry.Node, key + "-data") is { } data)
        {
            var bytes = new byte[data.Length];
            return Convert.TryFromBase64String(data, bytes, out var count)
                ? Encoding.UTF8.GetString(bytes, 0, count)
                : Bad($"{entry.File}:{YamlFields.Child(entry.Node, key + "-data")!.Start.Line}: '{key}-data' is not base64.");
        }
        if (entry.Path(key) is not { } path)
        {
            return "";
        }
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Bad($"{entry.File} names {path} as its {key}, which cannot be read: {error.Message}");
        }
    }

    private static KubeError Bad(string what) => new(KubeErrorKind.Configuration, what, MendKubeconfig);

    /// <summary>A value that may rightly be absent, inside a result.</summary>
    private readonly record struct Optional<T>(T? Value)
        where T : class;
}
