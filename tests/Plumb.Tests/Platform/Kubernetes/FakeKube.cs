using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Plumb.Platform.Kubernetes;
using Plumb.Platform.Kubernetes.Configuration;
using Plumb.Platform.Kubernetes.Credentials;

namespace Plumb.Tests.Platform.Kubernetes;

/// <summary>
/// A server that answers as it is told. It exists for what a real one will not do on demand: cut a line in two, forget its history
/// in the middle of a watch, answer rubbish.
/// </summary>
internal sealed class FakeKube : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeKube(WebApplication app) => _app = app;

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<FakeKube> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(context => answer(context));
        await app.StartAsync();
        return new FakeKube(app);
    }

    public KubeClient Client(KubeClientOptions? options = null, IKubeCredential? credential = null) =>
        new(new KubeTarget("fake", Url, "default", new KubeTls(), credential ?? new FixedCredential(KubeIdentity.Anonymous)), options);

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    public static async Task AnswerAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body);
    }

    public static Task RefuseAsync(HttpContext context, int status, string reason, string message) =>
        AnswerAsync(context, status, Status(status, reason, message));

    public static string Status(int status, string reason, string message) =>
        new JsonObject { ["kind"] = "Status", ["apiVersion"] = "v1", ["status"] = "Failure", ["message"] = message, ["reason"] = reason, ["code"] = status }.ToJsonString();

    public static JsonObject ConfigMap(string name, string uid, int version, string value = "") => new()
    {
        ["kind"] = "ConfigMap",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "demo", ["uid"] = uid, ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) },
        ["data"] = new JsonObject { ["value"] = value },
    };

    public static string List(int version, params IEnumerable<JsonObject> items) =>
        new JsonObject
        {
            ["kind"] = "ConfigMapList",
            ["metadata"] = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) },
            ["items"] = new JsonArray([.. items.Select(item => item.DeepClone())]),
        }.ToJsonString();

    public static string Event(string type, JsonNode item) => new JsonObject { ["type"] = type, ["object"] = item.DeepClone() }.ToJsonString() + "\n";

    public static async Task SendAsync(HttpContext context, string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
