using Plumb.Recorder.Decoding;

namespace Plumb.Recorder.Ring;

/// <summary>Tells the kernel side which strings, buffers and structures of each call to keep.</summary>
internal static unsafe class KeptItems
{
    /// <param name="control">The control block.</param>
    /// <param name="buffers">Also what is read and received.</param>
    public static void Configure(byte* control, bool buffers)
    {
        foreach (var (number, signature) in CallTable.Known)
        {
            for (var index = 0; index < signature.Items.Length && number < ControlLayout.Calls; index++)
            {
                var item = signature.Items[index];
                // A buffer that nobody asked for stays where it is; its place remains, so that the other item keeps its own.
                var kind = buffers ? item.Kind : Unasked(signature, item);
                var at = control + ControlLayout.Items + (((number * ControlLayout.ItemsPerCall) + index) * ControlLayout.ItemBytes);
                (at[0], at[1], at[2], at[3]) = ((byte)kind, item.Argument, item.Size, item.IsNarrow ? (byte)1 : (byte)0);
            }
        }
    }

    /// <summary>Without --buffers nothing that is received is copied, but for what a name server answers a resolver, which is what one looks for and no secret.</summary>
    private static ItemKind Unasked(CallSignature signature, KeptItem item) => (signature.Name, item.Kind) switch
    {
        ("recvfrom", ItemKind.BytesOut) => ItemKind.AnswerOut,
        ("recvmsg", ItemKind.MessageDataOut) => ItemKind.MessageAnswerOut,
        _ => IsReceived(signature, item) ? ItemKind.Nothing : item.Kind,
    };

    /// <summary>What is not even read from the traced process. A tracer has no cheap look at the address of a name server, so it reads these two calls'
    /// first bytes into itself, and <see cref="Masking.Privacy"/> removes what is no answer.</summary>
    public static bool IsReceived(CallSignature signature, KeptItem item) =>
        item.Kind is ItemKind.BytesOut or ItemKind.VectorOut or ItemKind.MessageDataOut && signature.Name is not ("recvfrom" or "recvmsg");
}
