using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Xunit;

namespace Plumb.Tests.Platform.Kubernetes;

public sealed class KubeconfigTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _folder = Directory.CreateTempSubdirectory("plumb-kubeconfig-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_first_file_that_names_a_thing_wins_and_missing_files_of_a_list_are_skipped()
    {
        var one = File("one", Config("a", "https://one.example:6443"));
        var two = File("two", Config("a", "https://two.example:6443") + "\n" + "# and nothing else\n");
        var three = File("three", Config("b", "https://three.example:6443"));

        var config = Kubeconfig.Load([Path.Combine(_folder, "absent"), one, two, three]).Value!;

        Assert.Equal("a", config.CurrentContext);
        Assert.Equal(["a", "b"], config.Contexts.Order());
        Assert.Equal("https://one.example:6443/", config.Target(TimeProvider.System).Value!.Server.AbsoluteUri);
        Assert.Equal("https://three.example:6443/", config.Target(TimeProvider.System, "b").Value!.Server.AbsoluteUri);
    }

    [Fact]
    public void KUBECONFIG_lists_files_and_without_it_the_home_folder_has_one()
    {
        Assert.Equal(["/x/a", "/x/b"], Kubeconfig.DefaultFiles(name => name == "KUBECONFIG" ? "/x/a:/x/b" : null));
        Assert.Equal(["/home/me/.kube/config"], Kubeconfig.DefaultFiles(name => name == "HOME" ? "/home/me" : null));
    }

    [Fact]
    public void An_unknown_context_is_answered_with_the_ones_there_are()
    {
        var config = Kubeconfig.Load([File("one", Config("a", "https://one.example"))]).Value!;

        var error = config.Target(TimeProvider.System, "production").Error!;

        Assert.Contains("There is no context 'production'", error.Message, StringComparison.Ordinal);
        Assert.Equal("It has: a.", error.Next);
    }

    [Theory]
    [InlineData("clusters: 7", ":1:11: 'clusters' must be a list.")]
    [InlineData("clusters:\n- cluster: {server: x}", ":2:3: an entry of 'clusters' has no name.")]
    [InlineData("a: b: c", ":1:5: not YAML:")]
    [InlineData("- just a list", ":1:1: a kubeconfig must be a mapping.")]
    public void A_broken_file_is_told_with_its_line_and_column(string text, string expected)
    {
        Assert.Contains(expected, Kubeconfig.Load([File("broken", text)]).Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{auth-provider: {name: gcp}}", "not supported: auth-provider")]
    [InlineData("{token: x, as: root}", "not supported: 'as' (impersonation)")]
    [InlineData("{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}", "not supported: exec apiVersion")]
    [InlineData("{exec: {apiVersion: client.authentication.k8s.io/v1}}", "the exec section has no 'command'")]
    [InlineData("{client-certificate-data: '%%%', client-key-data: x}", "'client-certificate-data' is not base64")]
    [InlineData("{client-certificate: nowhere.pem, client-key: nowhere.key}", "nowhere.pem as its client-certificate, which cannot be read")]
    public void What_a_user_entry_asks_and_cannot_be_done_is_refused_by_name(string user, string expected)
    {
        var config = Kubeconfig.Load([File("one", Config("a", "https://one.example", user))]).Value!;

        Assert.Contains(expected, config.Target(TimeProvider.System).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_proxy_is_honoured_and_a_strange_one_refused()
    {
        string Text(string proxy) => Config("a", "https://one.example").Replace("server:", $"proxy-url: {proxy}, server:", StringComparison.Ordinal);

        Assert.Equal("socks5://127.0.0.1:1080/", Kubeconfig.Load([File("one", Text("'socks5://127.0.0.1:1080'"))]).Value!.Target(TimeProvider.System).Value!.Proxy!.AbsoluteUri);
        Assert.Contains("'proxy-url' must be", Kubeconfig.Load([File("two", Text("'ftp://x'"))]).Value!.Target(TimeProvider.System).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_and_an_authority_in_the_file_reach_the_server()
    {
        await using var server = await TlsServer.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = KubeErrorsTests.SelfSigned(key, "CN=alice");
        var text = Config("a", server.Url.AbsoluteUri, $"{{client-certificate-data: {Base64(certificate.ExportCertificatePem())}, client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}}}")
            .Replace("server:", $"certificate-authority-data: {Base64(server.Certificate.ExportCertificatePem())}, server:", StringComparison.Ordinal);
        using var client = Client(text);

        Assert.Equal("CN=alice", (await client.GetRawAsync("/", None)).Value.GetProperty("subject").GetString());
    }

    [Fact]
    public async Task A_token_file_that_changes_is_read_again_when_the_server_refuses_the_old_token()
    {
        var accepted = "Bearer first";
        await using var server = await FakeKube.StartAsync(context => context.Request.Headers.Authorization == accepted
            ? FakeKube.AnswerAsync(context, 200, "{}") : FakeKube.RefuseAsync(context, 401, "Unauthorized", "Unauthorized"));
        var token = File("token", "first\n");
        using var client = Client(Config("a", server.Url.AbsoluteUri, "{tokenFile: token}"));
        Assert.True((await client.GetRawAsync("/", None)).IsSuccess);

        System.IO.File.WriteAllText(token, "second");
        accepted = "Bearer second";

        Assert.True((await client.GetRawAsync("/", None)).IsSuccess);
    }

    [Fact]
    public async Task An_exec_plugin_makes_the_token_once_and_again_when_the_server_refuses_it()
    {
        var plugin = Script("""echo x >> runs; echo "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t$(wc -l < runs)-$FLAVOUR\"}}" """);
        var refused = 0;
        await using var server = await FakeKube.StartAsync(context => context.Request.Headers.Authorization == "Bearer t2-eks" || Interlocked.Increment(ref refused) > 2
            ? FakeKube.AnswerAsync(context, 200, "{}") : FakeKube.RefuseAsync(context, 401, "Unauthorized", "Unauthorized"));
        using var client = Client(Config("a", server.Url.AbsoluteUri,
            $"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {plugin}, env: [{{name: FLAVOUR, value: eks}}]}}}}"));

        Assert.True((await client.GetRawAsync("/", None)).IsSuccess);
        Assert.True((await client.GetRawAsync("/", None)).IsSuccess);

        Assert.Equal(2, System.IO.File.ReadAllLines(Path.Combine(_folder, "runs")).Length);
        Assert.Equal(1, refused);
    }

    [Theory]
    [InlineData("echo no login >&2; exit 3", "ended with exit code 3: no login")]
    [InlineData("echo hello", "answered something that is not JSON")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential"}'""", "the kubeconfig asks for client.authentication.k8s.io/v1")]
    [InlineData("""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'""", "without a token and without a client certificate")]
    public async Task An_exec_plugin_that_fails_says_why(string body, string expected)
    {
        using var client = Client(Config("a", "http://127.0.0.1:1", $"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: {Script(body)}}}}}"));

        var error = (await client.GetRawAsync("/", None)).Error!;

        Assert.Equal(KubeErrorKind.Credentials, error.Kind);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exec_plugin_that_is_not_installed_is_told_with_its_install_hint()
    {
        using var client = Client(Config("a", "http://127.0.0.1:1", "{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, installHint: apt install it}}"));

        Assert.Equal("apt install it", (await client.GetRawAsync("/", None)).Error!.Next);
    }

    [Fact]
    public void Outside_of_a_pod_there_is_no_service_account()
    {
        Assert.Contains("does not run in a pod", ServiceAccount.Load(_ => null, TimeProvider.System).Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_pod_the_service_account_s_files_make_the_client()
    {
        await using var server = await TlsServer.StartAsync();
        File("ca.crt", server.Certificate.ExportCertificatePem());
        File("token", "pod-token");
        File("namespace", "payments");
        var target = ServiceAccount.Load(name => name == "KUBERNETES_SERVICE_HOST" ? server.Url.Host : server.Url.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), TimeProvider.System, _folder).Value!;
        using var client = new KubeClient(target);

        Assert.Equal("payments", target.Namespace);
        Assert.Equal("Bearer pod-token", (await client.GetRawAsync("/", None)).Value.GetProperty("authorization").GetString());
    }

    private KubeClient Client(string config) => new(Kubeconfig.Load([File("config", config)]).Value!.Target(TimeProvider.System).Value!);

    private string File(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    private string Script(string body)
    {
        // Run by sh, not by itself: a file that was just written may still be open in a process that another test is starting.
        return $"sh, args: [{File("plugin.sh", $"cd {_folder}\n{body}\n")}]";
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Config(string name, string server, string user = "{}") => $$"""
        apiVersion: v1
        kind: Config
        current-context: {{name}}
        clusters:
        - name: {{name}}
          cluster: {server: {{JsonSerializer.Serialize(server)}}}
        users:
        - name: {{name}}
          user: {{user}}
        contexts:
        - name: {{name}}
          context: {cluster: {{name}}, user: {{name}}}
        """;
}
