using System.Text.RegularExpressions;
using Xunit;

namespace Plumb.EndToEnd.CommandLine;

public sealed partial class ReadmeTests
{
    private const string Mark = "<!-- a test runs this -->";

    [Fact]
    public async Task The_commands_of_the_README_work()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "the README's lab needs root for its limits");
        var blocks = Blocks(await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, "README.md"), TestContext.Current.CancellationToken));
        Assert.NotEmpty(blocks);
        var home = Directory.CreateTempSubdirectory("plumb-readme-");
        var environment = new Dictionary<string, string?> { ["PLUMB_HOME"] = home.FullName, ["KUBECONFIG"] = null };
        try
        {
            foreach (var block in blocks)
            {
                var ran = await BuiltProgram.ShellAsync($"set -e\n{block}", environment);
                Assert.True(ran.ExitCode == 0, $"{block}\nended with {ran.ExitCode}:\n{ran.Output}{ran.Error}");
            }
        }
        finally
        {
            await BuiltProgram.ShellAsync("./plumb down", environment);
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_documents_refer_only_to_files_that_exist()
    {
        var missing = new List<string>();
        foreach (var document in (string[])["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
        {
            var text = await File.ReadAllTextAsync(Path.Combine(BuiltProgram.Root, document), TestContext.Current.CancellationToken);
            missing.AddRange(Regex.Matches(text, @"\]\((?<path>[^)#:]+)[)#]", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
                .Select(match => match.Groups["path"].Value).Where(path => !Path.Exists(Path.Combine(BuiltProgram.Root, path))).Select(path => $"{document}: {path}"));
        }
        Assert.Empty(missing);
    }

    /// <summary>The fenced blocks that stand below the mark.</summary>
    private static List<string> Blocks(string markdown) =>
        [.. Regex.Matches(markdown, Regex.Escape(Mark) + @"\s*```sh\n(?<script>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5))
            .Select(match => ExpectedFailure().Replace(match.Groups["script"].Value, "code=0; ${command} || code=$?; [ $code = 1 ]"))];

    /// <summary>A command of which the text says that it fails must end with exactly 1: an error would be 2.</summary>
    [GeneratedRegex(@"^(?<command>[^#\n]+?)\s+# fail: .*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ExpectedFailure();
}
