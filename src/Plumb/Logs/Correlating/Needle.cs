using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Plumb.Logs.Correlating;

/// <summary>
/// A short word that is searched in much text, letters in upper or lower case alike where it is asked for. Two of its letters, the rarest by the look of logs, are
/// compared at once with 32 places of the text each (the first step of the "generic SIMD" search of W. Muła); the rest only where both are right.
/// </summary>
internal sealed class Needle
{
    /// <summary>What logs consist of, the most frequent first. What is not in it is rare.</summary>
    private static ReadOnlySpan<byte> Frequent => "\"ea0it1o2nsrd3:5,46789lcm_ -upfgbhyv.TZ{}wkxjqz"u8;

    private const byte CaseBit = 0x20;

    private readonly byte[] _word;
    private readonly byte[] _fold;
    private readonly int _first;
    private readonly int _second;

    public Needle(ReadOnlySpan<byte> word, bool anyCase)
    {
        _word = word.ToArray();
        _fold = new byte[word.Length];
        for (var i = 0; anyCase && i < word.Length; i++)
        {
            if (char.IsAsciiLetter((char)word[i]))
            {
                (_word[i], _fold[i]) = ((byte)(word[i] | CaseBit), CaseBit);
            }
        }
        _first = Rarest(-1);
        _second = Rarest(_first);
    }

    public int Length => _word.Length;

    /// <summary>The first place at or behind a start where the word stands; -1 for none.</summary>
    // Vector code is not compiled ahead; without this it would run unoptimised until the runtime notices how hot it is.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int IndexIn(ReadOnlySpan<byte> text, int from)
    {
        var last = text.Length - _word.Length;
        var at = from;
        if (Vector256.IsHardwareAccelerated)
        {
            ref var start = ref MemoryMarshal.GetReference(text);
            var (first, second) = (Vector256.Create(_word[_first]), Vector256.Create(_word[_second]));
            var (foldFirst, foldSecond) = (Vector256.Create(_fold[_first]), Vector256.Create(_fold[_second]));
            for (; at <= last - Vector256<byte>.Count; at += Vector256<byte>.Count)
            {
                var one = Vector256.Equals(Vector256.LoadUnsafe(ref start, (nuint)(at + _first)) | foldFirst, first);
                var two = Vector256.Equals(Vector256.LoadUnsafe(ref start, (nuint)(at + _second)) | foldSecond, second);
                for (var both = (one & two).ExtractMostSignificantBits(); both != 0; both &= both - 1)
                {
                    var place = at + BitOperations.TrailingZeroCount(both);
                    if (StandsAt(text, place))
                    {
                        return place;
                    }
                }
            }
        }
        for (; at <= last; at++)
        {
            if ((text[at + _first] | _fold[_first]) == _word[_first] && StandsAt(text, at))
            {
                return at;
            }
        }
        return -1;
    }

    private bool StandsAt(ReadOnlySpan<byte> text, int at)
    {
        for (var i = 0; i < _word.Length; i++)
        {
            if ((text[at + i] | _fold[i]) != _word[i])
            {
                return false;
            }
        }
        return true;
    }

    private int Rarest(int except)
    {
        var (rarest, rank) = (0, -1);
        for (var i = 0; i < _word.Length; i++)
        {
            var own = Frequent.IndexOf(_word[i]) is >= 0 and var known ? known : Frequent.Length;
            if (i != except && own > rank)
            {
                (rarest, rank) = (i, own);
            }
        }
        return rarest;
    }
}
