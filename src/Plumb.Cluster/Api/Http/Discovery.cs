using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Http;

/// <summary>/api and /apis: which groups, versions and resources there are. Everything derives from the table of kinds.</summary>
internal sealed class Discovery
{
    private const string AggregatedKind = "APIGroupDiscoveryList";

    private readonly Lazy<(byte[] Core, byte[] Groups)> _v2 = new(() => (Aggregated("v2", core: true), Aggregated("v2", core: false)));
    private readonly Lazy<(byte[] Core, byte[] Groups)> _v2Beta = new(() => (Aggregated("v2beta1", core: true), Aggregated("v2beta1", core: false)));

    public Task HandleAsync(HttpContext http, string[] segments)
    {
        if (http.Request.Method is not ("GET" or "HEAD"))
        {
            return Answers.FailAsync(http, ApiFailure.MethodNotAllowed);
        }
        if (segments.Length == 1 && AggregatedVersion(http) is { } version)
        {
            return AggregatedAsync(http, segments[0] == "api", version);
        }
        JsonObject? body = segments switch
        {
            ["api"] => new() { ["kind"] = "APIVersions", ["versions"] = new JsonArray("v1"), ["serverAddressByClientCIDRs"] = new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = http.Request.Host.Value }) },
            ["apis"] => new() { ["kind"] = "APIGroupList", ["apiVersion"] = "v1", ["groups"] = new JsonArray([.. ServedKinds.Groups.Select(Group)]) },
            ["api", "v1"] => ResourceList("", "v1"),
            ["apis", var group] when ServedKinds.IsGroup(group) => NamedGroup(group),
            ["apis", var group, var groupVersion] when ServedKinds.IsGroupVersion(group, groupVersion) => ResourceList(group, groupVersion),
            _ => null,
        };
        if (body is not null)
        {
            return Answers.SendAsync(http, 200, body, Negotiated.Of(null, http) ?? Negotiated.Plain);
        }
        return segments is ["apis", var known, _] && ServedKinds.IsGroup(known) || segments[0] == "api"
            ? Answers.FailAsync(http, ApiFailure.NoSuchResource)
            : Answers.TextAsync(http, 404, "404 page not found\n");
    }

    public static JsonObject Version() => new()
    {
        ["major"] = "1", ["minor"] = "33", ["emulationMajor"] = "1", ["emulationMinor"] = "33", ["minCompatibilityMajor"] = "1", ["minCompatibilityMinor"] = "32",
        ["gitVersion"] = "v1.33.3", ["gitCommit"] = "plumb", ["gitTreeState"] = "clean", ["buildDate"] = "2025-07-15T17:59:41Z", ["goVersion"] = "none",
        ["compiler"] = "roslyn", ["platform"] = "linux/amd64",
    };

    public static JsonObject Root()
    {
        var paths = ServedKinds.Groups.SelectMany(entry => new[] { "/apis/" + entry.Split('/')[0], "/apis/" + entry })
            .Concat(["/api", "/api/v1", "/apis", "/apis/", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]);
        return new JsonObject { ["paths"] = new JsonArray([.. paths.Order(StringComparer.Ordinal).Select(path => (JsonNode)path)]) };
    }

    private static JsonNode Group(string entry)
    {
        var (group, version) = (entry.Split('/')[0], entry.Split('/')[1]);
        var known = new JsonObject { ["groupVersion"] = entry, ["version"] = version };
        return new JsonObject { ["name"] = group, ["versions"] = new JsonArray(known), ["preferredVersion"] = known.DeepClone() };
    }

    private static JsonObject NamedGroup(string group)
    {
        var json = new JsonObject { ["kind"] = "APIGroup", ["apiVersion"] = "v1" };
        foreach (var (name, value) in Group(ServedKinds.Groups.First(entry => entry.StartsWith(group + "/", StringComparison.Ordinal))).AsObject())
        {
            json[name] = value?.DeepClone();
        }
        return json;
    }

    private static JsonObject ResourceList(string group, string version)
    {
        var json = new JsonObject { ["kind"] = "APIResourceList" };
        if (group.Length > 0)
        {
            json["apiVersion"] = "v1";
        }
        json["groupVersion"] = group.Length == 0 ? version : $"{group}/{version}";
        json["resources"] = new JsonArray([.. ServedResource.Of(group, version).SelectMany(Flat)]);
        return json;
    }

    private static IEnumerable<JsonNode> Flat(ServedResource resource)
    {
        var own = new JsonObject
        {
            ["name"] = resource.Name, ["singularName"] = resource.Singular, ["namespaced"] = resource.Namespaced, ["kind"] = resource.Kind, ["verbs"] = Texts(resource.Verbs),
        };
        AddNames(own, resource);
        if (ServedKinds.Find(resource.Group, resource.Version, resource.Name) is { } stored)
        {
            var asStored = stored.Stored();
            own["storageVersionHash"] = Convert.ToBase64String(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{asStored.Group}/{asStored.Version}/{asStored.Kind}")), 0, 8);
        }
        yield return own;
        foreach (var part in resource.Parts)
        {
            var json = new JsonObject { ["name"] = $"{resource.Name}/{part.Name}", ["singularName"] = "", ["namespaced"] = resource.Namespaced };
            if (part.Group.Length > 0)
            {
                json["group"] = part.Group;
                json["version"] = part.Version;
            }
            json["kind"] = part.Kind;
            json["verbs"] = Texts(part.Verbs);
            yield return json;
        }
    }

    private static void AddNames(JsonObject json, ServedResource resource)
    {
        if (resource.ShortNames.Count > 0)
        {
            json["shortNames"] = Texts(resource.ShortNames);
        }
        if (resource.Categories.Count > 0)
        {
            json["categories"] = Texts(resource.Categories);
        }
    }

    private static JsonArray Texts(IEnumerable<string> items) => new([.. items.Select(item => (JsonNode)item)]);

    private static string? AggregatedVersion(HttpContext http)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParseList([http.Request.Headers.Accept.ToString()], out var types))
        {
            return null;
        }
        foreach (var type in types)
        {
            var parameters = type.Parameters.ToDictionary(p => p.Name.ToString(), p => p.Value.ToString());
            if (parameters.GetValueOrDefault("as") == AggregatedKind && parameters.GetValueOrDefault("v") is "v2" or "v2beta1")
            {
                return parameters["v"];
            }
            if (!parameters.ContainsKey("as"))
            {
                return null;
            }
        }
        return null;
    }

    private Task AggregatedAsync(HttpContext http, bool core, string version)
    {
        var pair = version == "v2" ? _v2.Value : _v2Beta.Value;
        var bytes = core ? pair.Core : pair.Groups;
        var tag = $"\"{Convert.ToHexString(SHA512.HashData(bytes))}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.Vary = "Accept";
        if (http.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            http.Response.StatusCode = 304;
            return Task.CompletedTask;
        }
        http.Response.ContentType = $"application/json;g=apidiscovery.k8s.io;v={version};as={AggregatedKind}";
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, http.RequestAborted).AsTask();
    }

    private static byte[] Aggregated(string apiVersion, bool core)
    {
        var items = core
            ? [new JsonObject { ["metadata"] = new JsonObject { ["creationTimestamp"] = null }, ["versions"] = new JsonArray(VersionOf("", "v1")) }]
            : ServedKinds.Groups.Select(entry => (JsonNode)new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = entry.Split('/')[0], ["creationTimestamp"] = null },
                ["versions"] = new JsonArray(VersionOf(entry.Split('/')[0], entry.Split('/')[1])),
            });
        var list = new JsonObject { ["kind"] = AggregatedKind, ["apiVersion"] = "apidiscovery.k8s.io/" + apiVersion, ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]) };
        return JsonSerializer.SerializeToUtf8Bytes(list, KubeJson.Compact.JsonObject);
    }

    private static JsonObject VersionOf(string group, string version) => new()
    {
        ["version"] = version,
        ["resources"] = new JsonArray([.. ServedResource.Of(group, version).Select(AggregatedResource)]),
        ["freshness"] = "Current",
    };

    private static JsonNode AggregatedResource(ServedResource resource)
    {
        var json = new JsonObject
        {
            ["resource"] = resource.Name, ["responseKind"] = Kind("", "", resource.Kind), ["scope"] = resource.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular, ["verbs"] = Texts(resource.Verbs),
        };
        AddNames(json, resource);
        if (resource.Parts.Count > 0)
        {
            json["subresources"] = new JsonArray([.. resource.Parts.Select(part => (JsonNode)new JsonObject
            {
                ["subresource"] = part.Name, ["responseKind"] = Kind(part.Group, part.Version, part.Kind), ["verbs"] = Texts(part.Verbs),
            })]);
        }
        return json;
    }

    private static JsonObject Kind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };
}
