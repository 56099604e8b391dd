using System.Runtime.InteropServices;
using System.Text;

namespace Plumb.Cost.Spending;

/// <summary>Gives each different text a small number, straight from its bytes. A bill repeats a few hundred names a million times.</summary>
internal sealed class TextPool
{
    private readonly List<byte[]> _texts = [];
    private int[] _buckets = new int[256];
    private int _last = -1;

    public int Count => _texts.Count;

    public string this[int id] => Encoding.UTF8.GetString(_texts[id]);

    public int Of(ReadOnlySpan<byte> text)
    {
        if (_last >= 0 && text.SequenceEqual(_texts[_last]))
        {
            return _last;
        }
        for (var bucket = Hash(text) & (_buckets.Length - 1); ; bucket = (bucket + 1) & (_buckets.Length - 1))
        {
            if (_buckets[bucket] == 0)
            {
                _texts.Add(text.ToArray());
                _buckets[bucket] = _texts.Count;
                Grow();
                return _last = _texts.Count - 1;
            }
            if (text.SequenceEqual(_texts[_buckets[bucket] - 1]))
            {
                return _last = _buckets[bucket] - 1;
            }
        }
    }

    private void Grow()
    {
        if (_texts.Count * 2 < _buckets.Length)
        {
            return;
        }
        _buckets = new int[_buckets.Length * 2];
        for (var id = 0; id < _texts.Count; id++)
        {
            var bucket = Hash(_texts[id]) & (_buckets.Length - 1);
            while (_buckets[bucket] != 0)
            {
                bucket = (bucket + 1) & (_buckets.Length - 1);
            }
            _buckets[bucket] = id + 1;
        }
    }

    private static int Hash(ReadOnlySpan<byte> text)
    {
        var hash = unchecked((ulong)text.Length * 0x9E3779B97F4A7C15UL);
        while (text.Length >= sizeof(ulong))
        {
            hash = Mix(hash, MemoryMarshal.Read<ulong>(text));
            text = text[sizeof(ulong)..];
        }
        foreach (var one in text)
        {
            hash = Mix(hash, one);
        }
        return unchecked((int)(hash >> 32));
    }

    private static ulong Mix(ulong hash, ulong next) => unchecked(System.Numerics.BitOperations.RotateLeft(hash ^ next, 29) * 0xBF58476D1CE4E5B9UL);
}
