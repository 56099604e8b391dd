using System.Globalization;
using System.Text;

namespace Plumb.Lab.Aws.S3;

/// <summary>The aws-chunked coding: <c>size[;chunk-signature=…]\r\n</c>, bytes, <c>\r\n</c>, …, a chunk of size 0, trailers.</summary>
internal static class Chunks
{
    public static byte[] Join(byte[] body)
    {
        using var joined = new MemoryStream();
        for (var at = 0; ;)
        {
            var line = body.AsSpan(at).IndexOf("\r\n"u8);
            var size = line < 0 ? null : Encoding.ASCII.GetString(body, at, line).Split(';')[0];
            if (!int.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var count) || count < 0 || at + line + 2 + count > body.Length)
            {
                throw new ApiFault(400, "IncompleteBody", "The request body terminated unexpectedly");
            }
            if (count == 0)
            {
                return joined.ToArray();
            }
            joined.Write(body, at + line + 2, count);
            at += line + 2 + count + 2;
        }
    }
}
