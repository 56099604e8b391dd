using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plumb.Platform.Aws;

namespace Plumb.Lab.Aws;

/// <summary>Somebody with an access key in the lab's account. The key is made at the first start and worth nothing anywhere else.</summary>
internal sealed record User(string Name, string Id, string AccessKeyId, string SecretAccessKey)
{
    /// <summary>The account of AWS's own examples.</summary>
    public const string Account = "123456789012";

    /// <summary>Whom the lab's user, and so Plumb, is.</summary>
    public const string Plumb = "plumb";

    /// <summary>Who changes things past Terraform.</summary>
    public const string Colleague = "sam.oncall";

    private const string KeyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const string SecretLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    public string Arn => $"arn:aws:iam::{Account}:user/{Name}";

    public AwsKeys Keys => new(AccessKeyId, SecretAccessKey);

    public override string ToString() => Arn;

    /// <summary>The users of the file; made and written when there is none.</summary>
    public static IReadOnlyList<User> ReadOrMake(string path)
    {
        if (File.Exists(path))
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), UserJson.Default.UserArray)!;
        }
        User[] users = [.. ((string[])[Plumb, Colleague]).Select(name => new User(name, "AIDA" + Letters(KeyLetters, 17), "AKIA" + Letters(KeyLetters, 16), Letters(SecretLetters, 40)))];
        Files.Replace(path, JsonSerializer.SerializeToUtf8Bytes(users, UserJson.Default.UserArray));
        return users;
    }

    private static string Letters(string letters, int count) => RandomNumberGenerator.GetString(letters, count);
}

[JsonSerializable(typeof(User[]))]
internal sealed partial class UserJson : JsonSerializerContext;

/// <summary>Files that a reader finds whole, old or new, also after a crash.</summary>
internal static class Files
{
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var temporary = $"{path}.{Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)}.tmp";
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }
}
