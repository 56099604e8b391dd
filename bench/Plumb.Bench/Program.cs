using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plumb.Bench;
using Plumb.Bench.Cost;
using Plumb.Bench.Drift;
using Plumb.Bench.Recorder;
using Plumb.Platform.Kubernetes;

// Measures the published program, writes raw results to bench/runs/, and the newest of each kind as a table into bench/README.md.
if (args.Length == 0)
{
    Console.Error.WriteLine("Plumb.Bench REPOSITORY [--quick]: use bench/run");
    return 2;
}

if (args is ["loop", var call, var times])
{
    return CallLoop.Run(call, int.Parse(times, CultureInfo.InvariantCulture));
}

var root = args[0];
if (args is [_, "logs", .. var logsArguments])
{
    return await LogsBench.RunAsync(root, logsArguments);
}
if (args is [_, "recorder", ..])
{
    return await RecorderBench.RunAsync(root, Machine.Describe(root), args.Contains("--quick"));
}

var program = Path.Combine(root, ".build", "app", "Plumb.Cli");
var plan = args.Contains("--quick") ? Plan.Quick : Plan.Full;
var measured = new JsonObject();
var context = Machine.Describe(root);

if (args.Contains("cost"))
{
    plan = plan with { Name = args.Contains("--hold-out") ? "cost-hold-out" : args.Contains("--quick") ? "cost-quick" : "cost" };
    measured["cost"] = await CostBench.RunAsync(root, program, args, Say);
    Save();
    return 0;
}
if (args.Contains("drift"))
{
    plan = plan with { Name = args.Contains("--quick") ? "drift-quick" : "drift" };
    measured["drift"] = await DriftBench.RunAsync(root, program, args.Contains("--quick"), Say);
    Save();
    return 0;
}

await StartsAsync();
await BareAsync();
await PaymentsAsync();
Save();
ReadmeTable.Write(root, context, measured);
return 0;

async Task StartsAsync()
{
    var (api, nodes, payments) = (new List<double>(), new List<double>(), new List<double>());
    for (var run = 0; run < plan.Starts; run++)
    {
        await using (var bare = new LabRun(program, "--bare", "--nodes", "3"))
        {
            api.Add(Round(await bare.ApiAnswersAsync()));
            nodes.Add(Round(await bare.ReadyAsync(KubeResource.Nodes, 3)));
        }

        await using (var full = new LabRun(program, "--nodes", "3", "--rate", "0"))
        {
            payments.Add(Round(await full.LabReadyAsync()));
        }

        Say($"start {run + 1} of {plan.Starts}: API {api[^1]:0} ms, nodes {nodes[^1]:0} ms, payments {payments[^1]:0} ms");
    }

    Keep("apiAnswersMs", api);
    Keep("threeNodesReadyMs", nodes);
    Keep("paymentsReadyMs", payments);
}

async Task BareAsync()
{
    await using var lab = new LabRun(program, "--bare", "--nodes", "3");
    await lab.ApiAnswersAsync();
    await lab.ReadyAsync(KubeResource.Nodes, 3);
    await IdleAsync("idleCluster", lab.Pid);
    await Replacement.CreateBusyboxAsync(lab.Client);
    Keep("busyboxReplacementReadyMs", await Replacement.MeasureAsync(lab.Client, "default", "web", plan.Replacements));
}

async Task PaymentsAsync()
{
    await using var lab = new LabRun(program, "--nodes", "3", "--rate", "0");
    await lab.ApiAnswersAsync();
    await lab.LabReadyAsync();
    await IdleAsync("idlePayments", lab.Pid);
    Keep("ledgerReplacementReadyMs", await Replacement.MeasureAsync(lab.Client, "payments", "ledger", plan.Replacements));
    var services = new JsonArray();
    foreach (var (pid, command) in ProcessUse.Descendants(lab.Pid).Where(p => p.Command.Contains(" payments ", StringComparison.Ordinal)))
    {
        services.Add((JsonNode)new JsonObject
        {
            ["service"] = command.Split(" payments ", 2)[1].Split(' ')[0], ["residentMiB"] = ProcessUse.ResidentMiB(pid), ["proportionalMiB"] = ProcessUse.ProportionalMiB(pid),
        });
    }

    measured["services"] = services;
}

async Task IdleAsync(string name, int pid)
{
    await Task.Delay(TimeSpan.FromSeconds(5));
    var pods = ProcessUse.Descendants(pid).Select(p => p.Pid).ToList();
    var (lab, all) = (ProcessUse.CpuSeconds(pid), pods.Sum(ProcessUse.CpuSeconds));
    await Task.Delay(plan.Idle);
    var seconds = plan.Idle.TotalSeconds;
    measured[name] = new JsonObject
    {
        ["seconds"] = seconds,
        ["labCpuPercentOfOneCore"] = Round((ProcessUse.CpuSeconds(pid) - lab) / seconds * 100),
        ["podsCpuPercentOfOneCore"] = Round((pods.Where(p => Directory.Exists($"/proc/{p}")).Sum(ProcessUse.CpuSeconds) - all) / seconds * 100),
        ["labResidentMiB"] = ProcessUse.ResidentMiB(pid),
    };
    Say($"{name}: {measured[name]!.ToJsonString()}");
}

void Keep(string name, List<double> runs)
{
    measured[name] = new JsonObject { ["median"] = Median(runs), ["runs"] = new JsonArray([.. runs.Select(r => (JsonNode)r)]) };
    Say($"{name}: median {Median(runs)} of {string.Join(", ", runs)}");
}

void Save()
{
    var stamp = context["at"]!.GetValue<string>()[..16].Replace(":", "", StringComparison.Ordinal);
    var file = Path.Combine(root, "bench", "runs", $"{stamp}-{plan.Name}.json");
    var report = new JsonObject { ["context"] = context.DeepClone(), ["measured"] = measured.DeepClone() };
    Directory.CreateDirectory(Path.Combine(root, "bench", "runs"));
    File.WriteAllText(file, report.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    Say($"raw results: {file}");
}

static double Round(double value) => Math.Round(value, 1);

static double Median(List<double> values)
{
    var sorted = values.Order().ToList();
    var middle = sorted.Count / 2;
    return Round(sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
}

static void Say(string text) => Console.Error.WriteLine(text);
