using Xunit;

namespace Plumb.Tests.HouseRules;

/// <summary>Says which places break a rule, one a line.</summary>
internal static class Offenders
{
    public static void None(IEnumerable<string?> offenders)
    {
        var found = offenders.ToArray();
        Assert.True(found.Length == 0, string.Join('\n', found));
    }
}
