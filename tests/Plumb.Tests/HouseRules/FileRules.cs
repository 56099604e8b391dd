using System.Text.RegularExpressions;
using Xunit;

namespace Plumb.Tests.HouseRules;

public sealed class FileRules
{
    private const int MostLines = 600;

    private static readonly string[] Sources = ["*.cs", "*.ts", "*.tsx", "*.mjs", "*.css", "*.sh"];

    private static IEnumerable<string> SourceFiles =>
        from directory in (string[])["src", "tests", "web", "bench", "scripts"]
        from pattern in Sources
        from file in Repository.Files(directory, pattern)
        select file;

    [Fact]
    public void No_file_is_longer_than_600_lines() =>
        Offenders.None(SourceFiles.Select(file => (file, lines: File.ReadLines(Repository.PathOf(file)).Count())).Where(entry => entry.lines > MostLines)
            .Select(entry => $"{entry.file}: {entry.lines} lines"));

    [Fact]
    public void No_type_is_named_for_being_a_type()
    {
        var vague = new Regex(@"\b(class|record|struct|interface|enum)\s+\w*(Manager|Helpers?|Util(s|ities|ity)?|Impl|Base)\b", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));
        Offenders.None(SourceFiles.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && file != "tests/Plumb.Tests/HouseRules/FileRules.cs")
            .SelectMany(file => vague.Matches(File.ReadAllText(Repository.PathOf(file))).Select(match => $"{file}: {match.Value}")));
    }

    [Fact]
    public void No_file_names_a_place_on_somebodys_machine()
    {
        // Spelt so that this file does not name them either.
        var places = (string[])[$"/{"work"}/", $"/{"root"}/", $"/{"Users"}/", $"C:{'\\'}{"Users"}"];
        var files = SourceFiles.Concat(Repository.Files("docs", "*.md")).Concat(Repository.Files("src", "*.csproj")).Concat(Repository.Files(".ci", "*"))
            .Concat(Directory.EnumerateFiles(Repository.Root).Select(file => Path.GetRelativePath(Repository.Root, file)).Where(file => file != ".git"));
        Offenders.None(from file in files
                     let text = File.ReadAllText(Repository.PathOf(file))
                     from place in places
                     where text.Contains(place, StringComparison.Ordinal)
                     select $"{file}: {place}");
    }

    [Fact]
    public void Only_output_code_touches_the_console()
    {
        // The analyzer forbids System.Console; this keeps the permission to use it in two files: the terminal, and the log of a payments service,
        // which is a program in a pod and has no terminal.
        var permission = $"disable {"RS0030"}";
        Assert.Equal(["src/Plumb.Cli/Output/Terminal.cs", "src/Plumb.Lab/Payments/Hosting/JsonLog.cs"],
            Repository.Files("src", "*.cs").Where(file => File.ReadAllText(Repository.PathOf(file)).Contains(permission, StringComparison.Ordinal)));
    }
}
