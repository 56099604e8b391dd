using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Plumb.Cluster.Objects;

/// <summary>Times as Kubernetes writes them: RFC 3339, UTC, whole seconds. Reads any RFC 3339 time.</summary>
internal sealed class KubeTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.Parse(reader.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToKubeTime());
}
