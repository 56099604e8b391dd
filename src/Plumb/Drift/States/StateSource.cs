using Plumb.Core;
using Plumb.Platform.Aws;

namespace Plumb.Drift.States;

/// <summary>One state as the user named it, not yet opened.</summary>
/// <param name="File">Its path when it is a file; for <c>-</c> and <c>s3://</c> null.</param>
internal sealed record StateSource(string Name, string? File)
{
    /// <summary>States that one run reads.</summary>
    public const int MaxStates = 5000;

    private const string S3Scheme = "s3://";

    /// <summary>
    /// A file, <c>-</c> for standard input, <c>s3://bucket/key</c>, or a directory, which stands for every <c>*.tfstate</c> in it. Copies that Terraform
    /// keeps (<c>*.backup</c>, <c>.terraform/</c>) are not states of today.
    /// </summary>
    public static Result<IReadOnlyList<StateSource>> Find(IReadOnlyList<string> given)
    {
        var found = new List<StateSource>();
        foreach (var name in given)
        {
            if (name == "-")
            {
                found.Add(new StateSource("standard input", null));
            }
            else if (name.StartsWith(S3Scheme, StringComparison.Ordinal))
            {
                if (Bucket(name) is null)
                {
                    return new Problem($"{name} names no object", "Write s3://BUCKET/KEY");
                }
                found.Add(new StateSource(name, null));
            }
            else if (Directory.Exists(name))
            {
                var files = Directory.EnumerateFiles(name, "*.tfstate", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.System, MaxRecursionDepth = 20 })
                    .Where(file => !Path.GetRelativePath(name, file).Split('/').Contains(".terraform")).Order(StringComparer.Ordinal).Take(MaxStates + 1).ToList();
                if (files.Count == 0)
                {
                    return new Problem($"the directory {name} has no *.tfstate", "Give the state's file, or 'terraform state pull | plumb drift -'");
                }
                found.AddRange(files.Select(file => new StateSource(file, file)));
            }
            else if (!System.IO.File.Exists(name))
            {
                return new Problem($"there is no state {name}", "Give a terraform.tfstate, a directory of states, s3://BUCKET/KEY, or '-' for 'terraform state pull'");
            }
            else
            {
                found.Add(new StateSource(name, name));
            }
        }
        return found.Count <= MaxStates ? found : new Problem($"there are more than {MaxStates} states", "Give fewer at a time");
    }

    public async Task<Result<Stream>> OpenAsync(AwsClient client, Func<Stream> standardInput, CancellationToken cancellation)
    {
        if (File is not null)
        {
            try
            {
                return new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.SequentialScan);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return new Problem($"{Name} cannot be read: {error.Message.TrimEnd('.')}");
            }
        }
        if (Bucket(Name) is not var (bucket, key))
        {
            return standardInput();
        }
        var bytes = await client.S3.GetObjectAsync(bucket, key, cancellation);
        return bytes.IsOk ? new MemoryStream(bytes.Value, writable: false) : new Problem($"{Name}: {bytes.Error.Message}", bytes.Error.Next);
    }

    private static (string Bucket, string Key)? Bucket(string name) =>
        name.StartsWith(S3Scheme, StringComparison.Ordinal) && name[S3Scheme.Length..].Split('/', 2) is [{ Length: > 0 } bucket, { Length: > 0 } key] ? (bucket, key) : null;
}
