using System.Globalization;
using System.Text.Json.Nodes;

namespace Plumb.Experiments.Format;

/// <summary>
/// An experiment as its file says it: the Chaos Toolkit's open format (https://chaostoolkit.org/reference/api/experiment/),
/// with our additions under the extension named <c>plumb</c>. Values still hold their <c>${variables}</c>.
/// </summary>
/// <param name="Name">The file's name without its ending; what <c>plumb experiment run</c> is given.</param>
/// <param name="Warnings">What the file asks for and Plumb leaves out; each is shown to the user.</param>
public sealed record ExperimentDefinition(
    string Name,
    string Title,
    string Description,
    IReadOnlyList<string> Tags,
    IReadOnlyDictionary<string, Variable> Configuration,
    Hypothesis Hypothesis,
    IReadOnlyList<Activity> Method,
    IReadOnlyList<Activity> Rollbacks,
    PlumbExtension Extension,
    IReadOnlyList<string> Warnings);

/// <summary>An entry of <c>configuration</c>: a value, or an environment variable to read at the start.</summary>
/// <param name="Value">The value, or the default of the environment variable; null when there is none.</param>
/// <param name="EnvironmentKey">Set when it is read from the environment; then the value is never shown or stored.</param>
public sealed record Variable(JsonNode? Value, string? EnvironmentKey);

public sealed record Hypothesis(string Title, IReadOnlyList<Activity> Probes);

/// <summary>A probe (looks) or an action (does).</summary>
/// <param name="Tolerance">What a hypothesis' probe must return; null elsewhere.</param>
/// <param name="At">file:line:column, for messages.</param>
public sealed record Activity(bool IsProbe, string Name, Provider Provider, Tolerance? Tolerance, TimeSpan PauseBefore, TimeSpan PauseAfter, string At);

/// <summary>Who carries an activity out.</summary>
/// <param name="Type"><c>plumb</c> (a typed activity of ours), <c>http</c> or <c>process</c>.</param>
/// <param name="Function">The typed activity's name; the URL; the program's path.</param>
/// <param name="Arguments">By name. For http: method, headers, body; for process: the list <c>arguments</c>.</param>
public sealed record Provider(string Type, string Function, JsonObject Arguments, TimeSpan Timeout);

/// <summary>What Plumb adds to the open format: the client that looks from outside, what to watch, the limits, the lesson.</summary>
/// <param name="Client">Null when nothing is measured from outside.</param>
/// <param name="Watch">Null when no objects are watched.</param>
public sealed record PlumbExtension(ClientSettings? Client, WatchSettings? Watch, Limits Limits, Phases Phases, string? Trap, string? Fix)
{
    public static readonly PlumbExtension None = new(null, null, new Limits(), new Phases(), null, null);
}

/// <summary>The client outside the cluster: an open loop, so a slow system does not slow the measuring down.</summary>
/// <param name="Url">Where requests go; may hold variables.</param>
/// <param name="Body">JSON to send; null sends none.</param>
/// <param name="Headers">May hold variables; their values are never shown or stored.</param>
/// <param name="Rate">Requests a second, constant.</param>
/// <param name="NewConnections">True: each request opens its own connection, as many different clients do. False: connections are kept and shared.</param>
/// <param name="Timeout">A request without an answer by then, from its intended start, has failed.</param>
public sealed record ClientSettings(string Url, string Method, JsonNode? Body, IReadOnlyDictionary<string, string> Headers, int Rate, bool NewConnections, TimeSpan Timeout)
{
    /// <summary>More than this is a load test, and not what an experiment is for.</summary>
    public const int RateLimit = 500;

    /// <summary>The time between two requests.</summary>
    public TimeSpan Interval => TimeSpan.FromSeconds(1.0 / Rate);

    /// <summary>How it measures, for people.</summary>
    public string Words => string.Create(CultureInfo.InvariantCulture,
        $"{Method} {Url}, {Rate} a second, {(NewConnections ? "a new connection each" : "connections kept and shared")}, time-out {Timeout.TotalSeconds:0.###} s");
}

/// <summary>What is watched while the experiment runs: pods by selector, the endpoint slices of a Service, the namespace's events.</summary>
public sealed record WatchSettings(string Namespace, string Selector, string? Service);

/// <summary>What must hold from the fault until recovery. Null: measured and told, but no limit.</summary>
/// <param name="Downtime">The longest downtime in sum that the outside client may see.</param>
/// <param name="FailedPercent">The largest share of failed requests, 0 to 100.</param>
/// <param name="Recovery">As many pods as before must be Ready, and in the Service's endpoints, by then.</param>
public sealed record Limits(TimeSpan? Downtime = null, double? FailedPercent = null, TimeSpan? Recovery = null);

/// <summary>How long each part lasts.</summary>
/// <param name="Before">Measuring before the fault.</param>
/// <param name="After">Measuring after recovery.</param>
/// <param name="During">The longest wait for recovery.</param>
public sealed record Phases(TimeSpan Before, TimeSpan After, TimeSpan During)
{
    public static readonly TimeSpan LongestDuring = TimeSpan.FromMinutes(10);

    public Phases()
        : this(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(60))
    {
    }
}
