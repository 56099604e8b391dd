using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Plumb.Experiments.Format;

/// <summary>What a probe must return for the hypothesis to hold. Source: the Chaos Toolkit's "Steady State Probe Tolerance".</summary>
public abstract record Tolerance
{
    private Tolerance()
    {
    }

    /// <summary>True when the value is as it must be; null when the value is nothing that this tolerance can judge, which is not the same as false.</summary>
    public abstract bool? Accepts(JsonNode? value);

    /// <summary>In words, for reports.</summary>
    public abstract string Words { get; }

    /// <summary>Exactly this value (text, number, true or false).</summary>
    public sealed record Exactly(JsonNode Expected) : Tolerance
    {
        public override string Words => Expected.ToJsonString();

        public override bool? Accepts(JsonNode? value) => value is null ? null : Same(Expected, value);
    }

    /// <summary>One of these.</summary>
    public sealed record OneOf(JsonArray Expected) : Tolerance
    {
        public override string Words => "one of " + Expected.ToJsonString();

        public override bool? Accepts(JsonNode? value) => value is null ? null : Expected.Any(item => item is not null && Same(item, value));
    }

    /// <summary>A number between two, both included.</summary>
    public sealed record Between(double Low, double High) : Tolerance
    {
        public override string Words => string.Create(CultureInfo.InvariantCulture, $"{Low} to {High}");

        public override bool? Accepts(JsonNode? value) => Number(value) is { } number && !double.IsNaN(number) ? number >= Low && number <= High : null;
    }

    /// <summary>Text that the expression finds something in.</summary>
    public sealed record Matches(Regex Pattern) : Tolerance
    {
        public override string Words => $"text that matches {Pattern}";

        public override bool? Accepts(JsonNode? value)
        {
            try
            {
                return value is null ? null : Pattern.IsMatch(value is JsonValue text && text.TryGetValue<string>(out var plain) ? plain : value.ToJsonString());
            }
            catch (RegexMatchTimeoutException)
            {
                return null;
            }
        }
    }

    private static bool Same(JsonNode one, JsonNode other) =>
        Number(one) is { } left && Number(other) is { } right ? left.Equals(right) : JsonNode.DeepEquals(one, other);

    private static double? Number(JsonNode? value) =>
        value is JsonValue { } number && number.GetValueKind() == System.Text.Json.JsonValueKind.Number && double.TryParse(number.ToJsonString(), CultureInfo.InvariantCulture, out var read) ? read : null;
}
