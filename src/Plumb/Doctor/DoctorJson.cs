using System.Text.Json.Serialization;
using Plumb.Core;

namespace Plumb.Doctor;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Diagnosis))]
public sealed partial class DoctorJson : JsonSerializerContext
{
    public static DoctorJson Indented { get; } = new(CoreJson.Readable(indented: true));
}
