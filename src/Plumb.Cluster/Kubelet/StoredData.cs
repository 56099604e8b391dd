using System.Text;
using System.Text.Json;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Kubelet;

/// <summary>The contents of a Secret or a ConfigMap.</summary>
internal static class StoredData
{
    public static IReadOnlyDictionary<string, byte[]> Bytes(KubeObject source)
    {
        var data = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        var isSecret = source.Kind == Resources.Secrets;
        foreach (var (property, isBase64) in new[] { ("data", isSecret), ("stringData", false), ("binaryData", true) })
        {
            if (!source.Json.TryGetProperty(property, out var values) || values.ValueKind != JsonValueKind.Object)
            {
                continue;
            }
            foreach (var entry in values.EnumerateObject())
            {
                var text = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() ?? "" : "";
                data[entry.Name] = isBase64 ? FromBase64(text) : Encoding.UTF8.GetBytes(text);
            }
        }
        return data;
    }

    public static IReadOnlyDictionary<string, string> Texts(KubeObject source) =>
        Bytes(source).ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetString(pair.Value), StringComparer.Ordinal);

    /// <summary>The API refuses a Secret that is no base64; what got past it is shown as it is.</summary>
    private static byte[] FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : Encoding.UTF8.GetBytes(text);
    }
}
