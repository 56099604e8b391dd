using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Plumb.Cluster.Api.Auth;

/// <summary>The cluster's own certificate authority and the API server's certificate, made anew or kept in the state directory.</summary>
internal sealed class ServerIdentity : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    private ServerIdentity(X509Certificate2 server, string caPem, ECDsa tokenKey, string adminToken)
    {
        Certificate = server;
        CaPem = caPem;
        TokenKey = tokenKey;
        AdminToken = adminToken;
    }

    public X509Certificate2 Certificate { get; }
    public string CaPem { get; }

    /// <summary>Signs service-account tokens.</summary>
    public ECDsa TokenKey { get; }
    public string AdminToken { get; }

    /// <param name="addresses">Further addresses under which clients reach the server.</param>
    public static ServerIdentity Create(TimeProvider time, params IReadOnlyList<IPAddress> addresses)
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var caRequest = new CertificateRequest("CN=plumb-lab-ca", caKey, HashAlgorithmName.SHA256);
        caRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        caRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        var from = time.GetUtcNow().AddMinutes(-5);
        using var ca = caRequest.CreateSelfSigned(from, from + Lifetime);

        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kube-apiserver", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in (ReadOnlySpan<string>)["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"])
        {
            names.AddDnsName(name);
        }
        foreach (var address in addresses.Prepend(IPAddress.Loopback))
        {
            names.AddIpAddress(address);
        }
        request.CertificateExtensions.Add(names.Build());
        var signed = request.Create(ca, from, from + Lifetime, RandomNumberGenerator.GetBytes(16));
        return new ServerIdentity(signed.CopyWithPrivateKey(key), ca.ExportCertificatePem() + "\n", ECDsa.Create(ECCurve.NamedCurves.nistP256),
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
    }

    /// <summary>Writes what a restart needs to be the same server: clients keep their kubeconfig.</summary>
    public void Save(string directory)
    {
        WritePrivate(Path.Combine(directory, "server.crt"), Certificate.ExportCertificatePem());
        WritePrivate(Path.Combine(directory, "server.key"), Certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        WritePrivate(Path.Combine(directory, "ca.crt"), CaPem);
        WritePrivate(Path.Combine(directory, "tokens.key"), TokenKey.ExportPkcs8PrivateKeyPem());
        WritePrivate(Path.Combine(directory, "admin.token"), AdminToken);
    }

    /// <summary>The identity that <see cref="Save"/> wrote; null when there is none.</summary>
    public static ServerIdentity? Load(string directory)
    {
        if (!File.Exists(Path.Combine(directory, "admin.token")))
        {
            return null;
        }
        var tokens = ECDsa.Create();
        tokens.ImportFromPem(File.ReadAllText(Path.Combine(directory, "tokens.key")));
        var server = X509Certificate2.CreateFromPemFile(Path.Combine(directory, "server.crt"), Path.Combine(directory, "server.key"));
        return new ServerIdentity(server, File.ReadAllText(Path.Combine(directory, "ca.crt")), tokens, File.ReadAllText(Path.Combine(directory, "admin.token")));
    }

    /// <summary>Atomic, and readable by the owner only from the first moment.</summary>
    public static void WritePrivate(string path, string text)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(text);
        }
        File.Move(temporary, path, overwrite: true);
    }

    public void Dispose()
    {
        Certificate.Dispose();
        TokenKey.Dispose();
    }
}
