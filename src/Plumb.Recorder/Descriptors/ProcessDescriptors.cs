namespace Plumb.Recorder.Descriptors;

/// <summary>The open descriptors of one process, as far as they are known.</summary>
internal sealed class ProcessDescriptors
{
    /// <summary>More than these are not followed; the kernel's own default limit is lower.</summary>
    private const int MostDescriptors = 65_536;

    private readonly Dictionary<int, Descriptor> _open = [];

    /// <summary>Its working directory; null when it is not known.</summary>
    public string? Directory { get; set; }

    /// <summary>False while nobody knows what it inherited.</summary>
    public bool HasOrigin { get; set; }

    public ulong FirstSeenNs { get; init; }

    public string Command { get; init; } = "";

    /// <summary>Where its calls are recorded.</summary>
    public string Ring { get; init; } = "";

    public Descriptor? this[int descriptor] => _open.GetValueOrDefault(descriptor);

    public int Count => _open.Count;

    public IEnumerable<KeyValuePair<int, Descriptor>> All => _open;

    public void Open(int number, Descriptor descriptor)
    {
        if (number >= 0 && (_open.Count < MostDescriptors || _open.ContainsKey(number)))
        {
            _open[number] = descriptor;
        }
    }

    /// <param name="beforeNs">One made later has the same number, but is another: it was made while the closing call was on its way back.</param>
    public void Close(int number, ulong beforeNs)
    {
        if (_open.TryGetValue(number, out var descriptor) && descriptor.SinceNs <= beforeNs)
        {
            _open.Remove(number);
        }
    }

    public void Change(int number, Func<Descriptor, Descriptor> change)
    {
        if (_open.TryGetValue(number, out var descriptor))
        {
            _open[number] = change(descriptor);
        }
    }

    public void Exec()
    {
        foreach (var number in _open.Where(entry => entry.Value.ClosesOnExec).Select(entry => entry.Key).ToArray())
        {
            _open.Remove(number);
        }
    }

    /// <summary>What a child has from its parent, where it has nothing of its own yet.</summary>
    public void Inherit(ProcessDescriptors parent)
    {
        foreach (var (number, descriptor) in parent._open)
        {
            _open.TryAdd(number, descriptor);
        }
        Directory ??= parent.Directory;
        HasOrigin = true;
    }

    public ProcessDescriptors Copy()
    {
        var copy = new ProcessDescriptors { FirstSeenNs = FirstSeenNs, Command = Command, Ring = Ring };
        copy.Inherit(this);
        return copy;
    }
}
