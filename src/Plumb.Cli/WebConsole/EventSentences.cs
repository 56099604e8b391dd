namespace Plumb.Cli.WebConsole;

/// <summary>
/// Kubernetes events in plain English: what happened, why it matters, what to look at next. A reason that is not in the table is
/// told as nothing at all, and the page then shows reason and message as they came: a wrong explanation is worse than none.
/// </summary>
internal static class EventSentences
{
    /// <summary>One kind of event. <c>Holds</c> is a piece of the message that tells kinds with the same reason apart.</summary>
    private sealed record Entry(string Key, string Reason, string? Holds, string Sentence, string Why, string Next);

    // The order matters within one reason: the first entry that fits is taken, the general one stands last.
    private static readonly Entry[] Table =
    [
        new("scheduled", "Scheduled", null, "{name} was given a node: {last}.",
            "The scheduler found room. Its container has not started yet.", "Nothing. Pulled, Created and Started should follow within seconds."),
        new("no-cpu", "FailedScheduling", "Insufficient cpu", "No node has enough free CPU for {name}.",
            "The pod stays Pending and serves nothing. Requests count here, not actual use.", "Compare the pod's CPU request with `kubectl describe nodes` (Allocated resources)."),
        new("no-memory", "FailedScheduling", "Insufficient memory", "No node has enough free memory for {name}.",
            "The pod stays Pending and serves nothing. Requests count here, not actual use.", "Compare the pod's memory request with `kubectl describe nodes` (Allocated resources)."),
        new("cordoned", "FailedScheduling", "unschedulable", "{name} finds no node that takes new pods.",
            "Nodes are cordoned. Replacements cannot start, so the next failure is not healed.", "`kubectl get nodes`: uncordon the nodes whose maintenance is over."),
        new("no-volume", "FailedScheduling", "PersistentVolumeClaim", "{name} waits for a volume.",
            "The pod stays Pending until its claim is bound.", "`kubectl get pvc`: is the claim Pending, and does its storage class exist?"),
        new("tainted", "FailedScheduling", "taint", "Every node refuses {name} by a taint.",
            "The pod stays Pending. A node that is not ready taints itself.", "`kubectl describe nodes` (Taints), and the pod's tolerations."),
        new("no-node", "FailedScheduling", null, "The scheduler found no node for {name}.",
            "The pod stays Pending and serves nothing.", "Read the message: it counts the nodes by the reason each was refused."),
        new("pulling", "Pulling", null, "The image of {name} is being fetched.", "A start takes as long as the pull.", "If it takes minutes: image size and the registry."),
        new("pulled", "Pulled", null, "The image of {name} is on its node.", "The container can be created.", "Nothing."),
        new("created", "Created", null, "Container {last} of {name} was created.", "The next step is its start.", "Nothing."),
        new("started", "Started", null, "Container {last} of {name} started.",
            "The process runs. That is not Ready: traffic comes only after its readiness probe passes.", "If it does not become Ready: Unhealthy events, then its logs."),
        new("killing-probe", "Killing", "failed liveness probe", "{name} is being restarted: its liveness probe failed.",
            "The kubelet decided that the process hangs. Requests in flight are lost if the process does not drain.", "The Unhealthy events before this one, and `kubectl logs --previous`."),
        new("killing-startup", "Killing", "failed startup probe", "{name} is being restarted: it did not start in time.",
            "It may never come up if it always needs longer than the startup probe allows.", "Start-up time against failureThreshold × periodSeconds of the startup probe."),
        new("killing", "Killing", null, "{name} is being stopped: {message}.",
            "It got SIGTERM, and SIGKILL after its grace period. Its address should leave the Service at the same time.", "Who asked: a rollout, a drain, a scale-down, or somebody's delete."),
        new("crash-backoff", "BackOff", "restarting failed container", "A container of {name} keeps failing; the kubelet waits before it tries again.",
            "The wait doubles from 10 s to 5 min, so even a mended pod may come back late.", "`kubectl logs --previous` and the exit code in `kubectl describe pod`."),
        new("pull-backoff", "BackOff", "pulling image", "The image of {name} cannot be fetched; the kubelet waits before it tries again.",
            "The pod will not start until the image can be pulled.", "The Failed event before this one: the image's name, tag, and the pull secret."),
        new("pull-failed", "Failed", "ImagePull", "The image of {name} could not be fetched.",
            "The pod cannot start. A rollout stops here with the old version still serving.", "The image's name and tag, whether it was pushed, and the pull secret."),
        new("pull-failed", "Failed", "pull image", "The image of {name} could not be fetched.",
            "The pod cannot start. A rollout stops here with the old version still serving.", "The image's name and tag, whether it was pushed, and the pull secret."),
        new("config-missing", "Failed", "not found", "{name} refers to something that does not exist: {message}.",
            "The container cannot be created until it exists.", "Create the ConfigMap or Secret that the message names, or mend the reference."),
        new("config-missing", "Failed", "couldn't find key", "{name} refers to a key that does not exist: {message}.",
            "The container cannot be created until it exists.", "Add the key, or mend the reference."),
        new("start-failed", "Failed", null, "{name} could not be started: {message}.",
            "The pod is not running. The kubelet tries again with a growing wait.", "The message, then `kubectl describe pod`."),
        new("bad-image", "InspectFailed", null, "The image name of {name} is not valid.", "It can never be pulled.", "Mend the image's name in the pod template."),
        new("never-pull", "ErrImageNeverPull", null, "The image of {name} is not on its node, and its policy forbids a pull.",
            "The pod cannot start on this node.", "imagePullPolicy, or load the image onto the node."),
        new("readiness", "Unhealthy", "Readiness", "{name} says that it is not ready.",
            "After failureThreshold of these the Service sends it no traffic. If every pod does this, nobody serves.", "The message (refused, timeout, status), then the pod's dependencies and its logs."),
        new("liveness", "Unhealthy", "Liveness", "{name} failed its liveness probe.",
            "After failureThreshold of these the container is killed and restarted.", "Whether the process hangs or the probe asks too much (a probe that calls a database restarts everything with it)."),
        new("startup", "Unhealthy", "Startup", "{name} has not finished starting.",
            "The other probes wait. It is killed when the startup probe's budget is used up.", "Whether this is the usual start-up time."),
        new("oom", "OOMKilling", null, "The kernel killed a process of {name}: out of memory.",
            "The container restarts; whatever it held in memory is gone.", "Its memory limit against container_memory_working_set_bytes before the kill."),
        new("mount", "FailedMount", null, "A volume of {name} cannot be mounted.",
            "The containers do not start until it can.", "The Secret, ConfigMap or claim that the message names: does it exist in this namespace?"),
        new("attach", "FailedAttachVolume", null, "A volume of {name} cannot be attached to its node.",
            "The containers do not start. Often the disk is still attached to another node.", "`kubectl get volumeattachments`, and whether the old node is really gone."),
        new("scaled-up", "ScalingReplicaSet", "Scaled up", "{name} is adding pods: {message}.", "A rollout or a scale-up is under way.", "`kubectl rollout status`."),
        new("scaled-down", "ScalingReplicaSet", "Scaled down", "{name} is removing pods: {message}.",
            "A rollout or a scale-down is under way. The old pods get SIGTERM.", "`kubectl rollout status`; failed requests now mean that the pods do not drain."),
        new("pod-made", "SuccessfulCreate", "StatefulSet", "{name}: {message}.", "It had fewer pods than it should. After a loss this is the healing.", "Scheduled and Started of that pod."),
        new("pod-made", "SuccessfulCreate", null, "{name} made a pod: {last}.", "It had fewer pods than it should. After a loss this is the healing.", "Scheduled and Started of that pod."),
        new("pod-deleted", "SuccessfulDelete", "StatefulSet", "{name}: {message}.", "It had more pods than it should.", "Nothing, if a rollout or a scale-down was meant."),
        new("pod-deleted", "SuccessfulDelete", null, "{name} removed a pod: {last}.", "It had more pods than it should.", "Nothing, if a rollout or a scale-down was meant."),
        new("create-failed", "FailedCreate", null, "{name} cannot make pods: {message}.",
            "Lost pods are not replaced while this lasts.", "Quota, admission, or the service account that the message names."),
        new("node-silent", "NodeNotReady", "status is now", "Node {name} stopped reporting, or says that it is not ready.",
            "Its pods leave every Service now, and are replaced elsewhere only after their toleration (5 min by default).", "The node's kubelet and its network; `kubectl describe node`."),
        new("node-not-ready", "NodeNotReady", null, "{name} runs on a node that stopped reporting.",
            "Its pods leave every Service now, and are replaced elsewhere only after their toleration (5 min by default).", "The node's kubelet and its network; `kubectl describe node`."),
        new("node-ready", "NodeReady", null, "Node {name} is ready.", "It takes pods.", "Nothing."),
        new("node-cordoned", "NodeNotSchedulable", null, "Node {name} was cordoned: it takes no new pods.", "What runs there goes on running.", "Uncordon it when the maintenance is over."),
        new("node-uncordoned", "NodeSchedulable", null, "Node {name} takes new pods again.", "The scheduler may use it.", "Nothing. Running pods do not move back by themselves."),
        new("node-registered", "RegisteredNode", null, "Node {name} joined the cluster.", "The controllers know it now.", "Nothing."),
        new("node-started", "Starting", null, "A component started on {name}.", "After a restart of the kubelet, running containers go on.", "Whether the restart was meant."),
        new("node-disk", "NodeHasDiskPressure", null, "Node {name} runs out of disk.", "The kubelet evicts pods until there is room.", "Images and logs on the node."),
        new("node-memory", "NodeHasInsufficientMemory", null, "Node {name} runs out of memory.", "The kubelet evicts pods, those above their requests first.", "Which pods use more than they request: `kubectl top pods`."),
        new("evicted", "Evicted", null, "{name} was evicted from its node: {message}.", "It is replaced elsewhere if a controller owns it; a bare pod is lost.", "The node's memory and disk pressure."),
        new("taint-eviction", "TaintManagerEviction", "Cancelling", "{name} stays: its node came back in time.", "The planned deletion was called off.", "Why the node went silent."),
        new("taint-eviction-on", "TaintManagerEviction", null, "{name} is being removed because its node is not usable.",
            "A Deployment makes a new one elsewhere. A StatefulSet waits for the node.", "The node, and for a StatefulSet whether to force the deletion."),
        new("preempted", "Preempted", null, "{name} was removed to make room for a more important pod.", "It must find another node.", "Priority classes, and the cluster's free room."),
        new("pvc-made", "ProvisioningSucceeded", null, "A volume was made for {name}.", "The claim can be bound.", "Nothing."),
        new("pvc-failed", "ProvisioningFailed", null, "No volume could be made for {name}.", "Pods that use the claim stay Pending.", "The storage class and its provisioner."),
        new("pvc-waits", "WaitForFirstConsumer", null, "{name} waits for a pod that uses it.", "This is how its storage class works, not a fault.", "Nothing, if a pod is coming."),
        new("pdb-none", "NoPods", null, "The disruption budget {name} matches no pods.", "It protects nothing.", "Its selector."),
        new("hpa-blind", "FailedGetResourceMetric", null, "The autoscaler {name} has no metrics.", "It does not scale, up or down, while it is blind.", "Whether metrics.k8s.io answers: `kubectl top pods`."),
        new("deadline", "ProgressDeadlineExceeded", null, "The rollout of {name} makes no progress.", "The old pods still serve; the new version is not out.", "The new ReplicaSet's pods: their status and events."),
    ];

    private static readonly ILookup<string, Entry> ByReason = Table.ToLookup(e => e.Reason, StringComparer.Ordinal);

    /// <summary>The parts that do not depend on the object, by key; sent once.</summary>
    internal static IReadOnlyDictionary<string, Explanation> Explanations { get; } =
        Table.DistinctBy(e => e.Key).ToDictionary(e => e.Key, e => new Explanation(e.Why, e.Next), StringComparer.Ordinal);

    /// <summary>The sentence and the key of its explanation, or null for an event that is not in the table.</summary>
    internal static (string Sentence, string Key)? Tell(string reason, string message, string kind, string name)
    {
        foreach (var entry in ByReason[reason])
        {
            if (entry.Holds is null || message.Contains(entry.Holds, StringComparison.OrdinalIgnoreCase))
            {
                return (Fill(entry.Sentence, message, kind, name), entry.Key);
            }
        }

        return null;
    }

    private static string Fill(string sentence, string message, string kind, string name)
    {
        var plain = message.TrimEnd('.', ' ');
        var space = plain.LastIndexOf(' ');
        return sentence
            .Replace("{name}", kind is "Pod" or "Node" || sentence.StartsWith("Node ", StringComparison.Ordinal) ? name : $"{kind} {name}", StringComparison.Ordinal)
            .Replace("{last}", space < 0 ? plain : plain[(space + 1)..], StringComparison.Ordinal)
            .Replace("{message}", Lower(plain), StringComparison.Ordinal);
    }

    // "Stopping container web" reads on in the middle of a sentence; "MountVolume" and "ErrImagePull" keep their capitals.
    private static string Lower(string text) =>
        text.Length > 1 && char.IsAsciiLetterUpper(text[0]) && text.TakeWhile(char.IsAsciiLetter).Skip(1).All(char.IsAsciiLetterLower)
            ? char.ToLowerInvariant(text[0]) + text[1..]
            : text;
}
