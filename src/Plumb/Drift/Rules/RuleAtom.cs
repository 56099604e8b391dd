using System.Globalization;

namespace Plumb.Drift.Rules;

internal enum Direction
{
    Ingress,
    Egress,
}

internal enum SourceKind
{
    Ipv4,
    Ipv6,
    PrefixList,
    Group,
}

/// <summary>Where traffic of a rule comes from, or goes to.</summary>
/// <param name="Value">A canonical CIDR, <c>pl-…</c>, <c>sg-…</c>, or <c>owner/sg-…</c> for a group of another account.</param>
internal readonly record struct RuleSource(SourceKind Kind, string Value)
{
    public override string ToString() => Value;
}

/// <summary>
/// One thing that a rule allows: one direction, protocol, range of ports and source. AWS and Terraform gather several into one entry, each in its own
/// way; as atoms they can be compared.
/// </summary>
/// <param name="Protocol">The IANA number, or -1 for all.</param>
/// <param name="From">The first port; the type for ICMP, -1 for any; 0 where there are no ports.</param>
/// <param name="To">The last port; the code for ICMP, -1 for any; 0 where there are no ports.</param>
internal readonly record struct RuleAtom(Direction Direction, int Protocol, int From, int To, RuleSource Source)
{
    /// <summary>22/tcp · 8000-8080/udp · icmp type 8 · all protocols: ports as people write them.</summary>
    public string Ports => Protocols.PortText(Protocol, From, To);

    public string DirectionWord => Direction == Direction.Ingress ? "ingress" : "egress";

    /// <summary>ingress 22/tcp from 0.0.0.0/0</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{DirectionWord} {Ports} {(Direction == Direction.Ingress ? "from" : "to")} {Source}");
}
