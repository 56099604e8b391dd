using System.Globalization;
using Plumb.EndToEnd.Lab;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.CommandLine;

/// <summary>The commands of the checks' pages, run as they stand there in a directory that has what they name; where a page shows an output, its shape is compared.</summary>
public sealed class DocumentationTests(LabOfTheProgram lab) : IDisposable
{
    /// <summary>What a shell has in which somebody follows the pages: plumb in the path, the lab's AWS, and a Terraform whose remote state is the file here.</summary>
    private const string Before = """
        set -e
        eval "$(plumb lab env)"
        aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }
        terraform() { cat terraform.tfstate; }
        set +e
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("plumb-pages-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("docs/cost.md", 6)]
    [InlineData("docs/logs.md", 3)]
    [InlineData("docs/drift.md", 6)]
    public async Task Every_command_of_the_page_runs_and_what_it_shows_is_what_comes(string page, int fewest)
    {
        await lab.StateAsync();
        await PrepareAsync();
        var commands = DocumentedCommand.Of(await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, page), TestContext.Current.CancellationToken));
        Assert.True(commands.Count >= fewest, $"{page} shows {commands.Count} commands");
        try
        {
            foreach (var command in commands)
            {
                var ran = await ShellAsync($"{Before}\n{command.Line}");
                // 0 and 1 are verdicts; bad usage, a file that is not there and a source that cannot be read are 2.
                Assert.True(ran.ExitCode is 0 or 1, $"{page}: {command.Line}\nended with {ran.ExitCode}:\n{ran.Output}{ran.Error}");
                var missing = command.FirstMissing(ran.Output);
                Assert.True(missing is null, $"{page}: {command.Line}\nshows {missing}\n\nThe output is\n{ran.Output}");
            }
        }
        finally
        {
            await ShellAsync($"{Before}\nplumb lab reset >/dev/null; aws s3api delete-object --bucket tf-states --key net.tfstate; aws s3api delete-bucket --bucket tf-states");
        }
    }

    private async Task PrepareAsync()
    {
        File.CreateSymbolicLink(Path.Combine(_directory.FullName, "plumb"), BuiltProgram.Launcher);
        var yesterday = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).AddDays(-1);
        var days = Enumerable.Range(-69, 70).Select(yesterday.AddDays).ToArray();
        await WriteAsync("focus.csv", ["BilledCost,BillingCurrency,ChargePeriodStart,ServiceName", .. days.Select((day, i) => string.Create(CultureInfo.InvariantCulture, $"{40 + (i % 3)}.5,USD,{day:yyyy-MM-dd}T00:00:00Z,Amazon EC2"))]);
        await WriteAsync("series.csv", ["timestamp,value", .. Enumerable.Range(0, 200).Select(row => string.Create(CultureInfo.InvariantCulture, $"2026-01-01T{row / 60:00}:{row % 60:00}:00Z,{row % 7}"))]);
        foreach (var (folder, logs) in ((string, IReadOnlyDictionary<string, List<string>>)[])[("logs", DocumentedLogs.Lines()), ("early", DocumentedLogs.Early())])
        {
            Directory.CreateDirectory(Path.Combine(_directory.FullName, folder));
            foreach (var (service, lines) in logs)
            {
                await WriteAsync($"{folder}/{service}.log", lines);
            }
        }
        var made = await ShellAsync($"""
            {Before}
            set -e
            mkdir states
            cp "$PLUMB_LAB_STATES/web.tfstate" terraform.tfstate
            cp "$PLUMB_LAB_STATES/data.tfstate" "$PLUMB_LAB_STATES/web.tfstate" states/
            aws s3api create-bucket --bucket tf-states
            aws s3api put-object --bucket tf-states --key net.tfstate --body "$PLUMB_LAB_STATES/payments.tfstate"
            """);
        Assert.True(made.ExitCode == 0, made.Output + made.Error);
    }

    private Task WriteAsync(string name, IEnumerable<string> lines) => File.WriteAllLinesAsync(Path.Combine(_directory.FullName, name), lines, TestContext.Current.CancellationToken);

    private Task<ProcessOutput> ShellAsync(string script)
    {
        var environment = lab.Environment;
        environment["PATH"] = $"{_directory.FullName}:{Environment.GetEnvironmentVariable("PATH")}";
        environment["NO_COLOR"] = "1";
        return BuiltProgram.ShellAsync(script, environment, _directory.FullName);
    }
}
