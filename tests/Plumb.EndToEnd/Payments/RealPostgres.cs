using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Plumb.EndToEnd.Payments;

/// <summary>The machine's PostgreSQL in a directory of its own.</summary>
internal sealed class RealPostgres : IAsyncDisposable
{
    public const string Password = "end-to-end-only";
    private const string Root = "/usr/lib/postgresql";
    private readonly string _home = Directory.CreateTempSubdirectory("plumb-postgres-").FullName;

    public int Port { get; } = FreePort();

    private string Data => Path.Combine(_home, "data");

    private static string Bin { get; } = Directory.Exists(Root)
        ? Directory.GetDirectories(Root).Order(StringComparer.Ordinal).Select(d => Path.Combine(d, "bin")).LastOrDefault(d => File.Exists(Path.Combine(d, "initdb"))) ?? ""
        : "";

    public static async Task<RealPostgres> StartAsync()
    {
        Assert.SkipWhen(Bin.Length == 0, "PostgreSQL is not installed (apt-get install postgresql)");
        var postgres = new RealPostgres();
        File.WriteAllText(Path.Combine(postgres._home, "password"), Password);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chown", "-R", "postgres", postgres._home);
        }

        await AsOwnerAsync("initdb", "-D", postgres.Data, "-U", "payments", $"--pwfile={postgres._home}/password", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8");
        await postgres.StartServerAsync();
        await postgres.QueryAsync("CREATE DATABASE payments", "postgres");
        return postgres;
    }

    public Task StartServerAsync() => AsOwnerAsync(
        "pg_ctl", "-D", Data, "-w", "-l", Path.Combine(_home, "log"), "-o", $"-c listen_addresses=127.0.0.1 -c port={Port} -c unix_socket_directories=''", "start");

    public Task StopServerAsync() => AsOwnerAsync("pg_ctl", "-D", Data, "-w", "-m", "fast", "stop");

    /// <summary>What psql, a client that is not ours, reads.</summary>
    public Task<string> QueryAsync(string sql, string database = "payments") =>
        RunAsync(Path.Combine(Bin, "psql"), $"postgres://payments:{Password}@127.0.0.1:{Port}/{database}", "-tAqc", sql);

    public async ValueTask DisposeAsync()
    {
        await AsOwnerAsync("pg_ctl", "-D", Data, "-w", "-m", "immediate", "stop");
        Directory.Delete(_home, recursive: true);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static Task<string> AsOwnerAsync(string program, params string[] args) => Environment.IsPrivilegedProcess
        ? RunAsync("runuser", ["-u", "postgres", "--", Path.Combine(Bin, program), .. args])
        : RunAsync(Path.Combine(Bin, program), args);

    private static async Task<string> RunAsync(string program, params string[] args)
    {
        // pg_ctl's server inherits its output: a pipe would stay open for as long as the server runs, so the output goes to a file.
        var output = Path.GetTempFileName();
        try
        {
            string[] shell = ["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "sh", output, program, .. args];
            using var process = Process.Start(new ProcessStartInfo("/bin/sh", shell) { WorkingDirectory = "/" })!;
            await process.WaitForExitAsync();
            var text = await File.ReadAllTextAsync(output);
            Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', args)}: {text}");
            return text.Trim();
        }
        finally
        {
            File.Delete(output);
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
