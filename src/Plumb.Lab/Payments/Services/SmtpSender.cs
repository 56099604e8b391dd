using System.Net.Sockets;
using System.Text;

namespace Plumb.Lab.Payments.Services;

/// <summary>Hands one mail to a server (RFC 5321). Each step is one write, so that no step waits for the acknowledgement of half a step.</summary>
internal static class SmtpSender
{
    private const int MaxReplyLines = 20;

    /// <param name="text">Headers, an empty line and the body, lines ending in CRLF.</param>
    /// <returns>Null when the server has taken the mail; otherwise its refusal.</returns>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static async Task<string?> SendAsync(string host, int port, string from, string to, string text, CancellationToken cancel)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(host, port, cancel);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        // A line that starts with a dot gets a second one: a dot alone ends the mail.
        var data = text.Replace("\r\n.", "\r\n..", StringComparison.Ordinal) + "\r\n.\r\n";
        (string? Command, string Expected)[] steps =
        [
            (null, "220"), ("EHLO payments\r\n", "250"), ($"MAIL FROM:<{from}>\r\n", "250"), ($"RCPT TO:<{to}>\r\n", "250"), ("DATA\r\n", "354"), (data, "250"), ("QUIT\r\n", "221"),
        ];
        foreach (var (command, expected) in steps)
        {
            if (command is not null)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes(command), cancel);
            }

            var reply = await ReadReplyAsync(reader, cancel);
            // After the mail is taken, a broken farewell changes nothing.
            if (expected != "221" && !reply.StartsWith(expected, StringComparison.Ordinal))
            {
                return reply.Length == 0 ? "it closed the connection" : $"it said \"{reply}\"";
            }
        }

        return null;
    }

    /// <summary>The last line of a reply; earlier ones have a dash after the code. Empty at the end of the stream.</summary>
    private static async Task<string> ReadReplyAsync(StreamReader reader, CancellationToken cancel)
    {
        for (var lines = 0; lines < MaxReplyLines; lines++)
        {
            var line = await reader.ReadLineAsync(cancel) ?? "";
            if (line.Length < 4 || line[3] != '-')
            {
                return line;
            }
        }

        return "";
    }
}
