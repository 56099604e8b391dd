using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Kubernetes.Credentials;
using Xunit;

namespace Plumb.Tests.Platform.Kubernetes;

public sealed class KubeErrorsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public void Every_refusal_that_a_real_server_recorded_becomes_an_error_with_its_words_and_a_next_step()
    {
        var refusals = Recordings.Read("errors.json").Where(entry => entry.Response.GetProperty("status").GetInt32() >= 400).ToArray();
        Assert.True(refusals.Length > 50, $"{refusals.Length} refusals were recorded");
        foreach (var (name, _, response) in refusals)
        {
            var status = response.GetProperty("status").GetInt32();
            var body = response.TryGetProperty("body", out var json) && json.ValueKind == JsonValueKind.Object ? json.GetRawText()
                : response.TryGetProperty("bodyText", out var text) ? text.GetString()! : "";

            var error = KubeErrors.FromAnswer((HttpStatusCode)status, Encoding.UTF8.GetBytes(body), null);

            Assert.True(error.StatusCode == status, name);
            Assert.NotEmpty(error.Next);
            Assert.True(error.Kind == Expected(status, error.Reason), $"{name}: {status} became {error.Kind}");
            if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("message", out var message))
            {
                Assert.Contains(message.GetString()!, error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_forbidden_request_names_the_missing_right()
    {
        var (_, _, response) = Recordings.Read("errors.json").First(entry => entry.Name == "403 list");

        var error = KubeErrors.FromAnswer(HttpStatusCode.Forbidden, Encoding.UTF8.GetBytes(response.GetProperty("body").GetRawText()), null);

        Assert.Equal("""pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "demo".""", error.Message);
        Assert.Contains("kubectl auth can-i", error.Next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_unreachable_and_says_so()
    {
        using var client = new KubeClient(Target(new Uri("http://127.0.0.1:1")));

        var error = (await client.GetAsync(KubeResource.Pods, "demo", "a", None)).Error!;

        Assert.Equal(KubeErrorKind.Unreachable, error.Kind);
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.Contains("connection refused", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_a_timeout_and_not_a_hang()
    {
        await using var server = await FakeKube.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = server.Client(new KubeClientOptions { RequestTimeout = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(KubeErrorKind.Timeout, (await client.GetAsync(KubeResource.Pods, "demo", "a", None)).Error!.Kind);
    }

    [Fact]
    public async Task The_caller_s_own_cancellation_is_no_error_of_the_cluster()
    {
        await using var server = await FakeKube.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = server.Client();
        using var stop = new CancellationTokenSource();

        var get = client.GetAsync(KubeResource.Pods, "demo", "a", stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
    }

    [Fact]
    public async Task An_answer_that_is_not_JSON_is_an_error()
    {
        await using var server = await FakeKube.StartAsync(context => FakeKube.AnswerAsync(context, 200, "<html>hello</html>"));
        using var client = server.Client();

        Assert.Equal(KubeErrorKind.BadResponse, (await client.GetAsync(KubeResource.Pods, "demo", "a", None)).Error!.Kind);
        Assert.Equal(KubeErrorKind.BadResponse, (await client.ListAsync(KubeResource.Pods, "demo", null, None)).Error!.Kind);
    }

    [Fact]
    public async Task An_empty_object_is_no_empty_list()
    {
        await using var server = await FakeKube.StartAsync(context => FakeKube.AnswerAsync(context, 200, "{}"));
        using var client = server.Client();

        Assert.Equal(KubeErrorKind.BadResponse, (await client.ListAsync(KubeResource.Pods, "demo", null, None)).Error!.Kind);
    }

    [Fact]
    public async Task A_server_whose_certificate_another_authority_signed_is_not_trusted()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = SelfSigned(key, "CN=another authority");
        await using var server = await TlsServer.StartAsync();
        using var client = new KubeClient(Target(server.Url, new KubeTls([other])));

        var error = (await client.GetAsync(KubeResource.Pods, "demo", "a", None)).Error!;

        Assert.Equal(KubeErrorKind.Tls, error.Kind);
        Assert.Contains("not signed by an authority that the kubeconfig trusts", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_a_certificate_for_another_name_is_trusted_only_under_that_name()
    {
        await using var server = await TlsServer.StartAsync("elsewhere.example");
        using var wrong = new KubeClient(Target(server.Url, new KubeTls([server.Certificate])));
        using var right = new KubeClient(Target(server.Url, new KubeTls([server.Certificate], ServerName: "elsewhere.example")));
        using var careless = new KubeClient(Target(server.Url, new KubeTls(SkipVerification: true)));

        var error = (await wrong.ServerVersionAsync(None)).Error!;

        Assert.Equal(KubeErrorKind.Tls, error.Kind);
        Assert.Contains("tls-server-name", error.Next, StringComparison.Ordinal);
        var version = await right.ServerVersionAsync(None);
        Assert.Equal(("v1.33.3", (KubeError?)null), (version.Value, version.Error));
        Assert.Equal("v1.33.3", (await careless.ServerVersionAsync(None)).Value);
    }

    internal static X509Certificate2 SelfSigned(ECDsa key, string subject)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2090, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }

    private static KubeTarget Target(Uri server, KubeTls? tls = null) => new("test", server, "default", tls ?? new KubeTls(), new FixedCredential(KubeIdentity.Anonymous));

    private static KubeErrorKind Expected(int status, string? reason) => (status, reason) switch
    {
        (401, _) => KubeErrorKind.Unauthorized,
        (403, _) => KubeErrorKind.Forbidden,
        (404, _) => KubeErrorKind.NotFound,
        (409, "AlreadyExists") => KubeErrorKind.AlreadyExists,
        (409, _) => KubeErrorKind.Conflict,
        (410, _) => KubeErrorKind.Gone,
        (429, _) => KubeErrorKind.TooManyRequests,
        (504, _) => KubeErrorKind.Timeout,
        ( >= 500, _) => KubeErrorKind.Server,
        _ => KubeErrorKind.Invalid,
    };
}
