using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Plumb.Lab.Payments.Hosting;

namespace Plumb.Lab.Payments.Faults;

/// <summary>
/// Faults are listed, set and cleared here, on a pod's own port: through a Service the request would reach any pod, and never an unready one.
/// GET /faults, PUT /faults/{name}, DELETE /faults/{name}, DELETE /faults.
/// </summary>
internal sealed class AdminApi(FaultSet faults, JsonLog log)
{
    private const string Path = "/faults";

    public async Task HandleAsync(HttpContext http)
    {
        var reply = await AnswerAsync(http.Request, http.RequestAborted);
        await reply.WriteToAsync(http);
    }

    private async Task<Reply> AnswerAsync(HttpRequest request, CancellationToken cancel)
    {
        var path = request.Path.Value ?? "";
        if (path == Path)
        {
            return request.Method switch
            {
                "GET" => List(),
                "DELETE" => ClearAll(),
                _ => Reply.Problem(405, "method_not_allowed", $"{Path} takes GET (list) and DELETE (clear all).") with { Allow = "GET, DELETE" },
            };
        }

        if (!path.StartsWith(Path + "/", StringComparison.Ordinal))
        {
            return Reply.Problem(404, "not_found", "This is the pod's admin port. It serves GET /faults, PUT and DELETE /faults/{name}.");
        }

        var name = path[(Path.Length + 1)..];
        if (FaultDescription.Find(name) is not { } description)
        {
            return Reply.Problem(404, "unknown_fault", $"There is no fault \"{name}\". There are: {string.Join(", ", FaultDescription.All.Select(f => f.Name))}.");
        }

        return request.Method switch
        {
            "PUT" => await SetAsync(description, request, cancel),
            "DELETE" => Clear(description),
            _ => Reply.Problem(405, "method_not_allowed", $"{path} takes PUT (set) and DELETE (clear).") with { Allow = "PUT, DELETE" },
        };
    }

    private async Task<Reply> SetAsync(FaultDescription description, HttpRequest request, CancellationToken cancel)
    {
        FaultRequest wanted;
        try
        {
            wanted = request.ContentLength is null or 0
                ? new FaultRequest()
                : await JsonSerializer.DeserializeAsync(request.Body, PaymentsJson.Default.FaultRequest, cancel) ?? new FaultRequest();
        }
        catch (JsonException problem)
        {
            // The reader speaks of .NET types; whoever sets a fault wants to hear what it takes.
            var what = problem.Message.Contains("could not be mapped", StringComparison.Ordinal) ? $"There is no field {problem.Path?.TrimStart('$', '.')}"
                : problem.Path is null or "$" ? "The body is no JSON object" : $"{problem.Path.TrimStart('$', '.')} must be a whole number";
            return Reply.Problem(400, "invalid_json", $"{what}. {description.Name} takes: {string.Join(", ", ["durationSeconds", .. description.Parameters])}.");
        }

        if (wanted.Check(description) is var (field, message))
        {
            return Reply.Problem(400, "invalid_parameter", message, field);
        }

        var fault = faults.Set(description.Kind, wanted);
        log.Warn("fault_set", $"Fault {description.Name} is set until {fault.ExpiresAt:HH:mm:ss}Z.", null, ("fault", description.Name));
        return Reply.Json(200, View(fault), PaymentsJson.Default.FaultView);
    }

    private Reply Clear(FaultDescription description)
    {
        var wasSet = faults.Clear(description.Kind);
        log.Info("fault_cleared", wasSet ? $"Fault {description.Name} is cleared." : $"Fault {description.Name} was not set.", null, ("fault", description.Name));
        return List();
    }

    private Reply ClearAll()
    {
        faults.ClearAll();
        log.Info("fault_cleared", "All faults are cleared.");
        return List();
    }

    private Reply List() => Reply.Json(
        200,
        new FaultList([.. faults.List().Select(View)], [.. FaultDescription.All.Select(d => new FaultHelp(d.Name, d.Summary, ["durationSeconds", .. d.Parameters]))]),
        PaymentsJson.Default.FaultList);

    private static FaultView View(ActiveFault fault) => new(FaultDescription.Of(fault.Kind).Name, fault.Request, fault.SetAt, fault.ExpiresAt);
}

internal sealed record FaultView(string Name, FaultRequest Settings, DateTimeOffset SetAt, DateTimeOffset ExpiresAt);

internal sealed record FaultHelp(string Name, string Summary, string[] Parameters);

/// <param name="Active">What is set now.</param>
/// <param name="Available">What can be set.</param>
internal sealed record FaultList(FaultView[] Active, FaultHelp[] Available);
