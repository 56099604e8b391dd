using System.Runtime.InteropServices;

namespace Plumb.Logs.Tracing;

/// <summary>What a service does in a request: one of its events, and whether the line says that it failed.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Step(int Service, int Event, bool Failed);

/// <summary>Numbers for steps. Step 0 is "none".</summary>
internal sealed class StepTable(NameTable names)
{
    /// <summary>Different steps that are kept apart; more are one step, "(others)".</summary>
    public const int MostSteps = 1 << 17;

    private readonly Lock _lock = new();
    private readonly Dictionary<Step, int> _numbers = new() { [default] = 0, [new Step(NameTable.Others, NameTable.Others, false)] = 1 };
    private readonly List<Step> _steps = [default, new Step(NameTable.Others, NameTable.Others, false)];

    public NameTable Names { get; } = names;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _steps.Count;
            }
        }
    }

    public Step this[int number]
    {
        get
        {
            lock (_lock)
            {
                return _steps[number];
            }
        }
    }

    /// <summary>All steps, for work without locks.</summary>
    public Step[] Snapshot()
    {
        lock (_lock)
        {
            return [.. _steps];
        }
    }

    public int Of(Step step)
    {
        lock (_lock)
        {
            if (!_numbers.TryGetValue(step, out var number))
            {
                if (_steps.Count >= MostSteps)
                {
                    return 1;
                }
                number = _numbers[step] = _steps.Count;
                _steps.Add(step);
            }
            return number;
        }
    }

    public string Service(int step) => Names[this[step].Service];

    public string Event(int step) => Names[this[step].Event];

    /// <summary>A reader's own memory of the table, without locks.</summary>
    public sealed class Reader(StepTable table)
    {
        private const int Slots = 1024;
        private readonly (Step Step, int Number)[] _slots = new (Step, int)[Slots];

        public int Of(Step step)
        {
            ref var slot = ref _slots[((step.Service * 31) + (step.Event * 7) + (step.Failed ? 1 : 0)) & (Slots - 1)];
            if (slot.Step != step || slot.Number == 0)
            {
                slot = (step, table.Of(step));
            }
            return slot.Number;
        }
    }
}
