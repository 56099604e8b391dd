using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Plumb.Core;

namespace Plumb.Experiments.Format;

/// <summary>Puts values in the place of <c>${variables}</c>: --set wins over the environment, that over the file.</summary>
public sealed partial class Binding
{
    private readonly Dictionary<string, JsonNode?> _values = [];

    private Binding()
    {
    }

    /// <summary>Values that may be shown: the ones that did not come from the environment.</summary>
    public JsonObject Shown { get; } = [];

    /// <param name="given">What the user set, by name.</param>
    /// <param name="environment">Reads a variable; null when it is not set.</param>
    public static Result<Binding> Of(ExperimentDefinition definition, IReadOnlyDictionary<string, string> given, Func<string, string?> environment)
    {
        var binding = new Binding();
        if (given.Keys.FirstOrDefault(name => !definition.Configuration.ContainsKey(name)) is { } unknown)
        {
            return new Problem($"'{definition.Name}' has no variable '{unknown}'", $"It has: {string.Join(", ", definition.Configuration.Keys)}");
        }
        foreach (var (name, variable) in definition.Configuration)
        {
            JsonNode? value = given.TryGetValue(name, out var set) ? Typed(set, variable.Value)
                : variable.EnvironmentKey is { } key && environment(key) is { Length: > 0 } found ? JsonValue.Create(found) : variable.Value?.DeepClone();
            if (value is null)
            {
                return new Problem($"The variable '{name}' of '{definition.Name}' has no value",
                    variable.EnvironmentKey is null ? $"Give one with --set {name}=…" : $"Set ${variable.EnvironmentKey}, or give it with --set {name}=…");
            }
            binding._values[name] = value;
            if (variable.EnvironmentKey is null)
            {
                binding.Shown[name] = value.DeepClone();
            }
        }
        return binding;
    }

    /// <summary>A text with its variables filled in.</summary>
    public Result<string> Text(string text, string at)
    {
        string? missing = null;
        var bound = VariablePattern().Replace(text, match =>
        {
            var name = match.Groups["name"].Value;
            missing ??= _values.ContainsKey(name) ? null : name;
            return _values.GetValueOrDefault(name)?.ToString() ?? "";
        });
        return missing is null ? bound : new Problem($"{at}: there is no variable '{missing}'", "Add it under configuration");
    }

    /// <summary>JSON with its variables filled in; a text that is nothing but one variable takes that variable's type.</summary>
    public Result<JsonNode> Json(JsonNode node, string at)
    {
        switch (node)
        {
            case JsonObject map:
                var bound = new JsonObject();
                foreach (var (key, value) in map)
                {
                    var item = value is null ? null : (Result<JsonNode>?)Json(value, at);
                    if (item is { IsOk: false } failed)
                    {
                        return failed;
                    }
                    bound[key] = item?.Value;
                }
                return bound;
            case JsonArray list:
                var items = list.Select(item => item is null ? (Result<JsonNode>?)null : Json(item, at)).ToArray();
                return items.FirstOrDefault(item => item is { IsOk: false }) is { } wrong ? wrong : new JsonArray([.. items.Select(item => item?.Value)]);
            case JsonValue value when value.TryGetValue<string>(out var text):
                if (VariablePattern().Match(text) is { Success: true } whole && whole.Length == text.Length && _values.TryGetValue(whole.Groups["name"].Value, out var typed) && typed is not null)
                {
                    return typed.DeepClone();
                }
                var filled = Text(text, at);
                return filled.IsOk ? JsonValue.Create(filled.Value) : filled.Problem!;
            default:
                return node.DeepClone();
        }
    }

    /// <summary>What a user typed takes the type of the file's value, so that --set replicas=3 is a number.</summary>
    private static JsonValue? Typed(string text, JsonNode? like) => like?.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.Number when double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) =>
            number == Math.Floor(number) && Math.Abs(number) < long.MaxValue ? JsonValue.Create((long)number) : JsonValue.Create(number),
        System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False when bool.TryParse(text, out var flag) => JsonValue.Create(flag),
        _ => JsonValue.Create(text),
    };

    [GeneratedRegex(@"\$\{(?<name>[A-Za-z0-9_.-]+)\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VariablePattern();
}
