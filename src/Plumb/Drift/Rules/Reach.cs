using Plumb.Drift.Addresses;

namespace Plumb.Drift.Rules;

/// <summary>
/// Which addresses reach which ports, as exact sets. A rule that was added opens only what the other rules did not open already: that difference is
/// what counts, not the rule.
/// </summary>
internal static class Reach
{
    private const int CodesOfType = 256;

    /// <summary>What <paramref name="atom"/> allows and none of <paramref name="others"/> does. Only atoms of the same direction count.</summary>
    public static IReadOnlyList<Opening> Beyond(RuleAtom atom, IReadOnlyCollection<RuleAtom> others)
    {
        var same = others.Where(other => other.Direction == atom.Direction && (other.Protocol == atom.Protocol || other.Protocol == Protocols.All || atom.Protocol == Protocols.All)).ToArray();
        if (atom.Protocol != Protocols.All)
        {
            return Along(atom, atom.Protocol, isRest: false, same);
        }
        // "All" is each protocol that another rule names, and the rest that none names.
        var named = same.Where(other => other.Protocol != Protocols.All).Select(other => other.Protocol).Distinct().Order().ToArray();
        var rest = Along(atom, Protocols.All, isRest: named.Length > 0, [.. same.Where(other => other.Protocol == Protocols.All)]);
        var each = named.SelectMany(protocol => Along(atom, protocol, isRest: false, same)).ToList();
        var unchanged = named.All(protocol => Along(atom, protocol, isRest: false, same) is [{ First: 0, Last: Protocols.LastPort } one] && rest is [var whole] && Equals(one.Addresses, whole.Addresses));
        return unchanged && named.Length > 0 ? [rest[0] with { IsRest = false }] : [.. each, .. rest];
    }

    /// <summary>The ports as one line of numbers: TCP and UDP ports, or 256 × type + code of ICMP.</summary>
    private static (int First, int Last) Line(RuleAtom atom) => atom.Protocol switch
    {
        _ when Protocols.HasPorts(atom.Protocol) => (atom.From, atom.To),
        _ when Protocols.IsIcmp(atom.Protocol) && atom.From >= 0 =>
            atom.To < 0 ? (atom.From * CodesOfType, (atom.From * CodesOfType) + CodesOfType - 1) : ((atom.From * CodesOfType) + atom.To, (atom.From * CodesOfType) + atom.To),
        _ => (0, Protocols.LastPort),
    };

    private static List<Opening> Along(RuleAtom atom, int protocol, bool isRest, RuleAtom[] others)
    {
        var (start, end) = Line(atom);
        var relevant = others.Where(other => other.Protocol == Protocols.All || other.Protocol == protocol).Select(other => (Atom: other, Line: Line(other)))
            .Where(other => other.Line.First <= end && other.Line.Last >= start).ToArray();
        // Between two neighbouring borders every port is covered by the same rules.
        var borders = relevant.SelectMany(other => (int[])[other.Line.First, other.Line.Last + 1]).Where(border => border > start && border <= end).Append(start).Distinct().Order().ToArray();
        var openings = new List<Opening>();
        for (var i = 0; i < borders.Length; i++)
        {
            var (first, last) = (borders[i], i + 1 < borders.Length ? borders[i + 1] - 1 : end);
            var covering = relevant.Where(other => other.Line.First <= first && other.Line.Last >= last).Select(other => other.Atom).ToArray();
            if (Left(atom.Source, covering) is not (true, var addresses))
            {
                continue;
            }
            if (openings is [.., var before] && before.Last == first - 1 && Equals(before.Addresses, addresses))
            {
                openings[^1] = before with { Last = last };
            }
            else
            {
                openings.Add(new Opening(protocol, isRest, first, last, addresses, atom.Source));
            }
        }
        return openings;
    }

    /// <summary>Whether anything of the source is left that the covering rules do not let in, and which addresses, where they are known.</summary>
    private static (bool IsOpen, AddressSet? Addresses) Left(RuleSource source, RuleAtom[] covering)
    {
        var blocks = covering.Select(atom => AddressBlock.TryParse(atom.Source.Value, out var block) ? block : (AddressBlock?)null).OfType<AddressBlock>().ToArray();
        if (AddressBlock.TryParse(source.Value, out var own))
        {
            var left = AddressSet.Of(own.IsIpv6, [own]).Except(AddressSet.Of(own.IsIpv6, blocks));
            return (!left.IsEmpty, left);
        }
        // The members of a group and the entries of a prefix list are not known; the same source, or everything, covers them for certain.
        var covered = covering.Any(atom => atom.Source == source)
            || (AddressSet.Of(isIpv6: false, blocks).Covers(AddressBlock.AllIpv4) && AddressSet.Of(isIpv6: true, blocks).Covers(AddressBlock.AllIpv6));
        return (!covered, null);
    }
}
