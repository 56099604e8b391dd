namespace Plumb.Cli.Output;

/// <summary>
/// What the program is doing now, with the time since it began, on standard error. On a terminal one line that is kept up to date, elsewhere a line
/// a message, so that a CI log shows it too.
/// </summary>
internal sealed class Progress : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Terminal _terminal;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly ITimer? _timer;
    private string? _current;

    public Progress(Terminal terminal, TimeProvider time)
    {
        (_terminal, _time, _start) = (terminal, time, time.GetTimestamp());
        _timer = terminal.ErrorIsTerminal ? time.CreateTimer(_ => Redraw(), null, Refresh, Refresh) : null;
    }

    public TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>What is being waited for now.</summary>
    public void Now(string text)
    {
        lock (_lock)
        {
            _current = text;
            if (_timer is null)
            {
                _terminal.Error.WriteLine(Stamped(text + " …"));
            }
        }
        Redraw();
    }

    /// <summary>Something that is reached and stays on the screen.</summary>
    public void Done(string text)
    {
        lock (_lock)
        {
            _current = null;
            Clear();
            _terminal.Error.WriteLine(Stamped(text));
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        lock (_lock)
        {
            _current = null;
            Clear();
        }
    }

    private void Redraw()
    {
        lock (_lock)
        {
            if (_timer is not null && _current is not null)
            {
                var line = Stamped(_current + " …");
                Clear();
                _terminal.Error.Write(line.Length < _terminal.ErrorWidth ? line : line[..(_terminal.ErrorWidth - 1)]);
            }
        }
    }

    private void Clear()
    {
        if (_timer is not null)
        {
            _terminal.Error.Write("\r\u001b[K");
        }
    }

    private string Stamped(string text) => $"{Human.Duration(Elapsed),9}  {text}";
}
