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
                var isKept = buffers || !IsReceived(signature, item);
                var at = control + ControlLayout.Items + (((number * ControlLayout.ItemsPerCall) + index) * ControlLayout.ItemBytes);
                (at[0], at[1], at[2], at[3]) = ((byte)(isKept ? item.Kind : ItemKind.Nothing), item.Argument, item.Size, item.IsNarrow ? (byte)1 : (byte)0);
            }
        }
    }

    /// <summary>
    /// What is received, and is not even copied. With these two calls resolvers read a name server's answer: their first bytes are copied,
    /// and if they are anything else, <see cref="Masking.Privacy"/> removes them before anybody sees them.
    /// </summary>
    public static bool IsReceived(CallSignature signature, KeptItem item) =>
        item.Kind is ItemKind.BytesOut or ItemKind.VectorOut or ItemKind.MessageDataOut && signature.Name is not ("recvfrom" or "recvmsg");
}
