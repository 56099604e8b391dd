using Plumb.Recorder.Kernel;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class BpfObjectTests
{
    private static byte[] CheckedIn(string machine = "x86_64") => File.ReadAllBytes(Repository.PathOf($"src/Plumb.Recorder/Bpf/recorder.{machine}.o"));

    [Theory]
    [InlineData("x86_64")]
    [InlineData("arm64")]
    public void The_object_has_the_maps_and_programs_that_the_loader_asks_for(string machine)
    {
        var file = BpfObject.Parse(CheckedIn(machine));
        Assert.Equal(["locks", "pending", "ring_of", "rings", "scratch", "target"], file.Maps.Select(map => map.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["locked/cgroup_mkdir", "locked/sys_enter", "locked/sys_exit", "raw_tp/sys_enter", "raw_tp/sys_exit", "tp_btf/cgroup_mkdir", "tp_btf/cgroup_rmdir", "tp_btf/floor_enter", "tp_btf/floor_exit", "tp_btf/sys_enter", "tp_btf/sys_exit"], file.Programs.Select(program => program.Section).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Both_sides_agree_on_the_sizes_of_what_they_share()
    {
        var file = BpfObject.Parse(CheckedIn());
        Assert.Equal((uint)LoadedPrograms.MostRings, file.Maps.Single(map => map.Name == "rings").Entries);
        Assert.Equal((uint)HeaderLayout.LongestPath, file.Maps.Single(map => map.Name == "scratch").ValueBytes);
        Assert.Equal((uint)ControlLayout.Bytes, file.VariableBytes);
    }

    [Fact]
    public void Every_load_of_a_kernel_field_gets_the_running_kernels_offset()
    {
        var offsets = Enumerable.Range(0, 16).Select(index => (short)(index * 8)).ToArray();
        foreach (var program in BpfObject.Parse(CheckedIn()).Programs.Where(program => program.Section.StartsWith("tp_btf/", StringComparison.Ordinal)))
        {
            var code = (ulong[])program.Instructions.Clone();
            var before = code.Count(IsField);
            KernelFields.Put(code, offsets);
            Assert.Equal(0, code.Count(IsField));
            Assert.Equal(program.Section.Contains("floor", StringComparison.Ordinal), before == 0);
        }

        static bool IsField(ulong instruction) => (instruction & 0xE7) == 0x61 && ((instruction >> 16) & 0xFFF0) == 0x7F00;
    }

    [Fact]
    public void A_relocated_load_names_the_map_or_the_place_in_the_variables()
    {
        var program = new BpfProgram("x/y", [0x18 | (3UL << 8), 0, 0x18 | (4UL << 8), 0], [new BpfRelocation(0, "ring", 0), new BpfRelocation(2, null, 56)]);
        var code = Relocation.Apply(program, new Dictionary<string, int> { ["ring"] = 7 }, 9);
        Assert.Equal([0x18UL | (3UL << 8) | (1UL << 12) | (7UL << 32), 0, 0x18UL | (4UL << 8) | (2UL << 12) | (9UL << 32), 56UL << 32], code);
        Assert.Equal(0x18UL | (3UL << 8), program.Instructions[0]);
    }

    [Fact]
    public void Every_wide_load_of_the_checked_in_programs_that_refers_to_something_is_relocated()
    {
        foreach (var program in BpfObject.Parse(CheckedIn()).Programs.Where(program => !program.Section.Contains("floor", StringComparison.Ordinal)))
        {
            Assert.NotEmpty(program.Relocations);
            Assert.All(program.Relocations, relocation => Assert.Equal(0x18UL, program.Instructions[relocation.Instruction] & 0xFF));
            Assert.True(program.Section.Contains("rmdir", StringComparison.Ordinal) || program.Relocations.Any(relocation => relocation.Map is null));
            Assert.Contains(program.Relocations, relocation => relocation.Map == (program.Section.Contains("cgroup", StringComparison.Ordinal) ? "ring_of" : "rings"));
        }
    }

    [Fact]
    public void A_damaged_object_is_refused_in_words_and_never_crashes_the_reader()
    {
        var good = CheckedIn();
        for (var length = 0; length < good.Length; length += 97)
        {
            _ = Assert.Throws<InvalidDataException>(() => BpfObject.Parse(good.AsSpan(0, length)));
        }
        var random = new Random(4);
        for (var round = 0; round < 300; round++)
        {
            var bad = (byte[])good.Clone();
            for (var flips = 0; flips < 8; flips++)
            {
                bad[random.Next(bad.Length)] ^= (byte)random.Next(1, 256);
            }
            try
            {
                _ = BpfObject.Parse(bad);
            }
            catch (InvalidDataException)
            {
                // Said in words; anything else fails the test.
            }
        }
    }

    [Fact]
    public void A_typedef_and_a_member_in_an_unnamed_part_are_found_in_the_kernels_type_information()
    {
        // 1: int; 2: typedef "wanted"; 3: an unnamed struct with "deep" at 4; 4: struct "outer" with the unnamed part at 8.
        var strings = "\0int\0wanted\0outer\0deep\0"u8.ToArray();
        uint[] types = [1, 0x01000000, 4, 32, 5, 0x08000000, 1, 0, 0x04000001, 8, 18, 1, 32, 12, 0x04000001, 16, 0, 3, 64];
        uint[] header = [0x0001EB9F, 24, 0, (uint)types.Length * 4, (uint)types.Length * 4, (uint)strings.Length];
        byte[] information = [.. header.Concat(types).SelectMany(BitConverter.GetBytes), .. strings];
        var parsed = KernelTypes.Parse(information)!;
        Assert.Equal(2u, parsed.Typedefs("wanted"));
        Assert.Null(parsed.Typedefs("want"));
        Assert.Equal(12, parsed.Offset("outer", "deep"));
        Assert.Null(parsed.Offset("outer", "int"));
        Assert.Null(KernelTypes.Parse(Array.Empty<byte>()));
    }
}
