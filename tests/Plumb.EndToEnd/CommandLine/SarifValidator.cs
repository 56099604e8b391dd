using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.CommandLine;

/// <summary>The published JSON schema of SARIF, as Microsoft's package for npm ships it, and ajv, which checks against it.</summary>
internal static class SarifValidator
{
    private const string SchemaPackage = "@microsoft/sarif-multitool-linux@5.7.0";

    private static readonly string[] Packages = [SchemaPackage, "ajv@8.17.1", "ajv-formats@3.0.1"];

    /// <summary>Prints the errors, one a line; reads the document from standard input.</summary>
    private const string Script = """
        const fs = require('fs'), Ajv = require('ajv/dist/2020').default;
        const ajv = new Ajv({ strict: false, allErrors: true });
        require('ajv-formats').default(ajv);
        const valid = ajv.compile(JSON.parse(fs.readFileSync('node_modules/@microsoft/sarif-multitool-linux/sarif-2.1.0.json', 'utf8')));
        if (!valid(JSON.parse(fs.readFileSync(0, 'utf8')))) console.log(valid.errors.map(error => `${error.instancePath} ${error.message}`).join('\n'));
        """;

    /// <summary>Installing downloads some 40 MB, once a working copy.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly SemaphoreSlim OneAtATime = new(1);

    private static string Directory { get; } = Path.Combine(BuiltProgram.Root, ".build", "tools", "sarif");

    /// <summary>What in a document is not as the schema has it.</summary>
    public static async Task<IReadOnlyList<string>> ErrorsAsync(string sarif)
    {
        await InstallAsync();
        var ran = await BuiltProgram.RunAsync(new ProcessRequest("node", ["-e", Script], Limit, WorkingDirectory: Directory, Input: sarif));
        Assert.True(ran.ExitCode == 0, ran.Error);
        return ran.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task InstallAsync()
    {
        await OneAtATime.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (Packages.All(package => System.IO.Directory.Exists(Path.Combine(Directory, "node_modules", package[..package.LastIndexOf('@')]))))
            {
                return;
            }
            System.IO.Directory.CreateDirectory(Directory);
            var installed = await BuiltProgram.RunAsync(new ProcessRequest("npm", ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", Directory, .. Packages], Limit));
            Assert.True(installed.ExitCode == 0, installed.Error);
        }
        finally
        {
            OneAtATime.Release();
        }
    }
}
