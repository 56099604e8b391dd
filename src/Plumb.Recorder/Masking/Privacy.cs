using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Plumb.Core;
using Plumb.Recorder.Decoding;
using Plumb.Recorder.Descriptors;
using Plumb.Recorder.Ring;

namespace Plumb.Recorder.Masking;

/// <summary>
/// What of a call may be seen. It works on the recorded bytes themselves, so text, JSON, statistics and saved recordings all hold the same: what would not be shown is
/// zeroed, what looks like a secret is replaced by <c>&lt;redacted&gt;</c>.
/// </summary>
/// <param name="buffers">What is read and written may be seen, too. Otherwise only what a program writes to standard output and error.</param>
/// <param name="patterns">More that is masked; bytes are matched as Latin-1. From <see cref="Pattern"/>.</param>
public sealed class Privacy(bool buffers = false, IReadOnlyList<Regex>? patterns = null)
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Mask = "<redacted>";

    private static readonly byte[] MaskBytes = Encoding.ASCII.GetBytes(Mask);
    private readonly IReadOnlyList<Regex> _patterns = patterns ?? [];

    /// <summary>Without buffers, without patterns of the user's own.</summary>
    public static Privacy Default { get; } = new();

    /// <summary>A pattern that the user gave. It runs in linear time, so a look-around or a back-reference is refused.</summary>
    public static Result<Regex> Pattern(string text)
    {
        try
        {
            // The bytes of a name are matched one by one: so are those of the pattern.
            return new Regex(Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text)), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return new Problem($"--redact '{text}' is no pattern that can be used: {error.Message}", "Write a .NET regular expression without look-arounds and back-references");
        }
    }

    /// <summary>The call with nothing in it that is not to be seen.</summary>
    /// <param name="descriptors">Knows which file a descriptor is; without, the content of secrets' files is known by its patterns only.</param>
    public RecordedCall Scrub(RecordedCall call, DescriptorTables? descriptors = null)
    {
        var slot = call.CopySlot();
        var payload = slot.AsSpan(SlotLayout.Payload, SlotLayout.PayloadBytes);
        payload.Clear();
        var signature = CallTable.Of(call.Number);
        for (var item = 0; item < signature.Items.Length; item++)
        {
            var (offset, room) = signature.Place(item);
            var shown = Kept(call, signature, item, descriptors, room);
            shown.CopyTo(payload[offset..]);
            var length = call.ItemLength(item);
            BinaryPrimitives.WriteInt16LittleEndian(slot.AsSpan(SlotLayout.Lengths + (item * 2)), (short)(shown.IsEmpty && length > 0 ? RecordedCall.NotTried : length > 0 ? shown.Length : length));
        }
        MaskName(slot);
        return new RecordedCall(slot, call.State);
    }

    /// <summary>A text that does not come from a call, such as a path of /proc, as Latin-1.</summary>
    public string Redact(string text) => _patterns.Aggregate(text, (masked, pattern) => pattern.Replace(masked, Mask));

    private ReadOnlySpan<byte> Kept(RecordedCall call, CallSignature signature, int item, DescriptorTables? descriptors, int room)
    {
        var kept = call.Item(signature, item);
        if (kept.IsEmpty)
        {
            return kept;
        }
        if (IsContent(signature, item) && !IsContentShown(call, signature, descriptors))
        {
            // Which name was asked for is what one looks for, and no secret.
            kept = DnsMessage.Of(kept, kept.Length == room) is null ? default : kept[..DnsMessage.Bytes(kept)];
            return Masked(kept, room);
        }
        kept = kept[..Math.Min(kept.Length, ShownBytes.Of(call, signature, item))];
        return IsText(signature, item) ? Masked(kept, room) : kept;
    }

    /// <summary>What goes through a descriptor, in contrast to what names things.</summary>
    internal static bool IsContent(CallSignature signature, int item) =>
        signature.KindOf(item) is "in" or "out" || signature.Items[item].Kind is ItemKind.VectorIn or ItemKind.VectorOut or ItemKind.MessageDataIn or ItemKind.MessageDataOut;

    private bool IsContentShown(RecordedCall call, CallSignature signature, DescriptorTables? descriptors)
    {
        var descriptor = (int)call.Argument(0);
        // What a program says on standard output and error is its log, which is there to be read.
        var isLog = descriptor is 1 or 2 && signature.Name is "write" or "writev";
        return (buffers || isLog) && !(descriptors?.Find(call.ProcessId, descriptor) is { } open && SecretFiles.Holds(open.Name));
    }

    private static bool IsText(CallSignature signature, int item) => IsContent(signature, item) || signature.KindOf(item) is "path" or "argv" or "link" or "addr" or "outaddr" or "prctlarg" or "utsname";

    private ReadOnlySpan<byte> Masked(ReadOnlySpan<byte> kept, int room)
    {
        var text = Encoding.Latin1.GetString(kept);
        var masked = text;
        foreach (var pattern in SecretWords.All)
        {
            masked = Replace(pattern, masked, "secret");
        }
        foreach (var pattern in _patterns)
        {
            masked = Replace(pattern, masked, "0");
        }
        if (ReferenceEquals(masked, text))
        {
            return kept;
        }
        var bytes = Encoding.Latin1.GetBytes(masked);
        if (bytes.Length > room)
        {
            bytes = bytes[..room];
            bytes[^1] = kept[^1] == 0 ? (byte)0 : bytes[^1];
        }
        return bytes;
    }

    private static string Replace(Regex pattern, string text, string group)
    {
        try
        {
            var at = 0;
            StringBuilder? result = null;
            foreach (Match match in pattern.Matches(text))
            {
                var secret = match.Groups[group];
                // A NUL that ends a name or a word stays what it is.
                var length = secret.Value.TrimEnd('\0').Length;
                if (length > 0)
                {
                    (result ??= new StringBuilder()).Append(text, at, secret.Index - at).Append(Mask);
                    at = secret.Index + length;
                }
            }
            return result?.Append(text, at, text.Length - at).ToString() ?? text;
        }
        catch (RegexMatchTimeoutException)
        {
            // What cannot be judged in time is not shown.
            return Mask;
        }
    }

    private void MaskName(byte[] slot)
    {
        var name = slot.AsSpan(SlotLayout.Command, SlotLayout.CommandBytes);
        var end = name.IndexOf((byte)0) is >= 0 and var found ? found : name.Length;
        var text = Encoding.Latin1.GetString(name[..end]);
        name[end..].Clear();
        if (_patterns.Any(pattern => pattern.IsMatch(text)))
        {
            name.Clear();
            MaskBytes.CopyTo(name);
        }
    }
}
