using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Cli.Logs;
using Plumb.Core;
using Plumb.Logs;
using Plumb.Logs.Correlating;
using Plumb.Logs.Sources;
using Plumb.Platform.Kubernetes;

namespace Plumb.Cli.WebConsole;

/// <summary>The requests that the pods' logs of the last minutes tell of. The logs are read when somebody asks, for one page at a time.</summary>
/// <param name="ns">Pods of this namespace only; null means all.</param>
internal sealed class LogDesk(KubeClient client, string? ns, TimeProvider time) : IDisposable
{
    /// <summary>How far back the pods' logs are read.</summary>
    internal static readonly TimeSpan Since = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>All requests with anomalies.</summary>
    internal Task TracesAsync(HttpContext http) => AnswerAsync(http, sources =>
    {
        var began = time.GetUtcNow();
        var evidence = new TraceSurvey(sources, began).Run(http.RequestAborted);
        return LogsDocument.Of(TraceJudge.Report(evidence, began, time.GetUtcNow()), evidence);
    });

    /// <summary>One request, line by line.</summary>
    internal Task TraceAsync(HttpContext http, string id)
    {
        var began = time.GetUtcNow();
        var forms = IdForms.Of(id);
        return forms.IsOk ? AnswerAsync(http, sources =>
        {
            var correlation = new Correlator(sources, forms.Value, began).Run(http.RequestAborted);
            return CorrelationDocument.Node(CorrelationJudge.Report(correlation, began, time.GetUtcNow()), correlation);
        }) : RefuseAsync(http, forms.Problem, StatusCodes.Status400BadRequest);
    }

    public void Dispose()
    {
        _one.Dispose();
        client.Dispose();
    }

    private async Task AnswerAsync(HttpContext http, Func<LogSources, JsonObject> judge)
    {
        await _one.WaitAsync(http.RequestAborted);
        try
        {
            using var finder = new SourceFinder();
            if (await PodLogs.AddAsync(finder, client, new PodLogRequest(ns, null, Previous: false, Since), http.RequestAborted) is { } problem)
            {
                await RefuseAsync(http, problem, StatusCodes.Status502BadGateway);
                return;
            }
            using var sources = finder.Finish();
            var document = await Task.Run(() => judge(sources), http.RequestAborted);
            await Answer.WriteAsync(http, document, CoreJson.Compact.JsonObject);
        }
        finally
        {
            _one.Release();
        }
    }

    private static Task RefuseAsync(HttpContext http, Problem problem, int status)
    {
        http.Response.StatusCode = status;
        return Answer.WriteAsync(http, problem);
    }
}
