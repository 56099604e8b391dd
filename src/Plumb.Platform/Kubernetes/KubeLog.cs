using System.Runtime.CompilerServices;
using System.Text;

namespace Plumb.Platform.Kubernetes;

/// <summary>The lines of a container's log. Dispose it to hang up.</summary>
public sealed class KubeLog : IDisposable
{
    private readonly HttpResponseMessage _answer;
    private readonly KubeTransport _transport;

    internal KubeLog(HttpResponseMessage answer, KubeTransport transport)
    {
        _answer = answer;
        _transport = transport;
    }

    /// <summary>Why the lines ended early; null when the log simply ended. Known once the lines have been read.</summary>
    public KubeError? Error { get; private set; }

    /// <summary>The lines, without their newlines. A broken connection ends them and is told in <see cref="Error"/>.</summary>
    public async IAsyncEnumerable<string> LinesAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var reader = new StreamReader(await _answer.Content.ReadAsStreamAsync(cancellation), Encoding.UTF8);
        while (true)
        {
            string? line = null;
            try
            {
                line = await reader.ReadLineAsync(cancellation);
            }
            catch (Exception error) when (_transport.Translate(error, cancellation) is { } translated)
            {
                Error = translated;
            }
            if (line is null)
            {
                yield break;
            }
            yield return line;
        }
    }

    /// <summary>The log as it comes, byte for byte. A broken connection is an <see cref="IOException"/> of the stream.</summary>
    public Task<Stream> BytesAsync(CancellationToken cancellation) => _answer.Content.ReadAsStreamAsync(cancellation);

    public void Dispose() => _answer.Dispose();
}
