using System.Globalization;
using System.Numerics;
using Plumb.Drift.Addresses;

namespace Plumb.Drift.Rules;

/// <summary>Ports, and the addresses that reach them through one set of rules and not through another.</summary>
/// <param name="Protocol">-1: all of them; with <paramref name="IsRest"/>, all that no other opening names.</param>
/// <param name="First">The first port, or 256 × type + code for ICMP; 0 to 65535 is everything.</param>
/// <param name="Addresses">Null when the source is a group or a prefix list, whose addresses are not known here.</param>
internal sealed record Opening(int Protocol, bool IsRest, int First, int Last, AddressSet? Addresses, RuleSource Source)
{
    private const int MostBlocks = 4;
    private const int CodesOfType = 256;

    /// <summary>Null when it cannot be counted.</summary>
    public BigInteger? Count => Addresses?.Count;

    public string Ports => IsRest ? "all other protocols" : IcmpRange ?? Protocols.PortText(Protocol, Protocols.IsIcmp(Protocol) ? IcmpType : First, Protocols.IsIcmp(Protocol) ? IcmpCode : Last);

    /// <summary>The networks, in CIDR; of many the first few and how many more.</summary>
    public string Networks
    {
        get
        {
            if (Addresses is null)
            {
                return Source.Kind == SourceKind.Group ? $"members of {Source}" : $"prefix list {Source}";
            }
            var blocks = Addresses.Blocks().Take(MostBlocks + 1).ToArray();
            var shown = string.Join(", ", blocks.Take(MostBlocks));
            return blocks.Length > MostBlocks ? $"{shown} and more" : shown;
        }
    }

    /// <summary>4,294,967,296 addresses; beyond 64 bits as a power of two.</summary>
    public string CountText => Count switch
    {
        null => "addresses not counted",
        { IsOne: true } => "1 address",
        { } count when count > ulong.MaxValue => string.Create(CultureInfo.InvariantCulture, $"{(count.IsPowerOfTwo ? "" : "more than ")}2^{count.GetBitLength() - 1} addresses"),
        { } count => string.Create(CultureInfo.InvariantCulture, $"{count:N0} addresses"),
    };

    private int IcmpType => (First, Last) == (0, Protocols.LastPort) ? -1 : First / CodesOfType;

    private int IcmpCode => Last - First == CodesOfType - 1 ? -1 : First % CodesOfType;

    private string? IcmpRange => Protocols.IsIcmp(Protocol) && (First, Last) != (0, Protocols.LastPort) && Last != First && !(First % CodesOfType == 0 && Last - First == CodesOfType - 1)
        ? string.Create(CultureInfo.InvariantCulture, $"{Protocols.Name(Protocol)} type {First / CodesOfType} code {First % CodesOfType} to type {Last / CodesOfType} code {Last % CodesOfType}")
        : null;
}
