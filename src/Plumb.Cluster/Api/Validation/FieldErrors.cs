using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Validation;

/// <summary>The faults of an object, collected in the order of the fields, and the one answer (422) they make.</summary>
internal sealed class FieldErrors
{
    private readonly List<(string Reason, string Field, string Message)> _errors = [];

    public bool Any => _errors.Count > 0;

    public void Required(string field, string why = "") => _errors.Add(("FieldValueRequired", field, "Required value" + Because(why)));

    /// <param name="value">The value as the server prints it: texts in quotes, numbers bare.</param>
    public void Invalid(string field, string value, string why) => _errors.Add(("FieldValueInvalid", field, $"Invalid value: {value}{Because(why)}"));

    public void Unsupported(string field, string value, params IReadOnlyList<string> supported) =>
        _errors.Add(("FieldValueNotSupported", field, $"Unsupported value: {value}: supported values: {string.Join(", ", supported.Select(item => $"\"{item}\""))}"));

    public void Forbidden(string field, string why) => _errors.Add(("FieldValueForbidden", field, "Forbidden" + Because(why)));

    public void Duplicate(string field, string value) => _errors.Add(("FieldValueDuplicate", field, $"Duplicate value: {value}"));

    public void NotFound(string field, string value) => _errors.Add(("FieldValueNotFound", field, $"Not found: {value}"));

    public void TooLong(string field, string why) => _errors.Add(("FieldValueTooLong", field, "Too long" + Because(why)));

    public static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal) + "\"";

    /// <summary>The answer for an object of this kind; null when there is no fault.</summary>
    public ApiFailure? For(ResourceKind kind, string name) => For(kind.Group, kind.Kind, name);

    public ApiFailure? For(string group, string kind, string name)
    {
        if (_errors.Count == 0)
        {
            return null;
        }
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }
        if (group.Length > 0)
        {
            details["group"] = group;
        }
        if (kind.Length > 0)
        {
            details["kind"] = kind;
        }
        details["causes"] = new JsonArray([.. _errors.Select(error => (JsonNode)new JsonObject { ["reason"] = error.Reason, ["message"] = error.Message, ["field"] = error.Field })]);
        // The message names each fault once, the causes repeat it as often as it was found.
        var texts = _errors.Select(error => $"{error.Field}: {error.Message}").Distinct().ToList();
        var message = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return new ApiFailure(422, "Invalid", $"{qualified} \"{name}\" is invalid: {message}", details);
    }

    private static string Because(string why) => why.Length == 0 ? "" : ": " + why;
}
