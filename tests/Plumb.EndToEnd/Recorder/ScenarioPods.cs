using System.Text.Json.Nodes;
using Plumb.EndToEnd.Lab;

namespace Plumb.EndToEnd.Recorder;

/// <summary>The pods of <see cref="ScenarioTests"/>: each goes wrong in its own way, as user 1000. They are made once, a few at a time, and all removed at the end.</summary>
public sealed class ScenarioPods(LabOfTheProgram lab) : IAsyncDisposable
{
    /// <summary>A listener whose queue is full: nobody answers who connects to it.</summary>
    private const string Full = """
        import socket
        listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(0)
        held = [socket.socket() for _ in range(3)]
        for one in held: one.setblocking(False); one.connect_ex(listener.getsockname())

        """;

    /// <summary>A connection to a server that accepts and says nothing.</summary>
    private const string Mute = """
        import socket, struct
        listener = socket.socket(); listener.bind(('127.0.0.1', 0)); listener.listen(5)
        s = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()

        """;

    /// <summary>The recorder has eight rings in stock; a container that finds none is recorded without its beginning.</summary>
    private const int FewAtOnce = 4;

    private readonly SemaphoreSlim _turn = new(1);
    private bool _made;

    internal LabPods Pods { get; } = new(lab);

    internal async Task StartAsync()
    {
        await Pods.StartAsync();
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "needs python3: apt-get install python3");
        await _turn.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            foreach (var some in _made ? [] : All().Chunk(FewAtOnce))
            {
                var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. some]) };
                var applied = await lab.ShellAsync(LabPods.Apply(list.ToJsonString()));
                Assert.True(applied.ExitCode == 0, applied.Error);
            }
            _made = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_made)
        {
            await lab.ShellAsync($"{LabPods.Kubectl} delete pods,services,configmaps,secrets -l scenario=yes --now");
        }
        _turn.Dispose();
    }

    private static IEnumerable<JsonObject> All() =>
    [
        Of("Service", "orders-db", "spec", new() { ["selector"] = new JsonObject { ["app"] = "nobody" }, ["ports"] = new JsonArray(new JsonObject { ["port"] = 5432 }) }),
        Of("ConfigMap", "scenario-config", "data", new() { ["other.yaml"] = "a: 1" }),
        Of("Secret", "scenario-secret", "stringData", new() { ["password"] = "tr0ub4dor-and-3" }),

        Pod("start-config", Python("import json; json.load(open('/etc/payments/app.json'))"), restart: "Always"),
        Pod("start-service", Python("import socket; socket.create_connection(('orders-db', 5432), timeout=5)"), restart: "Always"),
        Pod("start-directory", ["sh", "-c", "mkdir -p /var/cache/app/v1 || exit 1"], restart: "Always"),

        Pod("no-memory", ["sh", "-c", "ulimit -v 200000; exec python3 -c 'bytearray(1 << 30)'"]),
        Pod("no-descriptors", ["sh", "-c", "ulimit -n 64; exec python3 -c 'import socket; held = [socket.socket() for _ in range(100)]'"]),
        Pod("oom", Python("held = []\nwhile True: held.append(bytearray(1 << 20))"), memory: "48Mi"),

        Pod("given-up", Python(Full + "socket.create_connection(listener.getsockname(), timeout=0.5)")),
        Pod("timed-out", Python(Full + "s = socket.socket(); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1); s.connect(listener.getsockname())")),
        Pod("no-name", Python("import socket; socket.getaddrinfo('inventory', 80)")),
        Pod("no-name-read", ["sh", "-c", "nslookup inventory || exit 1"]),

        Pod("missing-key", Python("open('/etc/app/app.yaml')"), volume: Volume("configMap", "name", "scenario-config", null), at: "/etc/app"),
        Pod("unreadable-secret", Python("import os; os.stat('/etc/db/password'); os.access('/etc/db/password', os.R_OK); open('/etc/db/password')"), volume: Volume("secret", "secretName", "scenario-secret", 0b100_000_000), at: "/etc/db"),
        Pod("many-paths", Python("""
            import sys
            for path in '/etc/app/config.yaml', '/etc/config.yaml', './config.yaml':
                try: open(path); break
                except OSError: pass
            else: sys.exit('no configuration')
            """), volume: Volume("configMap", "name", "scenario-config", null), at: "/etc/app"),
        Pod("masked-secret", Python("import os; p = open('/run/secrets/db/password').read(); os.write(2, ('password=' + p).encode()); open('/run/secrets/db/ca.crt')"), volume: Volume("secret", "secretName", "scenario-secret", null), at: "/run/secrets/db"),

        Pod("slow-disk", Python("""
            import os, time
            f = os.open('/tmp/journal', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
            while True: os.write(f, b'booked\n'); os.fsync(f); time.sleep(0.01)
            """)),
        Pod("slow-lock", Python("""
            import threading, time
            lock = threading.Lock()
            def work():
                while True:
                    with lock: time.sleep(0.005)
            for _ in range(4): threading.Thread(target=work).start()
            """)),
        Pod("slow-answer", Python(Mute + """
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('qq', 0, 150000))
            while True:
                s.sendall(b'ping')
                try: s.recv(100)
                except BlockingIOError: pass
            """)),
        Pod("slow-poll", Python(Mute + """
            s.settimeout(0.15)
            while True:
                s.sendall(b'ping')
                try: s.recv(100)
                except TimeoutError: pass
            """)),
    ];

    private static string[] Python(string script) => ["python3", "-c", script];

    private static JsonObject Volume(string kind, string key, string name, int? mode)
    {
        var source = new JsonObject { [key] = name };
        if (mode is not null)
        {
            source["defaultMode"] = mode;
        }
        return new JsonObject { ["name"] = "mounted", [kind] = source };
    }

    private static JsonObject Of(string kind, string name, string part, JsonObject content) =>
        new() { ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["scenario"] = "yes" } }, [part] = content };

    private static JsonObject Pod(string name, string[] command, string restart = "Never", string? memory = null, JsonObject? volume = null, string at = "")
    {
        var container = new JsonObject { ["name"] = "main", ["image"] = "busybox", ["command"] = new JsonArray([.. command.Select(word => (JsonNode)word)]) };
        if (memory is not null)
        {
            container["resources"] = new JsonObject { ["limits"] = new JsonObject { ["memory"] = memory } };
        }
        var spec = new JsonObject
        {
            ["securityContext"] = new JsonObject { ["runAsUser"] = 1000 }, ["restartPolicy"] = restart, ["terminationGracePeriodSeconds"] = 0, ["containers"] = new JsonArray(container),
        };
        if (volume is not null)
        {
            container["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "mounted", ["mountPath"] = at });
            spec["volumes"] = new JsonArray(volume);
        }
        return Of("Pod", name, "spec", spec);
    }
}
