using System.Text;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Core.Acting;
using Plumb.Lab.Installation;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Kubernetes.Views;
using Plumb.Platform.Storage;

namespace Plumb.Lab.Scenes;

/// <summary>
/// Sets a fault on every pod of one service, at the pods' own admin port. It ends by itself after an hour, as every such fault. The undo clears it
/// and replaces the pods, as rolling out the mended version would: what the broken ones logged goes with them.
/// </summary>
internal sealed class PodFault(PlumbHome home, TimeProvider time) : IStepHandler
{
    public const string StepKind = "lab.pod-fault";

    private const int AdminPort = 9901;
    private const int LongestSeconds = 3600;
    private const int MostLooks = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    public string Kind => StepKind;

    public static PlanStep Step(string app, string fault) => new(StepKind, $"set the fault {fault} on every pod of {app}", app,
        new JsonObject { ["app"] = app, ["fault"] = fault }, new JsonObject { ["app"] = app, ["fault"] = fault }, $"clear the fault {fault}, and replace the pods");

    public Task<Problem?> DoAsync(JsonObject arguments, CancellationToken cancellation) => EachAsync(arguments, HttpMethod.Put, needed: true, cancellation);

    public Task<Problem?> UndoAsync(JsonObject arguments, CancellationToken cancellation) => EachAsync(arguments, HttpMethod.Delete, needed: false, cancellation);

    /// <param name="needed">False: where there is no lab or no pod, there is nothing left to clear.</param>
    private async Task<Problem?> EachAsync(JsonObject arguments, HttpMethod method, bool needed, CancellationToken cancellation)
    {
        if (LabState.Running(home) is not { IsOk: true, Value: { } lab })
        {
            return needed ? new Problem("no lab runs here", "Start one with 'plumb up'") : null;
        }
        var (app, fault) = ((string)arguments["app"]!, (string)arguments["fault"]!);
        var target = Kubeconfig.Load([lab.Kubeconfig]).Then(config => config.Target(time));
        if (!target.IsSuccess)
        {
            return new Problem($"the lab's kubeconfig cannot be used: {target.Error.Message.TrimEnd('.')}", target.Error.Next);
        }
        using var client = new KubeClient(target.Value);
        var pods = await client.ListAsync(KubeResource.Pods, PaymentsInstaller.Namespace, new KubeSelector($"app={app}"), cancellation);
        if (!pods.IsSuccess)
        {
            return new Problem($"the lab's pods cannot be listed: {pods.Error.Message.TrimEnd('.')}", pods.Error.Next);
        }
        var running = pods.Value.Items.Select(pod => new PodView(pod)).Where(pod => pod is { Phase: "Running", Ip: not null }).ToList();
        if (running.Count == 0)
        {
            return needed ? new Problem($"no pod of {app} runs", "Wait until 'plumb status' passes") : null;
        }
        using var http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = Patience, UseProxy = false }) { Timeout = Patience };
        foreach (var pod in running)
        {
            if (await SendAsync(http, method, new Uri($"http://{pod.Ip}:{AdminPort}/faults/{fault}"), pod.Object.Name, cancellation) is { } problem)
            {
                return problem;
            }
        }
        return needed ? null : await ReplaceAsync(client, running, cancellation);
    }

    /// <summary>Deletes the pods and waits until they are gone, so that whoever reads logs next reads those of the new ones.</summary>
    private async Task<Problem?> ReplaceAsync(KubeClient client, List<PodView> pods, CancellationToken cancellation)
    {
        foreach (var pod in pods)
        {
            await client.DeleteAsync(KubeResource.Pods, PaymentsInstaller.Namespace, pod.Object.Name, null, cancellation);
        }
        for (var look = 0; look < MostLooks; look++)
        {
            var left = await client.ListAsync(KubeResource.Pods, PaymentsInstaller.Namespace, KubeSelector.All, cancellation);
            if (left.IsSuccess && !left.Value.Items.Any(each => pods.Exists(pod => pod.Object.Uid == each.Uid)))
            {
                return null;
            }
            await Task.Delay(BetweenLooks, time, cancellation);
        }
        return new Problem($"the pod {pods[0].Object.Name} was deleted and is still there", "Look at it with 'plumb status'");
    }

    private static async Task<Problem?> SendAsync(HttpClient http, HttpMethod method, Uri address, string pod, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, address);
        if (method == HttpMethod.Put)
        {
            request.Content = new StringContent($$"""{"durationSeconds":{{LongestSeconds}}}""", Encoding.UTF8, "application/json");
        }
        try
        {
            using var answer = await http.SendAsync(request, cancellation);
            return answer.IsSuccessStatusCode ? null : new Problem($"the pod {pod} refuses the fault: {(await answer.Content.ReadAsStringAsync(cancellation)).Trim()}");
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new Problem($"the admin port of the pod {pod} cannot be reached: {error.Message.TrimEnd('.')}", "Wait until 'plumb status' passes");
        }
    }
}
