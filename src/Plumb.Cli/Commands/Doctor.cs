using Plumb.Cli.Framework;
using Plumb.Cli.Output;
using Plumb.Core;
using Plumb.Doctor;
using Plumb.Recorder.Always;

namespace Plumb.Cli.Commands;

internal sealed class Doctor : CliCommand
{
    public override string Name => "doctor";

    public override string Summary => "say what this machine has, and what is missing";

    public override string Description =>
        "Looks at what the capabilities of Plumb need: the kernel's namespaces, cgroups and file systems, programs, space. "
        + "For what is missing it prints the exact command that mends it. It installs and changes nothing itself.";

    public override IReadOnlyList<Example> Examples =>
    [
        new("plumb doctor", "what works here"),
        new("plumb doctor -o json", "the same for a machine"),
    ];

    public override IReadOnlyList<(int Code, string Meaning)> ExitCodes =>
    [
        (0, "every capability works, perhaps with a named restriction"),
        (1, "at least one capability does not work yet"),
        (2, "bad usage, or the machine could not be examined"),
    ];

    public override async Task<int> RunAsync(Invocation call, CancellationToken cancellation)
    {
        var consoleBuilt = typeof(Doctor).Assembly.GetManifestResourceInfo("web/index.html") is not null;
        var facts = await new MachineProbe(call.Home, consoleBuilt).CollectAsync(cancellation) with { ForeignPlans = ForeignPlans.Of(call.Home), Recorder = FlightRecorder.WhyNot() };
        var diagnosis = Diagnosis.Of(facts);
        if (call.Json)
        {
            call.Terminal.Json(diagnosis, DoctorJson.Indented.Diagnosis);
        }
        else
        {
            Write(call.Terminal, diagnosis);
        }
        return ExitCode.Of(diagnosis.Outcome);
    }

    private static void Write(Terminal terminal, Diagnosis diagnosis)
    {
        var items = new Table("THIS MACHINE", "STATE", "DETAIL");
        foreach (var item in diagnosis.Items)
        {
            items.Row(item.Name, State(item.Health), item.Detail);
        }
        items.Write(terminal);
        terminal.Line();
        var capabilities = new Table("CAPABILITY", "STATE", "BECAUSE OF");
        foreach (var capability in diagnosis.Capabilities)
        {
            capabilities.Row(capability.Name, State(capability.Health), string.Join(", ", capability.Because));
        }
        capabilities.Write(terminal);
        var remedies = diagnosis.Items.Where(item => item.Remedy is not null && item.Package is null).ToArray();
        if (remedies.Length > 0 || diagnosis.Install is not null)
        {
            terminal.Line();
            terminal.Line(terminal.Paint("TO MEND IT", Style.Strong));
            if (diagnosis.Install is not null)
            {
                terminal.Line($"  {diagnosis.Install}");
            }
            foreach (var item in remedies)
            {
                terminal.Line($"  {item.Name}: {item.Remedy}");
            }
        }
        terminal.Line();
        terminal.Line(terminal.Paint($"{diagnosis.Outcome.Word()}: {diagnosis.Summary}", Style.Of(diagnosis.Outcome)));
    }

    private static Cell State(Health health) => health switch
    {
        Health.Ok => new Cell("ok", Style.Good),
        Health.Limited => new Cell("limited", Style.Warn),
        _ => new Cell("missing", Style.Bad),
    };
}
