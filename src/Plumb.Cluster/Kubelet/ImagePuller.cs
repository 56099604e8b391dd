using Plumb.Cluster.Containers;
using Plumb.Cluster.Objects.Models;

namespace Plumb.Cluster.Kubelet;

/// <summary>Finds what an image stands for, with the reasons, messages and waits of a real pull.</summary>
internal sealed class ImagePuller(IReadOnlyList<LabImage> images, TimeProvider time)
{
    private readonly RestartBackoff _backoff = new(time);
    private DateTimeOffset _failedAt;
    private string? _lastError;

    /// <param name="Reason">The waiting reason, for instance ErrImagePull.</param>
    /// <param name="Message">The waiting message.</param>
    /// <param name="RetryIn">When to try again.</param>
    internal sealed record Failure(string Reason, string Message, TimeSpan RetryIn);

    /// <param name="record">Takes type, reason and message of each event.</param>
    public (LabImage? Image, Failure? Failure) Get(Container container, Action<string, string, string> record)
    {
        var name = container.Image;
        if (!LabImages.IsReference(name))
        {
            var message = $"Failed to apply default image tag \"{name}\": couldn't parse image name \"{name}\": invalid reference format";
            record("Warning", "InspectFailed", message);
            return Refused("InvalidImageName", message, record);
        }
        var image = images.FirstOrDefault(item => item.Matches(name));
        var missing = image is null ? Unknown(name) : image.Needs is { } file && !File.Exists(file) ? NotInstalled(name, image) : null;
        if (missing is null && container.ImagePullPolicy != "Always")
        {
            record("Normal", "Pulled", $"Container image \"{name}\" already present on machine");
            return (image, null);
        }
        if (missing is not null && container.ImagePullPolicy == "Never")
        {
            var message = $"Container image \"{name}\" is not present with pull policy of Never";
            record("Warning", "ErrImageNeverPull", message);
            return Refused("ErrImageNeverPull", message, record);
        }
        if (missing is not null && _lastError is not null && _backoff.Remaining(_failedAt) is { Ticks: > 0 } wait)
        {
            record("Normal", "BackOff", $"Back-off pulling image \"{name}\"");
            record("Warning", "Failed", "Error: ImagePullBackOff");
            return (null, new Failure("ImagePullBackOff", $"Back-off pulling image \"{name}\": ErrImagePull: {_lastError}", wait));
        }
        record("Normal", "Pulling", $"Pulling image \"{name}\"");
        if (missing is null)
        {
            record("Normal", "Pulled", $"Successfully pulled image \"{name}\" in 0s (0s including waiting). Image size: 0 bytes.");
            return (image, null);
        }
        record("Warning", "Failed", $"Failed to pull image \"{name}\": {missing}");
        record("Warning", "Failed", "Error: ErrImagePull");
        _backoff.Started();
        _failedAt = time.GetUtcNow();
        _lastError = missing;
        return (null, new Failure("ErrImagePull", missing, ContainerWorker.ShortWait));
    }

    private static (LabImage?, Failure?) Refused(string reason, string message, Action<string, string, string> record)
    {
        record("Warning", "Failed", $"Error: {reason}");
        return (null, new Failure(reason, message, ContainerWorker.SyncPeriod));
    }

    private string Unknown(string name) =>
        $"failed to pull and unpack image \"{name}\": failed to resolve reference \"{name}\": {name}: not found: "
        + $"this cluster has no registry, it runs programs of this machine under the names {string.Join(", ", images.Select(image => image.Pattern))}";

    private static string NotInstalled(string name, LabImage image) =>
        $"failed to pull and unpack image \"{name}\": {image.Needs} is not on this machine: install it with: apt-get install -y {image.Package}";
}
