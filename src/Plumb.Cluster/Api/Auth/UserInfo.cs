namespace Plumb.Cluster.Api.Auth;

/// <summary>Who makes a request.</summary>
internal sealed record UserInfo(string Name, IReadOnlyList<string> Groups, string Uid = "")
{
    public static readonly UserInfo Anonymous = new("system:anonymous", ["system:unauthenticated"]);

    public static readonly UserInfo Admin = new("admin", ["system:masters", "system:authenticated"], "admin");

    public bool IsMaster => Groups.Contains("system:masters");

    public bool IsServiceAccount => Name.StartsWith("system:serviceaccount:", StringComparison.Ordinal);
}
