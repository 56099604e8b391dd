using System.Text.Json;

namespace Plumb.Cluster.Objects.Models;

internal sealed record Pod
{
    public ObjectMeta Metadata { get; set; } = new();
    public PodSpec Spec { get; set; } = new();
    public PodStatus Status { get; set; } = new();
}

internal sealed record PodSpec
{
    public string? NodeName { get; set; }
    public string RestartPolicy { get; set; } = "Always";
    public long? TerminationGracePeriodSeconds { get; set; }
    public long? ActiveDeadlineSeconds { get; set; }
    public string? ServiceAccountName { get; set; }
    public bool? AutomountServiceAccountToken { get; set; }
    public bool? EnableServiceLinks { get; set; }
    public bool? HostNetwork { get; set; }
    public string? Hostname { get; set; }
    public string? Subdomain { get; set; }
    public string? SchedulerName { get; set; }
    public int? Priority { get; set; }
    public IReadOnlyDictionary<string, string>? NodeSelector { get; set; }
    public JsonElement? Affinity { get; set; }
    public IReadOnlyList<Toleration>? Tolerations { get; set; }
    public JsonElement? TopologySpreadConstraints { get; set; }
    public JsonElement? SchedulingGates { get; set; }
    public IReadOnlyList<Container>? InitContainers { get; set; }
    public IReadOnlyList<Container> Containers { get; set; } = [];
    public IReadOnlyList<Volume>? Volumes { get; set; }
    public PodSecurityContext? SecurityContext { get; set; }
    public IReadOnlyList<JsonElement>? HostAliases { get; set; }
}

internal sealed record Toleration
{
    public string? Key { get; set; }
    public string? Operator { get; set; }
    public string? Value { get; set; }
    public string? Effect { get; set; }
    public long? TolerationSeconds { get; set; }
}

internal sealed record Container
{
    public string Name { get; set; } = "";
    public string Image { get; set; } = "";
    public string? ImagePullPolicy { get; set; }
    public IReadOnlyList<string>? Command { get; set; }
    public IReadOnlyList<string>? Args { get; set; }
    public string? WorkingDir { get; set; }
    public IReadOnlyList<ContainerPort>? Ports { get; set; }
    public IReadOnlyList<EnvVar>? Env { get; set; }
    public IReadOnlyList<EnvFrom>? EnvFrom { get; set; }
    public ResourceRequirements? Resources { get; set; }
    public IReadOnlyList<VolumeMount>? VolumeMounts { get; set; }
    public Probe? LivenessProbe { get; set; }
    public Probe? ReadinessProbe { get; set; }
    public Probe? StartupProbe { get; set; }
    public Lifecycle? Lifecycle { get; set; }
    public string? RestartPolicy { get; set; }
    public string? TerminationMessagePath { get; set; }
    public string? TerminationMessagePolicy { get; set; }
    public ContainerSecurityContext? SecurityContext { get; set; }
}

internal sealed record ContainerPort
{
    public string? Name { get; set; }
    public int Port => ContainerPortNumber;
    [System.Text.Json.Serialization.JsonPropertyName("containerPort")]
    public int ContainerPortNumber { get; set; }
    public string? Protocol { get; set; }
}

internal sealed record EnvVar
{
    public string Name { get; set; } = "";
    public string? Value { get; set; }
    public EnvVarSource? ValueFrom { get; set; }
}

internal sealed record EnvVarSource
{
    public KeySelector? SecretKeyRef { get; set; }
    public KeySelector? ConfigMapKeyRef { get; set; }
    public FieldSelector? FieldRef { get; set; }
    public ResourceFieldSelector? ResourceFieldRef { get; set; }
}

internal sealed record KeySelector
{
    public string Name { get; set; } = "";
    public string Key { get; set; } = "";
    public bool? Optional { get; set; }
}

internal sealed record FieldSelector
{
    public string FieldPath { get; set; } = "";
}

internal sealed record ResourceFieldSelector
{
    public string? ContainerName { get; set; }
    public string Resource { get; set; } = "";
    public string? Divisor { get; set; }
}

internal sealed record EnvFrom
{
    public string? Prefix { get; set; }
    public NamedSource? SecretRef { get; set; }
    public NamedSource? ConfigMapRef { get; set; }
}

internal sealed record NamedSource
{
    public string Name { get; set; } = "";
    public bool? Optional { get; set; }
}

/// <summary>Quantities as text, for instance <c>200m</c> or <c>128Mi</c> (see Quantity).</summary>
internal sealed record ResourceRequirements
{
    public IReadOnlyDictionary<string, string>? Requests { get; set; }
    public IReadOnlyDictionary<string, string>? Limits { get; set; }
}

internal sealed record VolumeMount
{
    public string Name { get; set; } = "";
    public string MountPath { get; set; } = "";
    public string? SubPath { get; set; }
    public bool? ReadOnly { get; set; }
}

internal sealed record Volume
{
    public string Name { get; set; } = "";
    public SecretVolume? Secret { get; set; }
    public ConfigMapVolume? ConfigMap { get; set; }
    public EmptyDirVolume? EmptyDir { get; set; }
    public PersistentVolumeClaimVolume? PersistentVolumeClaim { get; set; }
    public HostPathVolume? HostPath { get; set; }
    public ProjectedVolume? Projected { get; set; }
    public DownwardApiVolume? DownwardAPI { get; set; }
}

internal sealed record SecretVolume
{
    public string? SecretName { get; set; }
    /// <summary>The same field in a projected source, where the API calls it name.</summary>
    public string? Name { get; set; }
    public IReadOnlyList<KeyToPath>? Items { get; set; }
    public int? DefaultMode { get; set; }
    public bool? Optional { get; set; }
}

internal sealed record ConfigMapVolume
{
    public string? Name { get; set; }
    public IReadOnlyList<KeyToPath>? Items { get; set; }
    public int? DefaultMode { get; set; }
    public bool? Optional { get; set; }
}

internal sealed record KeyToPath
{
    public string Key { get; set; } = "";
    public string Path { get; set; } = "";
    public int? Mode { get; set; }
}

internal sealed record EmptyDirVolume
{
    public string? Medium { get; set; }
    public string? SizeLimit { get; set; }
}

internal sealed record PersistentVolumeClaimVolume
{
    public string ClaimName { get; set; } = "";
    public bool? ReadOnly { get; set; }
}

internal sealed record HostPathVolume
{
    public string Path { get; set; } = "";
    public string? Type { get; set; }
}

internal sealed record ProjectedVolume
{
    public int? DefaultMode { get; set; }
    public IReadOnlyList<ProjectedSource>? Sources { get; set; }
}

internal sealed record ProjectedSource
{
    public SecretVolume? Secret { get; set; }
    public ConfigMapVolume? ConfigMap { get; set; }
    public DownwardApiVolume? DownwardAPI { get; set; }
    public ServiceAccountTokenSource? ServiceAccountToken { get; set; }
}

internal sealed record ServiceAccountTokenSource
{
    public string Path { get; set; } = "";
    public long? ExpirationSeconds { get; set; }
    public string? Audience { get; set; }
}

internal sealed record DownwardApiVolume
{
    public IReadOnlyList<DownwardApiFile>? Items { get; set; }
    public int? DefaultMode { get; set; }
}

internal sealed record DownwardApiFile
{
    public string Path { get; set; } = "";
    public FieldSelector? FieldRef { get; set; }
    public ResourceFieldSelector? ResourceFieldRef { get; set; }
    public int? Mode { get; set; }
}

internal sealed record PodSecurityContext
{
    public long? RunAsUser { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public long? FsGroup { get; set; }
    public IReadOnlyList<long>? SupplementalGroups { get; set; }
}

internal sealed record ContainerSecurityContext
{
    public long? RunAsUser { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public bool? Privileged { get; set; }
    public bool? ReadOnlyRootFilesystem { get; set; }
}

internal sealed record Probe
{
    public HttpGetAction? HttpGet { get; set; }
    public TcpSocketAction? TcpSocket { get; set; }
    public ExecAction? Exec { get; set; }
    public JsonElement? Grpc { get; set; }
    public int? InitialDelaySeconds { get; set; }
    public int? TimeoutSeconds { get; set; }
    public int? PeriodSeconds { get; set; }
    public int? SuccessThreshold { get; set; }
    public int? FailureThreshold { get; set; }
    public long? TerminationGracePeriodSeconds { get; set; }
}

internal sealed record HttpGetAction
{
    public string? Path { get; set; }
    public JsonElement? Port { get; set; }
    public string? Host { get; set; }
    public string? Scheme { get; set; }
    public IReadOnlyList<HttpHeader>? HttpHeaders { get; set; }
}

internal sealed record HttpHeader
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
}

internal sealed record TcpSocketAction
{
    public JsonElement? Port { get; set; }
    public string? Host { get; set; }
}

internal sealed record ExecAction
{
    public IReadOnlyList<string>? Command { get; set; }
}

internal sealed record Lifecycle
{
    public LifecycleHandler? PostStart { get; set; }
    public LifecycleHandler? PreStop { get; set; }
}

internal sealed record LifecycleHandler
{
    public ExecAction? Exec { get; set; }
    public HttpGetAction? HttpGet { get; set; }
    public SleepAction? Sleep { get; set; }
}

internal sealed record SleepAction
{
    public long Seconds { get; set; }
}
