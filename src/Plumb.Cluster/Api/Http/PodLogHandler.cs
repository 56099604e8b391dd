using System.Globalization;
using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Api.Validation;
using Plumb.Cluster.Objects;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Api.Http;

/// <summary>Logs of a container, from the kubelet of the pod's node.</summary>
internal sealed class PodLogHandler(ApiServices services)
{
    public async Task HandleAsync(ApiRequest request)
    {
        var item = services.Api.Get(Resources.Pods, request.Namespace, request.Name!);
        if (item is null)
        {
            await Answers.FailAsync(request.Http, ApiFailure.NotFound(Resources.Pods, request.Name!));
            return;
        }
        var pod = item.As(KubeJson.Compact.Pod);
        var (log, failure) = Read(request);
        var (container, unclear) = failure is null ? PodContainer.Asked(request, pod) : (null, failure);
        if (unclear is not null)
        {
            await Answers.FailAsync(request.Http, unclear);
            return;
        }
        if (pod.Spec.NodeName is not { Length: > 0 } node)
        {
            // A pod without a node has no log yet, and that is no error.
            request.Http.Response.StatusCode = 204;
            return;
        }
        if (services.Agents.Find(node) is not { } agent)
        {
            await Answers.FailAsync(request.Http, new ApiFailure(500, "InternalError", $"Internal error occurred: node {node} has no kubelet in this cluster"));
            return;
        }
        await StreamAsync(request, agent, container!, log!);
    }

    private static async Task StreamAsync(ApiRequest request, INodeAgent agent, string container, LogRequest log)
    {
        var http = request.Http;
        http.Response.ContentType = "text/plain";
        await using var output = new LateStream(http);
        var failure = await agent.StreamLogsAsync(request.Namespace!, request.Name!, container, log, output, request.Cancel);
        if (failure is null)
        {
            await http.Response.StartAsync(request.Cancel);
        }
        else if (!http.Response.HasStarted)
        {
            await Answers.FailAsync(http, failure);
        }
    }

    private (LogRequest? Log, ApiFailure? Failure) Read(ApiRequest request)
    {
        var errors = new FieldErrors();
        long? Number(string name, long least)
        {
            if (request.Query(name) is not { Length: > 0 } text)
            {
                return null;
            }
            if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || value < least)
            {
                errors.Invalid(name, text, least == 0 ? "must be greater than or equal to 0" : $"must be greater than or equal to {least}");
            }
            return value;
        }
        var tail = Number("tailLines", 0);
        var limit = Number("limitBytes", 1);
        var since = Number("sinceSeconds", 1);
        DateTimeOffset? from = since is { } seconds ? services.Api.Time.GetUtcNow().AddSeconds(-seconds) : null;
        if (request.Query("sinceTime") is { Length: > 0 } text)
        {
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                return (null, ApiFailure.BadRequest($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\""));
            }
            if (since is not null)
            {
                errors.Forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified");
            }
            from = time;
        }
        return errors.For("", "PodLogOptions", request.Name!) is { } invalid ? (null, invalid)
            : (new LogRequest(request.Flag("follow"), request.Flag("previous"), request.Flag("timestamps"), tail, from, limit), null);
    }

    /// <summary>Starts the answer with the first byte, so that a refusal can still be a Status.</summary>
    private sealed class LateStream(HttpContext http) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => throw new NotSupportedException("asynchronous only");

        public override Task FlushAsync(CancellationToken cancellationToken) => http.Response.Body.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => http.Response.Body.WriteAsync(buffer, offset, count, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => http.Response.Body.WriteAsync(buffer, cancellationToken);
    }
}
