using System.Text.Json.Nodes;
using Plumb.Cluster.Objects;

namespace Plumb.Cluster.Api.Validation;

/// <summary>Whether an object that a client sent makes sense; the messages are those of Kubernetes 1.33.</summary>
internal static class ObjectValidation
{
    public static FieldErrors OnCreate(ResourceKind kind, JsonObject json)
    {
        var errors = new FieldErrors();
        MetadataValidation.OnCreate(kind, json.Object("metadata"), errors);
        Spec(kind, json, errors);
        return errors;
    }

    public static FieldErrors OnUpdate(ResourceKind kind, JsonObject before, JsonObject after)
    {
        var errors = new FieldErrors();
        MetadataValidation.OnUpdate(before.Object("metadata"), after.Object("metadata"), errors);
        Spec(kind, after, errors);
        Immutable(kind, before, after, errors);
        return errors;
    }

    private static void Spec(ResourceKind kind, JsonObject json, FieldErrors errors)
    {
        switch (kind.Kind)
        {
            case "ConfigMap":
                DataValidation.ConfigMap(json, errors);
                break;
            case "Secret":
                DataValidation.Secret(json, errors);
                break;
            case "Pod":
                PodValidation.Spec(json.Object("spec"), "spec", errors);
                break;
            case "Deployment" or "ReplicaSet" or "StatefulSet":
                WorkloadValidation.Spec(kind, json.Object("spec"), errors);
                break;
            case "Service":
                ServiceValidation.Spec(json.Object("spec"), errors);
                break;
            case "PodDisruptionBudget":
                WorkloadValidation.Budget(json.Object("spec"), errors);
                break;
            case "PersistentVolumeClaim":
                VolumeValidation.Claim(json.Object("spec"), errors);
                break;
        }
    }

    private static void Immutable(ResourceKind kind, JsonObject before, JsonObject after, FieldErrors errors)
    {
        switch (kind.Kind)
        {
            case "Deployment" or "ReplicaSet":
                WorkloadValidation.SelectorIsImmutable(before.Object("spec"), after.Object("spec"), errors);
                break;
            case "StatefulSet":
                WorkloadValidation.StatefulSetUpdate(before.Object("spec"), after.Object("spec"), errors);
                break;
            case "Pod":
                PodValidation.Update(before.Object("spec"), after.Object("spec"), errors);
                break;
            case "Service":
                ServiceValidation.Update(before.Object("spec"), after.Object("spec"), errors);
                break;
            case "PersistentVolumeClaim":
                VolumeValidation.ClaimUpdate(before.Object("spec"), after.Object("spec"), errors);
                break;
            case "Secret" or "ConfigMap":
                DataValidation.Update(kind, before, after, errors);
                break;
        }
    }
}
