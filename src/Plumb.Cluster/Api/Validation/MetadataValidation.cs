using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Validation;

/// <summary>Names, labels, annotations and finalizers.</summary>
internal static class MetadataValidation
{
    private const int AnnotationBytes = 256 * 1024;
    private static readonly string[] StandardFinalizers = ["kubernetes", "orphan", "foregroundDeletion"];

    public static void OnCreate(ResourceKind kind, JsonObject metadata, FieldErrors errors)
    {
        var name = metadata.Text("name") ?? "";
        if (name.Length == 0)
        {
            errors.Required("metadata.name", "name or generateName is required");
        }
        else
        {
            var wrong = kind.Kind switch
            {
                "Service" => Names.Dns1035Label(name),
                "Namespace" => Names.Dns1123Label(name),
                _ => Names.Dns1123Subdomain(name),
            };
            if (wrong is not null)
            {
                errors.Invalid("metadata.name", FieldErrors.Quoted(name), wrong);
            }
        }
        Common(metadata, errors, times: 1);
        Finalizers(metadata, errors);
    }

    public static void OnUpdate(JsonObject before, JsonObject after, FieldErrors errors)
    {
        // The server walks the metadata of an update once for the update, once for the object and once for the workload's own rules.
        Common(after, errors, times: 3);
        if (before.Text("deletionTimestamp") is null)
        {
            Finalizers(after, errors);
            return;
        }
        var had = Texts(before["finalizers"]);
        var added = Texts(after["finalizers"]).Where(name => !had.Contains(name)).ToList();
        if (added.Count > 0)
        {
            var listed = string.Join(", ", added.Select(FieldErrors.Quoted));
            for (var i = 0; i < 2; i++)
            {
                errors.Forbidden("metadata.finalizers", $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}");
            }
        }
    }

    private static void Common(JsonObject metadata, FieldErrors errors, int times)
    {
        Labels(metadata["labels"] as JsonObject, "metadata.labels", errors);
        if (metadata["annotations"] is not JsonObject annotations)
        {
            return;
        }
        long size = 0;
        foreach (var (key, value) in annotations)
        {
            size += key.Length + (value?.GetValue<string>().Length ?? 0);
            if (Names.QualifiedName(key.ToLowerInvariant()) is { } wrong)
            {
                for (var i = 0; i < times; i++)
                {
                    errors.Invalid("metadata.annotations", FieldErrors.Quoted(key), wrong);
                }
            }
        }
        if (size > AnnotationBytes)
        {
            errors.TooLong("metadata.annotations", $"may not be more than {AnnotationBytes} bytes");
        }
    }

    public static void Labels(JsonObject? labels, string path, FieldErrors errors)
    {
        foreach (var (key, value) in labels ?? [])
        {
            if (Names.QualifiedName(key) is { } wrongKey)
            {
                errors.Invalid(path, FieldErrors.Quoted(key), wrongKey);
            }
            var text = value?.GetValue<string>() ?? "";
            if (Names.LabelValue(text) is { } wrongValue)
            {
                errors.Invalid(path, FieldErrors.Quoted(text), wrongValue);
            }
        }
    }

    private static void Finalizers(JsonObject metadata, FieldErrors errors)
    {
        var names = Texts(metadata["finalizers"]);
        for (var i = 0; i < names.Count; i++)
        {
            if (Names.QualifiedName(names[i]) is { } wrong)
            {
                errors.Invalid($"metadata.finalizers[{i}]", FieldErrors.Quoted(names[i]), wrong);
            }
            else if (!names[i].Contains('/', StringComparison.Ordinal) && !StandardFinalizers.Contains(names[i]))
            {
                errors.Invalid($"metadata.finalizers[{i}]", FieldErrors.Quoted(names[i]), "name is neither a standard finalizer name nor is it fully qualified");
            }
        }
    }

    private static List<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(item => item?.GetValue<string>() ?? "")];
}
