using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

internal sealed record Pod
{
    public ObjectMeta Metadata { get; init; } = new();
    public PodSpec Spec { get; init; } = new();
    public PodStatus Status { get; init; } = new();
}

internal sealed record PodSpec
{
    public string? NodeName { get; init; }
    public string RestartPolicy { get; init; } = "Always";
    public long? TerminationGracePeriodSeconds { get; init; }
    public long? ActiveDeadlineSeconds { get; init; }
    public string? ServiceAccountName { get; init; }
    public bool? AutomountServiceAccountToken { get; init; }
    public bool? EnableServiceLinks { get; init; }
    public bool? HostNetwork { get; init; }
    public string? Hostname { get; init; }
    public string? Subdomain { get; init; }
    public string? SchedulerName { get; init; }
    public int? Priority { get; init; }
    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }
    public JsonElement? Affinity { get; init; }
    public IReadOnlyList<Toleration>? Tolerations { get; init; }
    public JsonElement? TopologySpreadConstraints { get; init; }
    public JsonElement? SchedulingGates { get; init; }
    public IReadOnlyList<Container>? InitContainers { get; init; }
    public IReadOnlyList<Container> Containers { get; init; } = [];
    public IReadOnlyList<Volume>? Volumes { get; init; }
    public PodSecurityContext? SecurityContext { get; init; }
    public IReadOnlyList<JsonElement>? HostAliases { get; init; }
}

internal sealed record Toleration
{
    public string? Key { get; init; }
    public string? Operator { get; init; }
    public string? Value { get; init; }
    public string? Effect { get; init; }
    public long? TolerationSeconds { get; init; }
}

internal sealed record Container
{
    public string Name { get; init; } = "";
    public string Image { get; init; } = "";
    public string? ImagePullPolicy { get; init; }
    public IReadOnlyList<string>? Command { get; init; }
    public IReadOnlyList<string>? Args { get; init; }
    public string? WorkingDir { get; init; }
    public IReadOnlyList<ContainerPort>? Ports { get; init; }
    public IReadOnlyList<EnvVar>? Env { get; init; }
    public IReadOnlyList<EnvFrom>? EnvFrom { get; init; }
    public ResourceRequirements? Resources { get; init; }
    public IReadOnlyList<VolumeMount>? VolumeMounts { get; init; }
    public Probe? LivenessProbe { get; init; }
    public Probe? ReadinessProbe { get; init; }
    public Probe? StartupProbe { get; init; }
    public Lifecycle? Lifecycle { get; init; }
    public string? RestartPolicy { get; init; }
    public string? TerminationMessagePath { get; init; }
    public string? TerminationMessagePolicy { get; init; }
    public ContainerSecurityContext? SecurityContext { get; init; }
}

internal sealed record ContainerPort
{
    public string? Name { get; init; }
    public int Port => ContainerPortNumber;
    [System.Text.Json.Serialization.JsonPropertyName("containerPort")]
    public int ContainerPortNumber { get; init; }
    public string? Protocol { get; init; }
}

internal sealed record EnvVar
{
    public string Name { get; init; } = "";
    public string? Value { get; init; }
    public EnvVarSource? ValueFrom { get; init; }
}

internal sealed record EnvVarSource
{
    public KeySelector? SecretKeyRef { get; init; }
    public KeySelector? ConfigMapKeyRef { get; init; }
    public FieldSelector? FieldRef { get; init; }
    public ResourceFieldSelector? ResourceFieldRef { get; init; }
}

internal sealed record KeySelector
{
    public string Name { get; init; } = "";
    public string Key { get; init; } = "";
    public bool? Optional { get; init; }
}

internal sealed record FieldSelector
{
    public string FieldPath { get; init; } = "";
}

internal sealed record ResourceFieldSelector
{
    public string? ContainerName { get; init; }
    public string Resource { get; init; } = "";
    public string? Divisor { get; init; }
}

internal sealed record EnvFrom
{
    public string? Prefix { get; init; }
    public NamedSource? SecretRef { get; init; }
    public NamedSource? ConfigMapRef { get; init; }
}

internal sealed record NamedSource
{
    public string Name { get; init; } = "";
    public bool? Optional { get; init; }
}

/// <summary>Quantities as text, for instance <c>200m</c> or <c>128Mi</c> (see Quantity).</summary>
internal sealed record ResourceRequirements
{
    public IReadOnlyDictionary<string, string>? Requests { get; init; }
    public IReadOnlyDictionary<string, string>? Limits { get; init; }
}

internal sealed record VolumeMount
{
    public string Name { get; init; } = "";
    public string MountPath { get; init; } = "";
    public string? SubPath { get; init; }
    public bool? ReadOnly { get; init; }
}

internal sealed record Volume
{
    public string Name { get; init; } = "";
    public SecretVolume? Secret { get; init; }
    public ConfigMapVolume? ConfigMap { get; init; }
    public EmptyDirVolume? EmptyDir { get; init; }
    public PersistentVolumeClaimVolume? PersistentVolumeClaim { get; init; }
    public HostPathVolume? HostPath { get; init; }
    public ProjectedVolume? Projected { get; init; }
    public DownwardApiVolume? DownwardAPI { get; init; }
}

internal sealed record SecretVolume
{
    public string? SecretName { get; init; }
    /// <summary>The same field in a projected source, where the API calls it name.</summary>
    public string? Name { get; init; }
    public IReadOnlyList<KeyToPath>? Items { get; init; }
    public int? DefaultMode { get; init; }
    public bool? Optional { get; init; }
}

internal sealed record ConfigMapVolume
{
    public string? Name { get; init; }
    public IReadOnlyList<KeyToPath>? Items { get; init; }
    public int? DefaultMode { get; init; }
    public bool? Optional { get; init; }
}

internal sealed record KeyToPath
{
    public string Key { get; init; } = "";
    public string Path { get; init; } = "";
    public int? Mode { get; init; }
}

internal sealed record EmptyDirVolume
{
    public string? Medium { get; init; }
    public string? SizeLimit { get; init; }
}

internal sealed record PersistentVolumeClaimVolume
{
    public string ClaimName { get; init; } = "";
    public bool? ReadOnly { get; init; }
}

internal sealed record HostPathVolume
{
    public string Path { get; init; } = "";
    public string? Type { get; init; }
}

internal sealed record ProjectedVolume
{
    public int? DefaultMode { get; init; }
    public IReadOnlyList<ProjectedSource>? Sources { get; init; }
}

internal sealed record ProjectedSource
{
    public SecretVolume? Secret { get; init; }
    public ConfigMapVolume? ConfigMap { get; init; }
    public DownwardApiVolume? DownwardAPI { get; init; }
    public ServiceAccountTokenSource? ServiceAccountToken { get; init; }
}

internal sealed record ServiceAccountTokenSource
{
    public string Path { get; init; } = "";
    public long? ExpirationSeconds { get; init; }
    public string? Audience { get; init; }
}

internal sealed record DownwardApiVolume
{
    public IReadOnlyList<DownwardApiFile>? Items { get; init; }
    public int? DefaultMode { get; init; }
}

internal sealed record DownwardApiFile
{
    public string Path { get; init; } = "";
    public FieldSelector? FieldRef { get; init; }
    public ResourceFieldSelector? ResourceFieldRef { get; init; }
    public int? Mode { get; init; }
}

internal sealed record PodSecurityContext
{
    public long? RunAsUser { get; init; }
    public long? RunAsGroup { get; init; }
    public bool? RunAsNonRoot { get; init; }
    public long? FsGroup { get; init; }
    public IReadOnlyList<long>? SupplementalGroups { get; init; }
}

internal sealed record ContainerSecurityContext
{
    public long? RunAsUser { get; init; }
    public long? RunAsGroup { get; init; }
    public bool? RunAsNonRoot { get; init; }
    public bool? Privileged { get; init; }
    public bool? ReadOnlyRootFilesystem { get; init; }
}

internal sealed record Probe
{
    public HttpGetAction? HttpGet { get; init; }
    public TcpSocketAction? TcpSocket { get; init; }
    public ExecAction? Exec { get; init; }
    public JsonElement? Grpc { get; init; }
    public int? InitialDelaySeconds { get; init; }
    public int? TimeoutSeconds { get; init; }
    public int? PeriodSeconds { get; init; }
    public int? SuccessThreshold { get; init; }
    public int? FailureThreshold { get; init; }
    public long? TerminationGracePeriodSeconds { get; init; }
}

internal sealed record HttpGetAction
{
    public string? Path { get; init; }
    public JsonElement? Port { get; init; }
    public string? Host { get; init; }
    public string? Scheme { get; init; }
    public IReadOnlyList<HttpHeader>? HttpHeaders { get; init; }
}

internal sealed record HttpHeader
{
    public string Name { get; init; } = "";
    public string Value { get; init; } = "";
}

internal sealed record TcpSocketAction
{
    public JsonElement? Port { get; init; }
    public string? Host { get; init; }
}

internal sealed record ExecAction
{
    public IReadOnlyList<string>? Command { get; init; }
}

internal sealed record Lifecycle
{
    public LifecycleHandler? PostStart { get; init; }
    public LifecycleHandler? PreStop { get; init; }
}

internal sealed record LifecycleHandler
{
    public ExecAction? Exec { get; init; }
    public HttpGetAction? HttpGet { get; init; }
    public SleepAction? Sleep { get; init; }
}

internal sealed record SleepAction
{
    public long Seconds { get; init; }
}
