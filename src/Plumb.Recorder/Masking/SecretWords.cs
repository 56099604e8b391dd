using System.Text.RegularExpressions;

namespace Plumb.Recorder.Masking;

/// <summary>
/// What a secret looks like in arguments, paths and buffers. Bytes are matched as Latin-1, so that a character is a byte; words of an argv are separated by NUL.
/// The group "secret" is what is masked; what stands before it says what it was.
/// </summary>
internal static partial class SecretWords
{
    private const int LimitMs = 100;
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;
    private const string Words = "passw(or)?d|passphrase|pwd(?!\\s*[=:]\\s*/)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?";

    public static readonly Regex[] All = [Assigned(), NextWord(), Header(), InAddress(), AwsKey(), PrivateKey(), WebToken(), CurlUser()];

    /// <summary>password=x, "token": "x", PGPASSWORD=x, --api-key=x.</summary>
    [GeneratedRegex($"""({Words})["']?\s*[=:]\s*["']?(?<secret>[^\s"'&;,\0]+)""", Options, LimitMs)]
    private static partial Regex Assigned();

    /// <summary>--password x as two words.</summary>
    [GeneratedRegex($@"--?[\w-]*({Words})[\0\x20]+(?<secret>[^\0\s]+)", Options, LimitMs)]
    private static partial Regex NextWord();

    [GeneratedRegex("""(authorization|x-api-key|cookie|x-auth-token)\s*:\s*((basic|bearer|token|aws4-hmac-sha256)\s+)?(?<secret>[^\r\n\0"']+)|\bbearer\s+(?<secret>[^\s\0"',]{6,})""", Options, LimitMs)]
    private static partial Regex Header();

    /// <summary>postgres://user:x@host.</summary>
    [GeneratedRegex(@"://[^:/@\s\0]*:(?<secret>[^@/\s\0]+)@", Options, LimitMs)]
    private static partial Regex InAddress();

    [GeneratedRegex(@"\b(?<secret>(AKIA|ASIA|AROA)[A-Z0-9]{8,})", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, LimitMs)]
    private static partial Regex AwsKey();

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----(?<secret>[\s\S]+)", Options, LimitMs)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"(?<secret>eyJ[\w-]{8,}(\.[\w-]*){0,2})", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, LimitMs)]
    private static partial Regex WebToken();

    /// <summary>curl -u name:x.</summary>
    [GeneratedRegex(@"\0(-u|--user)\0[^\0:]*:(?<secret>[^\0]+)", Options, LimitMs)]
    private static partial Regex CurlUser();
}
