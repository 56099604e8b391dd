using System.Xml.Linq;
using Xunit;

namespace Plumb.Tests.HouseRules;

public sealed class ProjectRules
{
    /// <summary>Which project may refer to which: the arrows of ARCHITECTURE.md.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new()
    {
        ["Plumb.Core"] = [],
        ["Plumb.Platform"] = ["Plumb.Core"],
        ["Plumb"] = ["Plumb.Platform"],
        ["Plumb.Cluster"] = ["Plumb.Core"],
        ["Plumb.Lab"] = ["Plumb.Cluster", "Plumb.Platform"],
        ["Plumb.Recorder"] = ["Plumb.Core"],
        ["Plumb.Cli"] = ["Plumb", "Plumb.Lab", "Plumb.Recorder"],
    };

    [Fact]
    public void The_arrows_between_projects_are_the_documented_ones()
    {
        foreach (var project in Repository.Files("src", "*.csproj"))
        {
            var name = Path.GetFileNameWithoutExtension(project);
            Assert.True(Arrows.ContainsKey(name), $"{name} is new: decide what it may refer to, here and in ARCHITECTURE.md.");
            var refersTo = XDocument.Load(Repository.PathOf(project)).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
            Assert.Equal(Arrows[name], refersTo.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Versions_of_packages_stand_in_one_place() =>
        Offenders.None(Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj"))
            .Where(project => XDocument.Load(Repository.PathOf(project)).Descendants("PackageReference").Any(package => package.Attribute("Version") is not null)));

    [Fact]
    public void No_capability_names_another()
    {
        var capabilities = Directory.GetDirectories(Repository.PathOf("src/Plumb")).Select(directory => Path.GetFileName(directory)!).Where(name => name is not ("bin" or "obj")).ToArray();
        Assert.NotEmpty(capabilities);
        Offenders.None(from capability in capabilities
                     from file in Repository.Files($"src/Plumb/{capability}", "*.cs")
                     let text = File.ReadAllText(Repository.PathOf(file))
                     from other in capabilities
                     where other != capability && (text.Contains($"Plumb.{other};", StringComparison.Ordinal) || text.Contains($"Plumb.{other}.", StringComparison.Ordinal))
                     select $"{file} names {other}");
    }

    [Fact]
    public void Only_the_lab_knows_the_embedded_cluster_and_everybody_else_its_url() =>
        Offenders.None(Repository.Files("src", "*.cs").Where(file => !file.StartsWith("src/Plumb.Cluster/", StringComparison.Ordinal) && !file.StartsWith("src/Plumb.Lab/", StringComparison.Ordinal)
            && File.ReadAllText(Repository.PathOf(file)).Contains("Plumb.Cluster", StringComparison.Ordinal)));

    [Fact]
    public void Only_the_recorder_may_have_unsafe_code() =>
        Assert.Equal(["src/Plumb.Recorder/Plumb.Recorder.csproj"], Repository.Files("src", "*.csproj").Where(file => File.ReadAllText(Repository.PathOf(file)).Contains("AllowUnsafeBlocks", StringComparison.Ordinal)));

    [Fact]
    public void A_namespace_is_the_folder()
    {
        foreach (var file in Repository.Files("src", "*.cs"))
        {
            var folder = Path.GetDirectoryName(file)!["src/".Length..].Replace('/', '.');
            var lines = File.ReadLines(Repository.PathOf(file)).Where(line => line.StartsWith("namespace ", StringComparison.Ordinal)).ToArray();
            Assert.True(lines is [] || lines[0] == $"namespace {folder};", $"{file}: {string.Join(' ', lines)}");
        }
    }
}
