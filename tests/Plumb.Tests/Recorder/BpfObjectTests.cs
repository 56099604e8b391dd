using Plumb.Recorder.Kernel;
using Plumb.Recorder.Ring;
using Xunit;

namespace Plumb.Tests.Recorder;

public sealed class BpfObjectTests
{
    private static byte[] CheckedIn => File.ReadAllBytes(Repository.PathOf("src/Plumb.Recorder/Bpf/recorder.x86_64.o"));

    [Fact]
    public void The_object_has_the_maps_and_programs_that_the_loader_asks_for()
    {
        var file = BpfObject.Parse(CheckedIn);
        Assert.Equal(["pending", "ring", "scratch"], file.Maps.Select(map => map.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["raw_tp/sys_enter", "raw_tp/sys_exit", "tp_btf/floor_enter", "tp_btf/floor_exit", "tp_btf/sys_enter", "tp_btf/sys_exit"], file.Programs.Select(program => program.Section).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Both_sides_agree_on_the_size_of_a_slot_and_of_the_control_block()
    {
        var file = BpfObject.Parse(CheckedIn);
        var ring = file.Maps.Single(map => map.Name == "ring");
        Assert.Equal((uint)SlotLayout.Bytes, ring.ValueBytes);
        Assert.Equal((uint)SlotLayout.Slots, ring.Entries);
        Assert.Equal((uint)ControlLayout.Bytes, file.VariableBytes);
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
        foreach (var program in BpfObject.Parse(CheckedIn).Programs.Where(program => !program.Section.Contains("floor", StringComparison.Ordinal)))
        {
            Assert.NotEmpty(program.Relocations);
            Assert.All(program.Relocations, relocation => Assert.Equal(0x18UL, program.Instructions[relocation.Instruction] & 0xFF));
            Assert.Contains(program.Relocations, relocation => relocation.Map is null);
            Assert.Contains(program.Relocations, relocation => relocation.Map == "ring");
        }
    }

    [Fact]
    public void A_damaged_object_is_refused_in_words_and_never_crashes_the_reader()
    {
        var good = CheckedIn;
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
    public void A_typedef_is_found_by_its_name_in_the_kernels_type_information()
    {
        // One int (kind 1, four bytes follow) and one typedef (kind 8) named "wanted".
        var strings = "\0int\0wanted\0"u8.ToArray();
        byte[] types = [1, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 32, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0];
        byte[] header = [0x9F, 0xEB, 1, 0, 24, 0, 0, 0, 0, 0, 0, 0, (byte)types.Length, 0, 0, 0, (byte)types.Length, 0, 0, 0, (byte)strings.Length, 0, 0, 0];
        byte[] information = [.. header, .. types, .. strings];
        Assert.Equal(2u, KernelTypes.TypedefNumber(information, "wanted"));
        Assert.Null(KernelTypes.TypedefNumber(information, "want"));
        Assert.Null(KernelTypes.TypedefNumber([], "wanted"));
    }
}
