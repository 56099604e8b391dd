using System.Text;
using Plumb.Lab.Aws.Account;

namespace Plumb.Lab.Aws;

/// <summary>
/// What the account has before anybody breaks anything: what the three Terraform states beside this file say, in the three styles in which
/// Terraform writes rules, a bucket, and a secret. Ids are fixed, so that a state and the account agree in every lab.
/// </summary>
internal static class Seed
{
    public const string Vpc = "vpc-0a1b2c3d4e5f60718";
    public const string VpcCidr = "172.31.0.0/16";
    public const string Web = "sg-0a1b2c3d4e5f6a7b8";
    public const string Invoices = "plumb-lab-invoices";

    /// <summary>Where the states are, for readers that take s3:// paths.</summary>
    public const string StateBucket = "plumb-lab-terraform";

    public const string Secret = "payments/database";
    private const string Default = "sg-0d9e8f7a6b5c4d3e2";
    private const string Payments = "sg-0c2d4e6f8a0b1c3d5";
    private const string Postgres = "sg-0f1e2d3c4b5a69788";
    private const string Everywhere = "0.0.0.0/0";
    private const string Prefix = "Plumb.Lab.Aws.Terraform.";

    /// <summary>The states, by file name.</summary>
    public static IEnumerable<(string Name, byte[] Content)> States()
    {
        var assembly = typeof(Seed).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            yield return (name[Prefix.Length..], copy.ToArray());
        }
    }

    /// <summary>Writes the states where a user can point a command at them. An existing file stays: somebody may have changed it on purpose.</summary>
    public static void WriteStates(string directory)
    {
        foreach (var (name, content) in States())
        {
            var path = Path.Combine(directory, name);
            if (!File.Exists(path))
            {
                Files.Replace(path, content);
            }
        }
    }

    /// <summary>Fills a new account.</summary>
    public static void Into(AccountStore store, DateTimeOffset now)
    {
        Group(store, Default, "default", "default VPC security group", managed: false);
        Group(store, Web, "web", "public entrance of the payments system", managed: true);
        Group(store, Payments, "payments", "ledger and auth", managed: true);
        Group(store, Postgres, "postgres", "the ledger's database", managed: true);
        Rule(store, "sgr-0109253a41526374a", Default, false, "-1", null, null, other: Default);
        Rule(store, "sgr-020a364b52637485b", Default, true, "-1", null, Everywhere);
        Rule(store, "sgr-030b475c63748596c", Web, false, "tcp", 80, Everywhere, "redirects to https");
        Rule(store, "sgr-031c586d748596a7d", Web, false, "tcp", 80, null, "redirects to https", v6: "::/0");
        Rule(store, "sgr-032d697e8596a7b8e", Web, false, "tcp", 443, Everywhere, "https");
        Rule(store, "sgr-033e7a8f96a7b8c9f", Web, false, "tcp", 443, null, "https", v6: "::/0");
        Rule(store, "sgr-034f8b90a7b8c9da0", Web, true, "-1", null, Everywhere);
        Rule(store, "sgr-04b6d8f0a2c4e6081", Payments, false, "tcp", 8080, null, "the entrance calls the services", other: Web);
        Rule(store, "sgr-05c7e9f1b3d5f7192", Payments, false, "tcp", 9901, VpcCidr, "health checks");
        Rule(store, "sgr-06d8fa02c4e6082a3", Payments, true, "-1", null, Everywhere);
        Rule(store, "sgr-07e90b13d5f7193b4", Postgres, false, "tcp", 5432, null, "the ledger", other: Payments);
        Rule(store, "sgr-08fa1c24e60824c5d", Postgres, true, "tcp", 443, VpcCidr, "backups");
        foreach (var bucket in (string[])[Invoices, StateBucket])
        {
            store.Buckets.Put(bucket, new BucketRow(bucket, StandIn.Region, now, [true, true, true, true], null));
        }
        foreach (var (name, content) in States())
        {
            store.Objects.Put($"{StateBucket}/{name}", new ObjectRow(StateBucket, name, now, "application/json", Guid.NewGuid().ToString("n"), content));
        }
        var arn = $"arn:aws:secretsmanager:{StandIn.Region}:{User.Account}:secret:{Secret}-aB3dE9";
        var value = Encoding.UTF8.GetString("""{"username":"ledger","host":"postgres.payments.svc"}"""u8);
        store.Secrets.Put(arn, new SecretRow(arn, StandIn.Region, Secret, "where the ledger finds its database", now, now, null, [],
            [new SecretVersionRow(Guid.NewGuid().ToString(), value, null, now, ["AWSCURRENT"])]));
    }

    private static void Group(AccountStore store, string id, string name, string description, bool managed)
    {
        var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (managed)
        {
            tags["ManagedBy"] = "terraform";
        }
        store.Groups.Put(id, new GroupRow(id, StandIn.Region, name, description, Vpc, tags));
    }

    private static void Rule(
        AccountStore store, string id, string group, bool isEgress, string protocol, int? port, string? v4 = null, string? description = null, string? v6 = null, string? other = null) =>
        store.Rules.Put(id, new RuleRow(id, group, isEgress, protocol, port, port, description, v4, v6, null, other, other is null ? null : User.Account));
}
