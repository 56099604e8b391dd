using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>Runs a command in a container for a client (<c>kubectl exec</c>), over a WebSocket.</summary>
internal sealed class ExecHandler(ApiServices services)
{
    /// <summary>Commands of clients that run at once, in the whole cluster.</summary>
    private const int MaxSessions = 64;

    private const string TooOld = "exec needs kubectl 1.30 or later, or 1.29 with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true";

    private int _sessions;

    public async Task HandleAsync(ApiRequest request)
    {
        try
        {
            if (Interlocked.Increment(ref _sessions) > MaxSessions)
            {
                await Answers.FailAsync(request.Http, new ApiFailure(429, "TooManyRequests", $"{MaxSessions} commands run in containers of this cluster, which is its limit; end one and try again"));
                return;
            }
            var (container, failure) = Find(request);
            await (container is null ? Answers.FailAsync(request.Http, failure!) : ServeAsync(request, container));
        }
        finally
        {
            Interlocked.Decrement(ref _sessions);
        }
    }

    /// <summary>What the request says is looked at before how it is sent, so that the answer is the same for every kubectl.</summary>
    private (RunningContainer? Container, ApiFailure? Failure) Find(ApiRequest request)
    {
        if (services.Api.Get(Resources.Pods, request.Namespace, request.Name!)?.As(KubeJson.Compact.Pod) is not { } pod)
        {
            return (null, ApiFailure.NotFound(Resources.Pods, request.Name!));
        }
        var (name, unclear) = PodContainer.Asked(request, pod);
        if (unclear is not null)
        {
            return (null, unclear);
        }
        if (request.Http.Request.Query["command"].Count == 0)
        {
            return (null, ApiFailure.BadRequest("you must specify at least one command for the container"));
        }
        if (!request.Flag("stdin") && !request.Flag("stdout") && !request.Flag("stderr"))
        {
            return (null, ApiFailure.BadRequest("you must specify at least 1 of stdin, stdout, stderr"));
        }
        if (request.Http.Request.Headers.Upgrade.Count == 0)
        {
            return (null, ApiFailure.BadRequest("Upgrade request required"));
        }
        if (pod.Spec.NodeName is not { Length: > 0 } node)
        {
            return (null, ApiFailure.BadRequest($"pod {request.Name} does not have a host assigned"));
        }
        if (services.Agents.Find(node) is not { } agent)
        {
            return (null, new ApiFailure(500, "InternalError", $"Internal error occurred: node {node} has no kubelet in this cluster"));
        }
        return agent.Running(request.Namespace!, request.Name!, name!) is { } container ? (container, null)
            : (null, new ApiFailure(500, "InternalError", $"container not found (\"{name}\"): it does not run; 'kubectl describe pod {request.Name}' says why"));
    }

    private async Task ServeAsync(ApiRequest request, RunningContainer container)
    {
        var http = request.Http;
        if (!http.WebSockets.IsWebSocketRequest)
        {
            await Answers.FailAsync(http, ApiFailure.BadRequest(TooOld));
            return;
        }
        if (ExecSession.Protocols.FirstOrDefault(http.WebSockets.WebSocketRequestedProtocols.Contains) is not { } protocol)
        {
            await Answers.FailAsync(http, ApiFailure.BadRequest($"exec speaks the WebSocket subprotocols {string.Join(" and ", ExecSession.Protocols)}, and the client offers neither"));
            return;
        }
        using var socket = await http.WebSockets.AcceptWebSocketAsync(protocol);
        var options = new ExecOptions([.. http.Request.Query["command"].Select(word => word ?? "")], request.Flag("stdin"), request.Flag("stdout"), request.Flag("stderr"), request.Flag("tty"));
        using var session = new ExecSession(socket, container, options, services.Api.Time);
        await session.RunAsync(request.Cancel);
    }
}
