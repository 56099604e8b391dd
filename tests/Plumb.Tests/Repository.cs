namespace Plumb.Tests;

/// <summary>The working copy that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>Files below a directory, as paths from the root, without what a build makes.</summary>
    public static IEnumerable<string> Files(string directory, string pattern) =>
        Directory.Exists(PathOf(directory))
            ? Directory.EnumerateFiles(PathOf(directory), pattern, SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Root, file))
                .Where(file => !file.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "dist" or ".build"))
                .Order(StringComparer.Ordinal)
            : [];

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Plumb.slnx")))
            {
                return at.FullName;
            }
        }
        throw new InvalidOperationException("The tests must run from a build inside the repository: no Plumb.slnx above " + AppContext.BaseDirectory);
    }
}
