using Microsoft.Net.Http.Headers;

namespace Plumb.Cluster.Api.Http;

internal enum AnswerFormat
{
    Json,
    Yaml,
}

/// <summary>What the client's Accept header asks for.</summary>
/// <param name="As">Table, PartialObjectMetadata, PartialObjectMetadataList or null for the object itself.</param>
internal sealed record Negotiated(AnswerFormat Format, string? As, string AsVersion, bool Pretty)
{
    public static readonly Negotiated Plain = new(AnswerFormat.Json, null, "v1", false);

    public string ContentType => Format == AnswerFormat.Yaml ? "application/yaml" : "application/json";

    public bool IsTable => As == "Table";

    public bool IsMetadataOnly => As is "PartialObjectMetadata" or "PartialObjectMetadataList";

    /// <summary>The first acceptable form in the client's order; null when there is none (406).</summary>
    public static Negotiated? Of(ApiRequest? request, Microsoft.AspNetCore.Http.HttpContext http)
    {
        var pretty = WantsPretty(http);
        var accept = http.Request.Headers.Accept.ToString();
        if (accept.Length == 0)
        {
            return Plain with { Pretty = pretty };
        }
        if (!MediaTypeHeaderValue.TryParseList([accept], out var types))
        {
            return null;
        }
        foreach (var type in types.OrderByDescending(type => type.Quality ?? 1))
        {
            var parameters = type.Parameters.ToDictionary(p => p.Name.ToString(), p => p.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            var shape = parameters.GetValueOrDefault("as");
            if (shape is not null && (shape is not ("Table" or "PartialObjectMetadata" or "PartialObjectMetadataList")
                || parameters.GetValueOrDefault("g") != "meta.k8s.io" || parameters.GetValueOrDefault("v") is not ("v1" or "v1beta1")))
            {
                continue;
            }
            AnswerFormat? format = type.MediaType.ToString() switch
            {
                "application/json" or "*/*" or "application/*" => AnswerFormat.Json,
                "application/yaml" => AnswerFormat.Yaml,
                _ => null,
            };
            if (format is not null)
            {
                return new Negotiated(format.Value, request is null ? null : shape, parameters.GetValueOrDefault("v") ?? "v1", pretty);
            }
        }
        return null;
    }

    /// <summary>Browsers, curl and wget get indented text unless they ask otherwise.</summary>
    private static bool WantsPretty(Microsoft.AspNetCore.Http.HttpContext http)
    {
        var asked = http.Request.Query["pretty"].ToString();
        if (asked.Length > 0)
        {
            return asked is "1" or "true";
        }
        var agent = http.Request.Headers.UserAgent.ToString();
        return agent.StartsWith("curl", StringComparison.Ordinal) || agent.StartsWith("Wget", StringComparison.Ordinal) || agent.StartsWith("Mozilla/", StringComparison.Ordinal);
    }
}
