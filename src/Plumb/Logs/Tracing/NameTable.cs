using System.Text;
using Plumb.Logs.Lines;

namespace Plumb.Logs.Tracing;

/// <summary>Numbers for words that come again and again: services, pods, events. Shared by all readers; each reader keeps what it has met in a <see cref="Reader"/>.</summary>
internal sealed class NameTable
{
    /// <summary>Different words that are kept apart; more are one word, "(others)".</summary>
    public const int MostNames = 65_536;

    public const int None = 0;
    public const int Others = 1;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal) { [""] = None, ["(others)"] = Others };
    private readonly List<string> _names = ["", "(others)"];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _names.Count;
            }
        }
    }

    public string this[int number]
    {
        get
        {
            lock (_lock)
            {
                return _names[number];
            }
        }
    }

    public int Of(string name)
    {
        lock (_lock)
        {
            if (_numbers.TryGetValue(name, out var number))
            {
                return number;
            }
            if (_names.Count >= MostNames)
            {
                return Others;
            }
            _names.Add(name);
            return _numbers[name] = _names.Count - 1;
        }
    }

    /// <summary>A reader's own memory of the table, without locks.</summary>
    public sealed class Reader(NameTable table)
    {
        private const int Slots = 4096;

        private readonly (byte[]? Word, int Number)[] _slots = new (byte[]?, int)[Slots];

        public int Of(ReadOnlySpan<byte> word)
        {
            if (word.IsEmpty)
            {
                return None;
            }
            ref var slot = ref _slots[Slot(word)];
            if (slot.Word is null || !word.SequenceEqual(slot.Word))
            {
                slot = (word.ToArray(), table.Of(Encoding.UTF8.GetString(word)));
            }
            return slot.Number;
        }

        private static int Slot(ReadOnlySpan<byte> word)
        {
            unchecked
            {
                ulong hash = (ulong)word.Length * 0x9E3779B97F4A7C15UL;
                while (word.Length >= sizeof(ulong))
                {
                    hash = (hash ^ BitConverter.ToUInt64(word)) * 0xD6E8FEB86659FD93UL;
                    hash ^= hash >> 32;
                    word = word[sizeof(ulong)..];
                }
                foreach (var letter in word)
                {
                    hash = (hash ^ letter) * 0x100000001B3UL;
                }
                return (int)(TraceKey.Mix(hash) >> 52);
            }
        }
    }
}
