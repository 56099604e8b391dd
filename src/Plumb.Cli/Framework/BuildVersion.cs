using System.Reflection;

namespace Plumb.Cli.Framework;

/// <summary>Which build this is.</summary>
internal static class BuildVersion
{
    /// <summary>The version, with the commit after a plus sign when the build knew it.</summary>
    public static string Text { get; } = typeof(BuildVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
