using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Plumb.Recorder.Decoding;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed partial class CallTableTests
{
    private const string Generic = "/usr/include/asm-generic/unistd.h";

    /// <summary>Names that the header has for machines of 32 bits, and what is no call.</summary>
    private static readonly string[] NotOfArm64 = ["syscalls", "arch_specific_syscall"];

    [Fact]
    public void The_numbers_of_arm64_are_those_of_the_kernels_header()
    {
        Assert.SkipUnless(File.Exists(Generic), "needs linux-libc-dev");
        var table = CallTable.For(Architecture.Arm64).ToDictionary(entry => entry.Value.Name, entry => entry.Key);
        var checkedNames = 0;
        foreach (Match line in Definition().Matches(File.ReadAllText(Generic)))
        {
            var name = line.Groups["name"].Value;
            // The header names it for both widths; the call's own name is the one that x86-64 has.
            name = name == "fstatat" ? "newfstatat" : name;
            // What ends so is of 32-bit machines; so are the twins of calls that have a width of their own.
            if (name.EndsWith("64", StringComparison.Ordinal) && line.Groups["wide"].Success is false && !table.ContainsKey(name))
            {
                continue;
            }
            if (!NotOfArm64.Contains(name) && !name.EndsWith("_time64", StringComparison.Ordinal) && table.TryGetValue(name, out var number))
            {
                Assert.Equal(int.Parse(line.Groups["number"].Value, CultureInfo.InvariantCulture), number);
                checkedNames++;
            }
        }
        Assert.True(checkedNames > 290, $"{checkedNames} names");
    }

    [Fact]
    public void Both_machines_have_the_same_parameters_for_the_same_call_and_each_knows_what_the_other_lacks()
    {
        var x64 = CallTable.For(Architecture.X64).Values.ToDictionary(signature => signature.Name);
        var arm64 = CallTable.For(Architecture.Arm64).Values.ToDictionary(signature => signature.Name);
        Assert.All(arm64.Values, signature => Assert.Equal(x64[signature.Name].Parameters, signature.Parameters));
        Assert.False(arm64.ContainsKey("open"));
        Assert.Equal(16, arm64["epoll_ctl"].Items[0].Size);
        Assert.Equal(12, x64["epoll_ctl"].Items[0].Size);
        Assert.True(arm64.Values.Count(signature => signature.Parameters is not null) > 220);
    }

    [Fact]
    public void An_item_has_its_place_in_the_payload()
    {
        Assert.Equal(((0, 96), (96, 32)), (CallTable.Of(4).Place(0), CallTable.Of(4).Place(1)));
        Assert.Equal(((0, 64), (64, 64)), (CallTable.Of(82).Place(0), CallTable.Of(82).Place(1)));
        Assert.Equal((0, 128), CallTable.Of(80).Place(0));
    }

    [GeneratedRegex(@"^#define __NR(?<wide>3264)?_(?<name>\w+)\s+(?<number>\d+)\s*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Definition();
}
