namespace Plumb.Platform.Storage;

/// <summary>The directory that holds all state of one Plumb. Two homes are two Plumbs that know nothing of each other.</summary>
public sealed record PlumbHome(string Path)
{
    /// <summary>PLUMB_HOME; else for root /var/lib/plumb; else $XDG_STATE_HOME/plumb, which is ~/.local/state/plumb unless set.</summary>
    /// <param name="variable">Reads an environment variable; null or empty when it is not set.</param>
    public static PlumbHome Of(Func<string, string?> variable, bool isRoot)
    {
        if (variable("PLUMB_HOME") is { Length: > 0 } home)
        {
            return new PlumbHome(System.IO.Path.GetFullPath(home));
        }
        if (isRoot)
        {
            return new PlumbHome("/var/lib/plumb");
        }
        // The XDG specification says that a relative path is invalid and to be ignored.
        return variable("XDG_STATE_HOME") is { Length: > 0 } state && System.IO.Path.IsPathRooted(state)
            ? new PlumbHome(System.IO.Path.Combine(state, "plumb"))
            : new PlumbHome(System.IO.Path.Combine(variable("HOME") is { Length: > 0 } user ? user : "/tmp", ".local", "state", "plumb"));
    }

    public static PlumbHome OfProcess() => Of(Environment.GetEnvironmentVariable, Environment.IsPrivilegedProcess);

    public string File(string name) => System.IO.Path.Combine(Path, name);
}
