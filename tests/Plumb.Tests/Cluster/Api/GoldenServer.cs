using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Plumb.Cluster.Api;
using Plumb.Cluster.Api.Auth;
using Plumb.Cluster.Api.Defaults;
using Plumb.Cluster.Api.Http;
using Plumb.Cluster.Network;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Store;

namespace Plumb.Tests.Cluster.Api;

/// <summary>The API server alone, over TLS on a free port: no controllers, no scheduler, no kubelet.</summary>
internal sealed class GoldenServer : IAsyncDisposable
{
    /// <summary>The version from which the recorded cluster still had its history.</summary>
    private const long FirstVersion = 16_062;

    private readonly ApiServer _server;
    private readonly ServerIdentity _identity;
    private readonly ClusterNetwork _network;

    private GoldenServer(ApiServer server, ServerIdentity identity, ClusterApi api, ClusterNetwork network)
    {
        (_server, _identity, Api, _network) = (server, identity, api, network);
        Client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { CertificateChainPolicy = Trust(identity.CaPem) },
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }) { BaseAddress = server.Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public ClusterApi Api { get; }

    public HttpClient Client { get; }

    public string Token => _identity.AdminToken;

    public static async Task<GoldenServer> StartAsync()
    {
        var identity = ServerIdentity.Create(TimeProvider.System);
        var network = ClusterNetwork.Claim()!;
        var api = new ClusterApi(new ObjectStore(FirstVersion), TimeProvider.System);
        api.Admission.Addresses = new ServiceAddresses(network);
        var tokens = new ServiceAccountTokens(identity.TokenKey, api.Store, TimeProvider.System);
        var services = new ApiServices { Api = api, Tokens = tokens, Authenticator = new Authenticator(identity.AdminToken, tokens), Authorizer = new Authorizer(false) };
        SystemNamespaces.Create(api);
        return new GoldenServer(await ApiServer.StartAsync(new Router(services), identity, 0, CancellationToken.None), identity, api, network);
    }

    /// <summary>Only the cluster's own authority is trusted, as a kubeconfig says.</summary>
    private static X509ChainPolicy Trust(string caPem) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { X509Certificate2.CreateFromPem(caPem) },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    /// <summary>A request as the administrator, unless headers say otherwise.</summary>
    public HttpRequestMessage Request(string method, string path, string? body = null, string? contentType = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        request.Headers.TryAddWithoutValidation("User-Agent", "kubectl");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            if (contentType is not null)
            {
                request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            }
        }
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        _identity.Dispose();
        _network.Dispose();
    }
}
