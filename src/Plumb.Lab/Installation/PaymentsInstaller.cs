using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Plumb.Core;
using Plumb.Platform.Kubernetes;

namespace Plumb.Lab.Installation;

/// <summary>Puts the payments system on a cluster, as any client would: by URL, object by object.</summary>
internal sealed class PaymentsInstaller(KubeClient client)
{
    public const string Namespace = "payments";
    private const string ApiSecret = "payments-api";
    private const int SecretBytes = 24;

    private static readonly Dictionary<string, KubeResource> Resources = new()
    {
        ["Namespace"] = KubeResource.Namespaces,
        ["Service"] = KubeResource.Services,
        ["ServiceAccount"] = new KubeResource("", "v1", "serviceaccounts", "ServiceAccount"),
        ["ConfigMap"] = KubeResource.ConfigMaps,
        ["Secret"] = KubeResource.Secrets,
        ["Deployment"] = KubeResource.Deployments,
        ["StatefulSet"] = KubeResource.StatefulSets,
        ["PodDisruptionBudget"] = KubeResource.DisruptionBudgets,
    };

    /// <summary>
    /// Applies the manifests. Secrets come after the namespace and before everything else; all Services come before the pods, because a
    /// container learns the addresses of the Services that exist when it starts.
    /// </summary>
    /// <returns>The token for the gateway, or the first object that the server refused.</returns>
    public async Task<Result<string>> InstallAsync(IReadOnlyList<JsonObject> manifests, CancellationToken cancel)
    {
        if (await ApplyAllAsync(manifests.Where(m => Kind(m) == "Namespace"), cancel) is { } noNamespace)
        {
            return noNamespace;
        }

        var token = await SecretsAsync(cancel);
        if (!token.IsOk)
        {
            return token;
        }

        if (await ApplyAllAsync(manifests.Where(m => Kind(m) is not ("Namespace" or "Deployment" or "StatefulSet")), cancel) is { } refused)
        {
            return refused;
        }

        return await ApplyAllAsync(manifests.Where(m => Kind(m) is "Deployment" or "StatefulSet"), cancel) is { } refusedPods ? refusedPods : token;
    }

    /// <summary>Passwords are made up here, once for each lab: one that stood in the repository would be known to everybody on the machine.</summary>
    private async Task<Result<string>> SecretsAsync(CancellationToken cancel)
    {
        var token = Random();
        var made = await KeepOrCreateAsync("postgres", new JsonObject { ["password"] = Random() }, cancel);
        if (!made.IsSuccess)
        {
            return Refused("the secret postgres", made.Error);
        }

        made = await KeepOrCreateAsync(ApiSecret, new JsonObject { ["token"] = token, ["tokens"] = $"lab={token}" }, cancel);
        if (!made.IsSuccess)
        {
            return Refused($"the secret {ApiSecret}", made.Error);
        }

        // A lab that was kept has its token already.
        return made.Value.Json.Field("data").Text("token") is { } stored
            ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(stored))
            : new Problem($"the secret {ApiSecret} has no key token", $"Delete it with kubectl -n {Namespace} delete secret {ApiSecret} and start again");
    }

    private async Task<KubeResult<KubeObject>> KeepOrCreateAsync(string name, JsonObject data, CancellationToken cancel)
    {
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Namespace },
            ["stringData"] = data,
        };
        var created = await client.CreateAsync(KubeResource.Secrets, Namespace, body, cancel);
        return created.Error is { Kind: KubeErrorKind.AlreadyExists } ? await client.GetAsync(KubeResource.Secrets, Namespace, name, cancel) : created;
    }

    private async Task<Problem?> ApplyAllAsync(IEnumerable<JsonObject> manifests, CancellationToken cancel)
    {
        foreach (var manifest in manifests)
        {
            var name = (string)manifest["metadata"]!["name"]!;
            var resource = Resources[Kind(manifest)];
            var ns = resource.Namespaced ? Namespace : null;
            var applied = await client.CreateAsync(resource, ns, manifest, cancel);
            if (applied.Error is { Kind: KubeErrorKind.AlreadyExists })
            {
                applied = await client.PatchAsync(resource, ns, name, KubePatch.Merge(Changeable(manifest)), cancel);
            }

            if (!applied.IsSuccess)
            {
                return Refused($"{resource.Kind} {name}", applied.Error);
            }
        }

        return null;
    }

    /// <summary>A StatefulSet's claim templates cannot be changed, and the server refuses even an equal list in a merge.</summary>
    private static JsonObject Changeable(JsonObject manifest)
    {
        var copy = (JsonObject)manifest.DeepClone();
        if (Kind(copy) == "StatefulSet")
        {
            ((JsonObject)copy["spec"]!).Remove("volumeClaimTemplates");
        }

        return copy;
    }

    private static Problem Refused(string what, KubeError error) => new($"the cluster did not take {what}: {error.Message.TrimEnd('.')}", error.Next.TrimEnd('.'));

    private static string Kind(JsonObject manifest) => (string)manifest["kind"]!;

    private static string Random() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes));
}
