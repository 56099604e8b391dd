using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

internal enum ProbeVerdict
{
    Success,
    Failure,

    /// <summary>The probe itself could not be made: neither good nor bad.</summary>
    Unknown,
}

/// <param name="IsRefused">Nothing listens yet: while a program starts, that is no news.</param>
internal sealed record ProbeResult(ProbeVerdict Verdict, string Output, bool IsRefused = false);

/// <summary>Makes one probe: http, tcp or exec. The messages are those of the real kubelet.</summary>
[SuppressMessage("Security", "CA5359:Do Not Disable Certificate Validation", Justification = "Kubernetes defines that https probes do not verify the pod's certificate.")]
internal sealed class ProbeClient(TimeProvider time) : IDisposable
{
    /// <summary>Output of an exec probe that is kept, as the real kubelet does.</summary>
    private const int MaxOutputBytes = 10 * 1024;

    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.Zero,
            UseProxy = false,
            UseCookies = false,
            SslOptions = new System.Net.Security.SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        }) { Timeout = Timeout.InfiniteTimeSpan };

    public async Task<ProbeResult> ProbeAsync(Probe probe, Container spec, RunningContainer container, string podAddress, CancellationToken cancel)
    {
        var timeout = TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1);
        if (probe.Exec is { Command: [_, ..] command })
        {
            return await ExecAsync(container, command, timeout, cancel);
        }
        if (probe.HttpGet is { } get)
        {
            return await HttpAsync(get, spec, podAddress, timeout, cancel);
        }
        if (probe.TcpSocket is { } socket)
        {
            return await TcpAsync(socket.Host ?? podAddress, PortOf(socket.Port is { } port ? IntOrString.AsText(port) : null, spec), timeout, cancel);
        }
        return new ProbeResult(ProbeVerdict.Unknown, "this probe has no handler that the lab supports (http, tcp, exec)");
    }

    public async Task<ProbeResult> HttpAsync(HttpGetAction get, Container spec, string podAddress, TimeSpan timeout, CancellationToken cancel)
    {
        var path = get.Path is { Length: > 0 } given ? (given.StartsWith('/') ? given : "/" + given) : "/";
        var address = $"{get.Host ?? podAddress}:{PortOf(IntOrString.AsText(get.Port), spec).ToString(CultureInfo.InvariantCulture)}";
        var url = $"{(get.Scheme ?? "HTTP").ToLowerInvariant()}://{address}{path}";
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.ConnectionClose = true;
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.33");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        foreach (var header in get.HttpHeaders ?? [])
        {
            request.Headers.Remove(header.Name);
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return (int)answer.StatusCode is >= 200 and < 400
                ? new ProbeResult(ProbeVerdict.Success, "")
                : new ProbeResult(ProbeVerdict.Failure, $"HTTP probe failed with statuscode: {(int)answer.StatusCode}");
        }
        catch (HttpRequestException failure)
        {
            var socket = failure.InnerException as SocketException;
            var why = socket is null ? "EOF" : $"dial tcp {address}: {Words(socket)}";
            return new ProbeResult(ProbeVerdict.Failure, $"Get \"{url}\": {why}", socket?.SocketErrorCode == SocketError.ConnectionRefused);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new ProbeResult(ProbeVerdict.Failure, $"Get \"{url}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<ProbeResult> TcpAsync(string host, int port, TimeSpan timeout, CancellationToken cancel)
    {
        var address = $"{host}:{port.ToString(CultureInfo.InvariantCulture)}";
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, cancel).AsTask().WaitAsync(timeout, time, cancel);
            return new ProbeResult(ProbeVerdict.Success, "");
        }
        catch (SocketException failure)
        {
            return new ProbeResult(ProbeVerdict.Failure, $"dial tcp {address}: {Words(failure)}", failure.SocketErrorCode == SocketError.ConnectionRefused);
        }
        catch (TimeoutException)
        {
            return new ProbeResult(ProbeVerdict.Failure, $"dial tcp {address}: i/o timeout");
        }
    }

    private static async Task<ProbeResult> ExecAsync(RunningContainer container, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancel)
    {
        var result = await container.ExecAsync(command, timeout, MaxOutputBytes, cancel);
        if (result.Failure is { } failure)
        {
            return new ProbeResult(ProbeVerdict.Unknown, ExecFailure(failure));
        }
        return result.TimedOut
            ? new ProbeResult(ProbeVerdict.Failure, $"command timed out: \"{string.Join(' ', command)}\" timed out after {timeout.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)}s")
            : new ProbeResult(result.Code == 0 ? ProbeVerdict.Success : ProbeVerdict.Failure, result.Output);
    }

    internal static string ExecFailure(string failure) =>
        failure.StartsWith("exec:", StringComparison.Ordinal)
            ? $"rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: {failure}: unknown"
            : $"rpc error: code = Unknown desc = failed to exec in container: {failure}";

    private static int PortOf(string? port, Container spec) =>
        int.TryParse(port, CultureInfo.InvariantCulture, out var number) ? number
        : spec.Ports?.FirstOrDefault(item => item.Name == port)?.Port ?? 0;

    private static string Words(SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connect: connection refused",
        SocketError.TimedOut => "i/o timeout",
        SocketError.HostUnreachable => "connect: no route to host",
        SocketError.ConnectionReset => "read: connection reset by peer",
        _ => failure.Message.ToLowerInvariant(),
    };
}
