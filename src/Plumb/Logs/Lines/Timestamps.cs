using System.Buffers.Text;

namespace Plumb.Logs.Lines;

/// <summary>
/// Reads the times that logs state: RFC 3339 and its relatives (space or T, comma or dot, 0 to 9 digits of a fraction, Z, +02:00, +0200, no zone),
/// seconds to nanoseconds since 1970, Go's and nginx's slashes, the Common Log Format, klog and RFC 3164 (which have no year). Values are UTC ticks of 100 ns.
/// </summary>
/// <param name="now">Decides the year where a line states none: the newest that does not lie in the future.</param>
internal sealed class Timestamps(DateTimeOffset now)
{
    private const long TicksPerMinute = TimeSpan.TicksPerMinute;
    private const int DateLength = 10;
    private static readonly string[] Months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    private readonly byte[] _date = new byte[DateLength];
    private long _dateTicks;

    /// <summary>Reads a time at the start of the text.</summary>
    /// <param name="used">Bytes that belong to it.</param>
    /// <param name="zone">False when the text states no zone; it is then read as UTC.</param>
    public bool TryRead(ReadOnlySpan<byte> text, out long ticks, out int used, out bool zone)
    {
        (ticks, used, zone) = (0, 0, true);
        if (text.Length < 8)
        {
            return false;
        }
        if (text.Length >= 19 && (text[4] == '-' || text[4] == '/') && text[7] == text[4] && (text[10] is (byte)'T' or (byte)' ' or (byte)'t'))
        {
            return Iso(text, out ticks, out used, out zone);
        }
        if (IsDigit(text[0]))
        {
            return text.Length >= 20 && text[2] == '/' && text[6] == '/' ? CommonLog(text, out ticks, out used) : Epoch(text, out ticks, out used);
        }
        zone = false;
        return Syslog(text, out ticks, out used) || Klog(text, out ticks, out used);
    }

    private bool Iso(ReadOnlySpan<byte> text, out long ticks, out int used, out bool zone)
    {
        (ticks, used, zone) = (0, 0, false);
        long day;
        if (text[..DateLength].SequenceEqual(_date))
        {
            day = _dateTicks;
        }
        else if (!Two(text, 0, out var century) || !Two(text, 2, out var year) || !Two(text, 5, out var month) || !Two(text, 8, out var dayOfMonth)
            || !TryDay((century * 100) + year, month, dayOfMonth, out day))
        {
            return false;
        }
        else
        {
            text[..DateLength].CopyTo(_date);
            _dateTicks = day;
        }
        if (!Clock(text[(DateLength + 1)..], out var clock, out var length))
        {
            return false;
        }
        used = DateLength + 1 + length;
        ticks = day + clock;
        zone = Zone(text[used..], out var offset, out var zoneLength);
        used += zoneLength;
        ticks -= offset;
        return true;
    }

    /// <summary>HH:MM:SS with an optional fraction.</summary>
    private static bool Clock(ReadOnlySpan<byte> text, out long ticks, out int used)
    {
        (ticks, used) = (0, 0);
        if (text.Length < 8 || text[2] != ':' || text[5] != ':' || !Two(text, 0, out var hour) || !Two(text, 3, out var minute) || !Two(text, 6, out var second)
            || hour > 23 || minute > 59 || second > 60)
        {
            return false;
        }
        used = 8;
        ticks = (hour * TimeSpan.TicksPerHour) + (minute * TicksPerMinute) + (second * TimeSpan.TicksPerSecond);
        if (used < text.Length - 1 && text[used] is (byte)'.' or (byte)',' && IsDigit(text[used + 1]))
        {
            used++;
            var scale = TimeSpan.TicksPerSecond / 10;
            while (used < text.Length && IsDigit(text[used]))
            {
                ticks += (text[used] - '0') * scale;
                scale /= 10;
                used++;
            }
        }
        return true;
    }

    private static bool Zone(ReadOnlySpan<byte> text, out long offset, out int used)
    {
        (offset, used) = (0, 0);
        if (text.IsEmpty)
        {
            return false;
        }
        if (text[0] is (byte)'Z' or (byte)'z')
        {
            used = 1;
            return true;
        }
        var at = text[0] == ' ' && text.Length > 5 ? 1 : 0;
        if (text[at] is not ((byte)'+' or (byte)'-') || text.Length < at + 3 || !Two(text, at + 1, out var hours) || hours > 18)
        {
            return false;
        }
        used = at + 3;
        var minutes = 0;
        if (text.Length >= used + 3 && text[used] == ':' && Two(text, used + 1, out minutes))
        {
            used += 3;
        }
        else if (text.Length >= used + 2 && Two(text, used, out minutes))
        {
            used += 2;
        }
        offset = ((hours * 60L) + minutes) * TicksPerMinute * (text[at] == '-' ? -1 : 1);
        return true;
    }

    /// <summary>Digits since 1970: 10 are seconds, 13 milli-, 16 micro-, 19 nanoseconds; with a fraction they are seconds.</summary>
    private static bool Epoch(ReadOnlySpan<byte> text, out long ticks, out int used)
    {
        ticks = 0;
        if (!Utf8Parser.TryParse(text, out long value, out used))
        {
            return false;
        }
        long? since = used switch
        {
            10 => checked(value * TimeSpan.TicksPerSecond),
            13 => value * TimeSpan.TicksPerMillisecond,
            16 => value * 10,
            19 => value / 100,
            _ => null,
        };
        if (since is null)
        {
            return false;
        }
        ticks = DateTime.UnixEpoch.Ticks + since.Value;
        if (used is 10 or 13 && used < text.Length - 1 && text[used] == '.')
        {
            var scale = (used == 10 ? TimeSpan.TicksPerSecond : TimeSpan.TicksPerMillisecond) / 10;
            for (used++; used < text.Length && IsDigit(text[used]); used++, scale /= 10)
            {
                ticks += (text[used] - '0') * scale;
            }
        }
        return used == text.Length || !char.IsAsciiLetterOrDigit((char)text[used]);
    }

    /// <summary>10/Oct/2000:13:55:36 -0700</summary>
    private static bool CommonLog(ReadOnlySpan<byte> text, out long ticks, out int used)
    {
        (ticks, used) = (0, 0);
        if (!Two(text, 0, out var day) || Month(text[3..6]) is not { } month || !Two(text, 7, out var century) || !Two(text, 9, out var year)
            || !TryDay((century * 100) + year, month, day, out var date) || !Clock(text[12..], out var clock, out var length))
        {
            return false;
        }
        used = 12 + length;
        Zone(text[used..], out var offset, out var zoneLength);
        used += zoneLength;
        ticks = date + clock - offset;
        return true;
    }

    /// <summary>Oct 11 22:14:15 or Oct  1 22:14:15 (RFC 3164).</summary>
    private bool Syslog(ReadOnlySpan<byte> text, out long ticks, out int used)
    {
        (ticks, used) = (0, 0);
        if (text.Length < 15 || text[3] != ' ' || text[6] != ' ' || Month(text[..3]) is not { } month || !IsDigit(text[5]))
        {
            return false;
        }
        var day = (IsDigit(text[4]) ? (text[4] - '0') * 10 : 0) + text[5] - '0';
        if (!Clock(text[7..], out var clock, out var length))
        {
            return false;
        }
        used = 7 + length;
        return WithYear(month, day, clock, out ticks);
    }

    /// <summary>I0501 14:23:01.234567 (klog: the level's letter, month and day).</summary>
    private bool Klog(ReadOnlySpan<byte> text, out long ticks, out int used)
    {
        (ticks, used) = (0, 0);
        if (text.Length < 14 || text[0] is not ((byte)'I' or (byte)'W' or (byte)'E' or (byte)'F' or (byte)'D') || text[5] != ' '
            || !Two(text, 1, out var month) || !Two(text, 3, out var day) || !Clock(text[6..], out var clock, out var length))
        {
            return false;
        }
        used = 6 + length;
        return WithYear(month, day, clock, out ticks);
    }

    private bool WithYear(int month, int day, long clock, out long ticks)
    {
        ticks = 0;
        for (var year = now.Year; year >= now.Year - 4; year--)
        {
            // A leap day exists only in some years; tomorrow is a clock that runs ahead, not last year.
            if (TryDay(year, month, day, out var date) && date + clock <= now.UtcTicks + TimeSpan.TicksPerDay)
            {
                ticks = date + clock;
                return true;
            }
        }
        return false;
    }

    private static int? Month(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < Months.Length; i++)
        {
            if (text[0] == Months[i][0] && text[1] == Months[i][1] && text[2] == Months[i][2])
            {
                return i + 1;
            }
        }
        return null;
    }

    private static bool TryDay(int year, int month, int day, out long ticks)
    {
        var valid = year >= 1 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);
        ticks = valid ? new DateTime(year, month, day, 0, 0, 0, DateTimeKind.Utc).Ticks : 0;
        return valid;
    }

    private static bool Two(ReadOnlySpan<byte> text, int at, out int value)
    {
        var (tens, ones) = (text[at] - '0', text[at + 1] - '0');
        value = (tens * 10) + ones;
        return tens is >= 0 and <= 9 && ones is >= 0 and <= 9;
    }

    private static bool IsDigit(byte letter) => letter is >= (byte)'0' and <= (byte)'9';
}
