using System.Security.Cryptography;

namespace Plumb.Cluster.Api;

/// <summary>Random name endings as Kubernetes makes them: no vowels, no 0/1/3, so that no word appears by accident.</summary>
internal static class NameSuffix
{
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    public static string Next(int length) => RandomNumberGenerator.GetString(Alphabet, length);
}
