using System.Numerics;

namespace Plumb.Drift.Addresses;

/// <summary>A set of addresses of one family, exact: sorted intervals that neither overlap nor touch.</summary>
internal sealed class AddressSet : IEquatable<AddressSet>
{
    private readonly (UInt128 First, UInt128 Last)[] _intervals;

    private AddressSet(bool isIpv6, (UInt128, UInt128)[] intervals) => (IsIpv6, _intervals) = (isIpv6, intervals);

    public bool IsIpv6 { get; }

    public bool IsEmpty => _intervals.Length == 0;

    /// <summary>How many addresses; 2 to the power of 128 does not fit into 128 bits.</summary>
    public BigInteger Count => _intervals.Aggregate(BigInteger.Zero, (sum, interval) => sum + (BigInteger)interval.Last - (BigInteger)interval.First + 1);

    /// <summary>The union of the blocks of one family; blocks of the other are left out.</summary>
    public static AddressSet Of(bool isIpv6, IEnumerable<AddressBlock> blocks)
    {
        var sorted = blocks.Where(block => block.IsIpv6 == isIpv6).Select(block => (block.First, block.Last)).OrderBy(interval => interval.First).ToList();
        var merged = new List<(UInt128 First, UInt128 Last)>();
        foreach (var (first, last) in sorted)
        {
            if (merged is [.., var before] && (before.Last == UInt128.MaxValue || first <= before.Last + 1))
            {
                merged[^1] = (before.First, UInt128.Max(before.Last, last));
            }
            else
            {
                merged.Add((first, last));
            }
        }
        return new AddressSet(isIpv6, [.. merged]);
    }

    /// <summary>What is here and not there.</summary>
    public AddressSet Except(AddressSet other)
    {
        var left = new List<(UInt128, UInt128)>();
        foreach (var interval in _intervals)
        {
            var first = interval.First;
            var done = false;
            foreach (var hole in other._intervals)
            {
                if (done || hole.First > interval.Last)
                {
                    break;
                }
                if (hole.Last < first)
                {
                    continue;
                }
                if (hole.First > first)
                {
                    left.Add((first, hole.First - 1));
                }
                done = hole.Last >= interval.Last;
                first = done ? first : hole.Last + 1;
            }
            if (!done)
            {
                left.Add((first, interval.Last));
            }
        }
        return new AddressSet(IsIpv6, [.. left]);
    }

    public AddressSet Union(AddressSet other) => Of(IsIpv6, Blocks().Concat(other.Blocks()));

    public bool Covers(AddressBlock block) => block.IsIpv6 == IsIpv6 && _intervals.Any(interval => interval.First <= block.First && block.Last <= interval.Last);

    /// <summary>The fewest CIDR networks that make up the set, in order.</summary>
    public IEnumerable<AddressBlock> Blocks()
    {
        var bits = AddressBlock.Bits(IsIpv6);
        foreach (var interval in _intervals)
        {
            var first = interval.First;
            while (true)
            {
                // The largest block that begins here and does not reach past the end.
                var size = first == 0 ? bits : Math.Min(bits, (int)UInt128.TrailingZeroCount(first));
                while (size > 0 && (first | AddressBlock.HostBits(size)) > interval.Last)
                {
                    size--;
                }
                yield return new AddressBlock(IsIpv6, first, bits - size);
                var last = first | AddressBlock.HostBits(size);
                if (last >= interval.Last)
                {
                    break;
                }
                first = last + 1;
            }
        }
    }

    public bool Equals(AddressSet? other) => other is not null && IsIpv6 == other.IsIpv6 && _intervals.AsSpan().SequenceEqual(other._intervals);

    public override bool Equals(object? obj) => Equals(obj as AddressSet);

    public override int GetHashCode() => _intervals.Aggregate(HashCode.Combine(IsIpv6), (hash, interval) => HashCode.Combine(hash, interval));
}
