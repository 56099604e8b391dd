using System.Text.Json;
using System.Text.Json.Serialization;
using Plumb.Core;

namespace Plumb.Logs;

/// <summary>JSON of the logs, generated at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Timeline))]
[JsonSerializable(typeof(Accounting))]
[JsonSerializable(typeof(TimelineLine))]
[JsonSerializable(typeof(MissingEvent))]
[JsonSerializable(typeof(ClockSkew))]
[JsonSerializable(typeof(TraceReport))]
[JsonSerializable(typeof(AdoptedLine))]
[JsonSerializable(typeof(TraceAnomaly))]
[JsonSerializable(typeof(CoverageReport))]
public sealed partial class LogsJson : JsonSerializerContext
{
    public static LogsJson Plain { get; } = new(CoreJson.Readable(indented: false));
}
