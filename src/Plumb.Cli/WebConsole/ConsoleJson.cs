using System.Text.Json.Serialization;
using Plumb.Cli.WebConsole.Traffic;
using Plumb.Core;

namespace Plumb.Cli.WebConsole;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(Delta))]
[JsonSerializable(typeof(Heartbeat))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(TrafficView))]
[JsonSerializable(typeof(PlanView))]
[JsonSerializable(typeof(RunView))]
[JsonSerializable(typeof(ExperimentList))]
[JsonSerializable(typeof(ConfirmRequest))]
[JsonSerializable(typeof(SceneList))]
[JsonSerializable(typeof(ScenePlanView))]
internal sealed partial class ConsoleJson : JsonSerializerContext;
