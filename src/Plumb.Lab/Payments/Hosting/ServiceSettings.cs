using System.Globalization;
using System.Net;

namespace Plumb.Lab.Payments.Hosting;

/// <summary>What a payments process reads from its environment, once, at start.</summary>
/// <param name="Service">Role and name in logs and metrics: gateway, auth, ledger, notification, mail, load.</param>
/// <param name="AdminPort">Where faults are set. It stands in no Service, so it reaches exactly this pod.</param>
/// <param name="DrainDelay">After SIGTERM the process goes on serving this long: endpoints need time to change everywhere, and idle client connections to go.</param>
/// <param name="StopTimeout">After the drain, requests still in flight have this long to end.</param>
internal sealed record ServiceSettings(
    string Service, string Version, string Variant, IPAddress Address, int Port, int AdminPort,
    string Pod, string Node, TimeSpan DrainDelay, TimeSpan StopTimeout)
{
    public const int DefaultPort = 8080;
    public const int DefaultAdminPort = 9901;
    private const int DefaultDrainMs = 2500;
    private const int DefaultStopTimeoutMs = 8000;

    /// <summary>Reads and checks the environment. Every problem is one sentence; none means the settings are usable.</summary>
    public static (ServiceSettings? Settings, IReadOnlyList<string> Problems) Read(string service, string version, string variant, Func<string, string?> env)
    {
        var problems = new List<string>();
        if (!IPAddress.TryParse(env("POD_IP") ?? "127.0.0.1", out var address))
        {
            problems.Add($"POD_IP is \"{env("POD_IP")}\", which is no IP address. Set it from the pod's status.podIP.");
        }

        var port = Number(env, "PORT", DefaultPort, 0, ushort.MaxValue, problems);
        var adminPort = Number(env, "ADMIN_PORT", DefaultAdminPort, 0, ushort.MaxValue, problems);
        if (port != 0 && port == adminPort)
        {
            problems.Add($"PORT and ADMIN_PORT are both {port}. The admin port must be another one, so that no Service reaches it.");
        }

        var drain = Number(env, "DRAIN_MS", DefaultDrainMs, 0, 600_000, problems);
        var stop = Number(env, "STOP_TIMEOUT_MS", DefaultStopTimeoutMs, 0, 600_000, problems);
        return problems.Count > 0
            ? (null, problems)
            : (new ServiceSettings(
                service, version, variant, address!, port, adminPort, env("POD_NAME") ?? env("HOSTNAME") ?? service, env("NODE_NAME") ?? "",
                TimeSpan.FromMilliseconds(drain), TimeSpan.FromMilliseconds(stop)), []);
    }

    /// <summary>A whole number from the environment, within its limits; a problem is added when it is not.</summary>
    public static int Number(Func<string, string?> env, string name, int fallback, int min, int max, List<string> problems)
    {
        var text = env(name);
        if (string.IsNullOrEmpty(text))
        {
            return fallback;
        }

        // Kubernetes itself sets PORT-like variables to URLs ("tcp://10.0.0.1:80") when a Service has the matching name.
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
        {
            return value;
        }

        problems.Add($"{name} is \"{text}\". It must be a whole number from {min} to {max}.");
        return fallback;
    }
}
