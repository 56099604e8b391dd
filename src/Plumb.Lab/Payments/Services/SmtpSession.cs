using System.Text;

namespace Plumb.Lab.Payments.Services;

/// <param name="Text">Headers, an empty line and the body, as sent.</param>
internal sealed record SmtpMail(string From, IReadOnlyList<string> To, string Text)
{
    /// <summary>A header's value; null when the mail has no such header. Folded lines are not joined: no header read here is long.</summary>
    public string? Header(string name)
    {
        foreach (var line in Text.Split("\r\n"))
        {
            if (line.Length == 0)
            {
                return null;
            }

            if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            {
                return line[(name.Length + 1)..].Trim();
            }
        }

        return null;
    }
}

/// <summary>One SMTP conversation, the server's side (RFC 5321): the commands that a sender needs, with limits.</summary>
internal sealed class SmtpSession(Stream stream, Action<SmtpMail> keep) : IDisposable
{
    private const int MaxLine = 2000;
    private const int MaxCommands = 10_000;
    private const int MaxRecipients = 50;
    private const int MaxMailChars = 256 * 1024;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(60);
    private readonly StreamReader _reader = new(stream, Encoding.Latin1, detectEncodingFromByteOrderMarks: false, bufferSize: 4096, leaveOpen: true);
    private readonly List<string> _to = [];
    private string? _from;

    public async Task RunAsync(CancellationToken cancel)
    {
        await SayAsync("220 mail.payments ready", cancel);
        for (var commands = 0; commands < MaxCommands; commands++)
        {
            if (await ReadLineAsync(cancel) is not { } line)
            {
                return;
            }

            var verb = line.Split(' ', 2)[0].ToUpperInvariant();
            if (verb == "DATA")
            {
                await TakeDataAsync(cancel);
                continue;
            }

            await SayAsync(Answer(verb, line), cancel);
            if (verb == "QUIT")
            {
                return;
            }
        }
    }

    public void Dispose() => _reader.Dispose();

    private string Answer(string verb, string line)
    {
        switch (verb)
        {
            case "EHLO" or "HELO":
                return "250 mail.payments";
            case "MAIL" when Address(line, "FROM:") is { } from:
                _to.Clear();
                _from = from;
                return "250 OK";
            case "RCPT" when _from is null:
                return "503 MAIL FROM comes first";
            case "RCPT" when _to.Count >= MaxRecipients:
                return $"452 at most {MaxRecipients} recipients";
            case "RCPT" when Address(line, "TO:") is { } to:
                _to.Add(to);
                return "250 OK";
            case "RSET":
                _from = null;
                _to.Clear();
                return "250 OK";
            case "NOOP":
                return "250 OK";
            case "QUIT":
                return "221 bye";
            case "MAIL" or "RCPT":
                return "501 an address stands between < and >";
            default:
                return "502 this server knows EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP and QUIT";
        }
    }

    private static string? Address(string line, string keyword)
    {
        var at = line.IndexOf(keyword, StringComparison.OrdinalIgnoreCase);
        var open = line.IndexOf('<', StringComparison.Ordinal);
        var close = line.IndexOf('>', StringComparison.Ordinal);
        return at > 0 && open > at && close > open ? line[(open + 1)..close] : null;
    }

    private async Task TakeDataAsync(CancellationToken cancel)
    {
        if (_from is null || _to.Count == 0)
        {
            await SayAsync("503 MAIL FROM and RCPT TO come first", cancel);
            return;
        }

        await SayAsync("354 end with a line that holds only a dot", cancel);
        var text = new StringBuilder();
        var tooLong = false;
        while (await ReadLineAsync(cancel) is { } line)
        {
            if (line == ".")
            {
                if (!tooLong)
                {
                    keep(new SmtpMail(_from, [.. _to], text.ToString()));
                }

                await SayAsync(tooLong ? $"552 a mail has at most {MaxMailChars} characters" : "250 taken", cancel);
                _from = null;
                _to.Clear();
                return;
            }

            tooLong |= text.Length + line.Length > MaxMailChars;
            if (!tooLong)
            {
                // A leading dot was doubled by the sender (RFC 5321, 4.5.2).
                text.Append(line.StartsWith('.') ? line.AsSpan(1) : line).Append("\r\n");
            }
        }
    }

    /// <summary>Null at the end of the conversation.</summary>
    private async Task<string?> ReadLineAsync(CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(IdleLimit);
        var line = await _reader.ReadLineAsync(limit.Token);
        return line is { Length: > MaxLine } ? line[..MaxLine] : line;
    }

    private async Task SayAsync(string line, CancellationToken cancel) => await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"), cancel);
}
