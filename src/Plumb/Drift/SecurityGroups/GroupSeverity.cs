using System.Numerics;
using Plumb.Core;
using Plumb.Drift.Addresses;
using Plumb.Drift.Rules;

namespace Plumb.Drift.SecurityGroups;

/// <summary>
/// How bad it is, from what is really reachable. Critical: the internet at large reaches something that is not a public web port. Warning: anything
/// else that opened or closed. Info: nothing opened or closed, because other rules allow the same.
/// </summary>
internal static class GroupSeverity
{
    /// <summary>From this many public addresses on it is the internet at large: an IPv4 /8, an IPv6 /16.</summary>
    private static readonly BigInteger ManyIpv4 = BigInteger.One << 24;
    private static readonly BigInteger ManyIpv6 = BigInteger.One << 112;

    private static readonly (int First, int Last)[] WebPorts = [(80, 80), (443, 443)];

    private static readonly AddressBlock[] Private = [.. ((string[])
    [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "0.0.0.0/8", "fc00::/7", "fe80::/10", "ff00::/8", "::/128", "::1/128",
    ]).Select(text => AddressBlock.TryParse(text, out var block) ? block : throw new FormatException(text))];

    private static readonly AddressSet PrivateIpv4 = AddressSet.Of(isIpv6: false, Private);
    private static readonly AddressSet PrivateIpv6 = AddressSet.Of(isIpv6: true, Private);

    public static Severity OfOpening(Direction direction, IReadOnlyList<Opening> opens) =>
        opens.Count == 0 ? Severity.Info
        : direction == Direction.Ingress && opens.Any(opening => IsInternet(opening) && !IsWeb(opening)) ? Severity.Critical
        : Severity.Warning;

    public static Severity OfClosing(IReadOnlyList<Opening> closes) => closes.Count == 0 ? Severity.Info : Severity.Warning;

    /// <summary>Whether so many public addresses are meant that nobody can have meant each.</summary>
    public static bool IsInternet(Opening opening) =>
        opening.Addresses is { } addresses && addresses.Except(addresses.IsIpv6 ? PrivateIpv6 : PrivateIpv4).Count >= (addresses.IsIpv6 ? ManyIpv6 : ManyIpv4);

    private static bool IsWeb(Opening opening) =>
        Protocols.IsIcmp(opening.Protocol) || (opening.Protocol == Protocols.Tcp && WebPorts.Contains((opening.First, opening.Last)));
}
