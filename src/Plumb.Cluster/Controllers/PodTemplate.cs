using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Controllers;

/// <summary>Pod templates: pods made from them, and whether two are the same.</summary>
internal static class PodTemplate
{
    public const string HashLabel = "pod-template-hash";
    private const string HashAlphabet = "bcdfghjklmnpqrstvwxz2456789";

    public static JsonObject ToObject(JsonElement template) =>
        template.ValueKind == JsonValueKind.Object ? JsonObject.Create(template)!.DeepClone().AsObject() : [];

    /// <summary>A pod as the template describes it, owned by <paramref name="owner"/>; it has no name yet.</summary>
    public static JsonObject ToPod(JsonElement template, KubeObject owner)
    {
        var source = ToObject(template);
        var metadata = new JsonObject();
        if (source["metadata"] is JsonObject given)
        {
            foreach (var name in (string[])["labels", "annotations", "finalizers"])
            {
                if (given[name] is { } value)
                {
                    metadata[name] = value.DeepClone();
                }
            }
        }
        metadata["ownerReferences"] = new JsonArray(Ownership.ReferenceTo(owner));
        return new JsonObject { ["metadata"] = metadata, ["spec"] = source["spec"]?.DeepClone() ?? new JsonObject() };
    }

    /// <summary>Equal but for the hash label that the Deployment controller adds.</summary>
    public static bool SameIgnoringHash(JsonElement one, JsonElement other) => JsonNode.DeepEquals(WithoutHash(one), WithoutHash(other));

    /// <summary>
    /// Ten letters or fewer that stand for the template. The field's own controller hashes its in-memory form, which only it can make, so the
    /// letters differ from a real cluster's; what matters is that the same template gives the same hash.
    /// </summary>
    public static string Hash(JsonNode template, int? collisionCount)
    {
        var hash = Fnv32a(2166136261, Encoding.UTF8.GetBytes(Canonical(template)));
        if (collisionCount is { } count)
        {
            hash = Fnv32a(hash, BitConverter.GetBytes(count));
        }
        return Encode(hash);
    }

    private static JsonObject WithoutHash(JsonElement template)
    {
        var json = ToObject(template);
        if (json["metadata"] is JsonObject metadata)
        {
            if (metadata["labels"] is JsonObject labels)
            {
                labels.Remove(HashLabel);
            }
            if (metadata["creationTimestamp"] is null)
            {
                metadata.Remove("creationTimestamp");
            }
        }
        return json;
    }

    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject item => "{" + string.Join(',', item.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Key + ":" + Canonical(pair.Value))) + "}",
        JsonArray list => "[" + string.Join(',', list.Select(Canonical)) + "]",
        null => "null",
        _ => node.ToJsonString(),
    };

    private static uint Fnv32a(uint hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            hash = unchecked((hash ^ value) * 16777619);
        }
        return hash;
    }

    /// <summary>The decimal digits, each as a letter that cannot make a word by accident.</summary>
    private static string Encode(uint hash) =>
        string.Create(CultureInfo.InvariantCulture, $"{hash}").Aggregate(new StringBuilder(), (text, digit) => text.Append(HashAlphabet[digit % HashAlphabet.Length])).ToString();
}
