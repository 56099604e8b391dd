using Xunit;

namespace Plumb.Tests;

/// <summary>Text that a person has looked at once, and that must not change unnoticed. UPDATE_GOLDEN=1 writes it anew.</summary>
internal static class Golden
{
    /// <param name="path">From the root of the repository.</param>
    public static void Matches(string path, string actual)
    {
        var file = Repository.PathOf(path);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
            return;
        }
        Assert.True(File.Exists(file), $"{path} is missing: run UPDATE_GOLDEN=1 ./test unit, look at it, and commit it.");
        if (File.ReadAllText(file) != actual)
        {
            Assert.Fail($"{path} is out of date. If the change is meant: UPDATE_GOLDEN=1 ./test unit, look at the difference, commit it.\n--- now\n{actual}");
        }
    }
}
