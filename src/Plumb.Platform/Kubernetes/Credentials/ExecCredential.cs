using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Plumb.Platform.Kubernetes.Credentials;

/// <summary>
/// A credential that another program makes (aws eks get-token, gke-gcloud-auth-plugin …), kept until it expires or the server refuses it.
/// Source: Kubernetes, "client-go credential plugins".
/// </summary>
public sealed class ExecCredential(ExecPlugin plugin, TimeProvider time) : IKubeCredential, IDisposable
{
    /// <summary>A plugin that has not answered by then is ended.</summary>
    public static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(60);

    /// <summary>Renewed this long before it expires, so that no request leaves with a credential that dies on the way.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromSeconds(10);

    /// <summary>Characters of a plugin's error output that a message quotes.</summary>
    private const int QuoteLimit = 300;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private KubeIdentity? _identity;
    private DateTimeOffset? _expires;

    public async ValueTask<KubeResult<KubeIdentity>> GetAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (_identity is not null && (_expires is null || time.GetUtcNow() < _expires - RenewBefore))
            {
                return _identity;
            }
            var made = (await RunAsync(cancellation)).Then(Read);
            _identity = made.Value;
            return made;
        }
        finally
        {
            _gate.Release();
        }
    }

    public bool Renew()
    {
        _identity = null;
        return true;
    }

    public void Dispose() => _gate.Dispose();

    private async Task<KubeResult<string>> RunAsync(CancellationToken cancellation)
    {
        if (plugin.Interactive)
        {
            return Failed("must ask a person (interactiveMode: Always), and Plumb runs it without a terminal.", "Log in with the plugin first, or use a credential that needs no person.");
        }
        var start = new ProcessStartInfo(plugin.Command, plugin.Arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in plugin.Environment)
        {
            start.Environment[name] = value;
        }
        start.Environment["KUBERNETES_EXEC_INFO"] = ExecInfo();
        using var limit = new CancellationTokenSource(RunLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(either.Token);
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 0
                ? await output
                : Failed($"ended with exit code {process.ExitCode}: {Quote(await errors)}", "Run the command yourself to see why; it usually needs a fresh login.");
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return Failed($"cannot be started: {error.Message}.", plugin.InstallHint ?? $"Install {plugin.Command}, or put it on the PATH.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Failed($"gave no answer in {RunLimit.TotalSeconds:0} s and was ended.", "It may wait for an answer at a prompt: run it yourself once.");
        }
        finally
        {
            End(process);
        }
    }

    private static void End(Process? process)
    {
        if (process is { HasExited: false })
        {
            process.Kill(entireProcessTree: true);
        }
        process?.Dispose();
    }

    private KubeResult<KubeIdentity> Read(string output)
    {
        try
        {
            using var document = JsonDocument.Parse(output);
            var root = document.RootElement;
            if (root.Text("kind") != "ExecCredential" || root.Text("apiVersion") != plugin.ApiVersion)
            {
                return Failed($"answered apiVersion {root.Text("apiVersion") ?? "(none)"}, kind {root.Text("kind") ?? "(none)"}; the kubeconfig asks for {plugin.ApiVersion}, ExecCredential.",
                    "Set the apiVersion in the kubeconfig's exec section to the plugin's.");
            }
            var status = root.Field("status");
            var (token, certificate, key) = (status.Text("token"), status.Text("clientCertificateData"), status.Text("clientKeyData"));
            if (token is null && (certificate is null || key is null))
            {
                return Failed("answered without a token and without a client certificate and key.", "Run the command yourself to see what it says.");
            }
            _expires = status.Time("expirationTimestamp");
            var identity = new KubeIdentity(token is null ? null : new AuthenticationHeaderValue("Bearer", token),
                certificate is null || key is null ? null : X509Certificate2.CreateFromPem(certificate, key));
            return identity;
        }
        catch (JsonException)
        {
            return Failed("answered something that is not JSON.", "Run the command yourself; something else may print to its standard output.");
        }
        catch (CryptographicException error)
        {
            return Failed($"answered a client certificate that cannot be used: {error.Message}", "Check that certificate and key are PEM and belong together.");
        }
    }

    private string ExecInfo()
    {
        var cluster = plugin.ClusterInfo is null ? "" : $",\"cluster\":{plugin.ClusterInfo}";
        return $"{{\"apiVersion\":\"{plugin.ApiVersion}\",\"kind\":\"ExecCredential\",\"spec\":{{\"interactive\":false{cluster}}}}}";
    }

    private KubeError Failed(string what, string next) => new(KubeErrorKind.Credentials, $"The credential plugin {plugin.Command} {what}", next);

    private static string Quote(string text)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length == 0 ? "(no error output)." : line.Length > QuoteLimit ? line[..QuoteLimit] + "…" : line;
    }
}
