using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Plumb.Lab.Payments.Faults;
using Plumb.Lab.Payments.Hosting;
using Plumb.Lab.Payments.Services;

namespace Plumb.Lab.Payments;

/// <summary>
/// Runs one service of the payments system: <c>payments gateway|auth|ledger|notification|mail|load [--version V] [--variant NAME] [--duration SECONDS]</c>.
/// Everything else comes from the environment, as in any container.
/// </summary>
public static class PaymentsProgram
{
    private const string Roles = "gateway, auth, ledger, notification, mail, load";

    /// <returns>0 after a clean end, 1 when requests were cut off (or, for load with a duration, failed), 2 when it cannot start.</returns>
    public static async Task<int> RunAsync(string[] args, CancellationToken cancel)
    {
        var time = TimeProvider.System;
        var (start, problem) = StartOptions.Read(args);
        using var output = JsonLog.StandardOutput();
        var pod = Environment.GetEnvironmentVariable("POD_NAME") ?? Environment.MachineName;
        using var log = new JsonLog(output, start?.Role ?? "payments", start?.Version ?? "", pod, time);
        if (start is null)
        {
            log.Error("bad_usage", problem!);
            return 2;
        }

        var (settings, problems) = ServiceSettings.Read(start.Role, start.Version, start.Variant, Environment.GetEnvironmentVariable);
        if (settings is null)
        {
            return Refuse(log, problems);
        }

        var seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        using var faults = new FaultSet(time, seed, Environment.Exit);
        log.OmitTrace = () => faults.Get(FaultKind.LogWithoutTraceId) is not null;
        var metrics = new ServiceMetrics(settings.Service, settings.Version);
        var parts = new ServiceParts(settings, log, metrics, faults, time, Environment.GetEnvironmentVariable, seed);
        var (service, serviceProblems) = Create(parts);
        if (service is null)
        {
            return Refuse(log, serviceProblems);
        }

        if (start.Duration is { } duration && service is LoadService load)
        {
            return await RunOnceAsync(load, duration, output, time, cancel);
        }

        return await new ServiceHost(settings, log, metrics, faults, time, service).RunAsync(cancel);
    }

    private static int Refuse(JsonLog log, IReadOnlyList<string> problems)
    {
        foreach (var problem in problems)
        {
            log.Error("bad_configuration", problem);
        }

        return 2;
    }

    /// <summary>Load for a fixed time, then the report as JSON: for use from a shell.</summary>
    private static async Task<int> RunOnceAsync(LoadService load, TimeSpan duration, Stream output, TimeProvider time, CancellationToken cancel)
    {
        await using (load)
        {
            await load.StartAsync(cancel);
            await Task.Delay(duration, time, cancel).ContinueWith(static _ => { }, TaskScheduler.Default);
            await load.FinishAsync();
            var report = load.Report();
            await output.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(report, PaymentsJson.Default.LoadReport), CancellationToken.None);
            await output.WriteAsync("\n"u8.ToArray(), CancellationToken.None);
            return report.Failed + report.Dropped == 0 ? 0 : 1;
        }
    }

    private static (IService? Service, IReadOnlyList<string> Problems) Create(ServiceParts parts) => parts.Settings.Service switch
    {
        "gateway" => CreateGateway(parts),
        "auth" => CreateAuth(parts),
        "ledger" => CreateLedger(parts),
        "notification" => CreateNotification(parts),
        "mail" => CreateMail(parts),
        "load" => CreateLoad(parts),
        _ => (null, [$"There is no service \"{parts.Settings.Service}\". There are: {Roles}."]),
    };

    private static (IService?, IReadOnlyList<string>) CreateGateway(ServiceParts parts)
    {
        var (auth, authProblem) = Peer.Find("auth", parts.Env);
        var (ledger, ledgerProblem) = Peer.Find("ledger", parts.Env);
        var (notification, notificationProblem) = Peer.Find("notification", parts.Env);
        string[] problems = [.. new[] { authProblem, ledgerProblem, notificationProblem }.OfType<string>()];
        return problems.Length > 0
            ? (null, problems)
            : (new GatewayService(
                NewPeer("auth", auth, 1000), NewPeer("ledger", ledger, 4000), NewPeer("notification", notification, 1000), parts.Log), []);

        Peer NewPeer(string name, IReadOnlyList<Uri> endpoints, int timeoutMs) =>
            new(name, endpoints, TimeSpan.FromMilliseconds(timeoutMs), parts.Faults, parts.Log, parts.Time);
    }

    private static (IService?, IReadOnlyList<string>) CreateAuth(ServiceParts parts)
    {
        var (tokens, problem) = AuthService.ReadTokens(parts.Env("AUTH_TOKENS"));
        return problem is not null ? (null, [problem]) : (new AuthService(tokens, parts.Log), []);
    }

    private static (IService?, IReadOnlyList<string>) CreateLedger(ServiceParts parts)
    {
        var (database, problems) = DatabaseSettings.Read(parts.Env);
        return database is null
            ? (null, problems)
            : (new LedgerService(
                new LedgerDatabase(database, $"ledger {parts.Settings.Pod}", parts.Faults, parts.Log, parts.Time), parts.Log, parts.Metrics.Registry, parts.Time), []);
    }

    private static (IService?, IReadOnlyList<string>) CreateNotification(ServiceParts parts)
    {
        var problems = new List<string>();
        var port = ServiceSettings.Number(parts.Env, "SMTP_PORT", 2525, 1, ushort.MaxValue, problems);
        var host = parts.Env("SMTP_HOST") ?? parts.Env("MAIL_SERVICE_HOST") ?? "mail";
        return problems.Count > 0 ? (null, problems) : (new NotificationService(host, port, parts.Faults, parts.Log, parts.Metrics.Registry, parts.Time), []);
    }

    private static (IService?, IReadOnlyList<string>) CreateMail(ServiceParts parts)
    {
        var problems = new List<string>();
        var port = ServiceSettings.Number(parts.Env, "SMTP_PORT", 2525, 0, ushort.MaxValue, problems);
        return problems.Count > 0
            ? (null, problems)
            : (new MailService(new IPEndPoint(parts.Settings.Address, port), parts.Log, parts.Metrics.Registry, parts.Time), []);
    }

    private static (IService?, IReadOnlyList<string>) CreateLoad(ServiceParts parts)
    {
        var problems = new List<string>();
        var (target, problem) = Peer.Find("gateway", parts.Env);
        if (problem is not null)
        {
            problems.Add(problem);
        }

        var token = parts.Env("API_TOKEN");
        if (string.IsNullOrEmpty(token))
        {
            problems.Add("API_TOKEN is empty. Set it from the secret payments-api, key token.");
        }

        var text = parts.Env("RATE") ?? "20";
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate) || rate is not (>= 0 and <= 1000))
        {
            problems.Add($"RATE is \"{text}\". It must be a number of requests a second from 0 to 1000.");
        }

        var timeoutMs = ServiceSettings.Number(parts.Env, "TIMEOUT_MS", 10_000, 1, 60_000, problems);
        var keepAlive = parts.Env("KEEP_ALIVE") is null or "true";
        return problems.Count > 0
            ? (null, problems)
            : (new LoadService(
                new LoadSettings(target[0], token!, rate, TimeSpan.FromMilliseconds(timeoutMs), keepAlive, LedgerSchema.SeedAccounts, parts.Seed), parts.Metrics.Registry, parts.Time), []);
    }

    private sealed record ServiceParts(
        ServiceSettings Settings, JsonLog Log, ServiceMetrics Metrics, FaultSet Faults, TimeProvider Time, Func<string, string?> Env, int Seed);

    /// <param name="Variant">A behaviour that belongs to an image, such as <c>slow</c>; none for the ordinary one.</param>
    private sealed record StartOptions(string Role, string Version, string Variant, TimeSpan? Duration)
    {
        public static (StartOptions? Options, string? Problem) Read(string[] args)
        {
            if (args.Length == 0)
            {
                return (null, $"Say which service to run: {Roles}.");
            }

            var options = new StartOptions(args[0], "1.0", Hosting.Variant.None, null);
            for (var i = 1; i < args.Length; i += 2)
            {
                var value = i + 1 < args.Length ? args[i + 1] : "";
                switch (args[i])
                {
                    case "--version" when value.Length > 0:
                        options = options with { Version = value };
                        break;
                    case "--variant" when Hosting.Variant.All.Contains(value):
                        options = options with { Variant = value };
                        break;
                    case "--duration" when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 3600:
                        options = options with { Duration = TimeSpan.FromSeconds(seconds) };
                        break;
                    default:
                        return (null, $"\"{args[i]} {value}\" is not understood. After the service: --version V, --variant {string.Join('|', Hosting.Variant.All)}, --duration SECONDS (load only).");
                }
            }

            return (options, null);
        }
    }
}
