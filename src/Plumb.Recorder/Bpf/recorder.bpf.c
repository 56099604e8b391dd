// The recorder's kernel side: every system call of one container (a cgroup and what is below it) or process goes into one ring of slots.
//
// A slot is claimed by a fetch-and-add on the head, filled when the call begins and completed in place when it returns, so a call that is still in
// flight is in the ring too. The sequence number stands before and after the content: a reader without a pause sees when it was overwritten meanwhile.
//
// What to keep of which call (a path, a buffer, an address) is a table that the loader fills in; this program knows no call except execve.
// Built by build.sh into recorder.x86_64.o; there is no other input than this file.

typedef unsigned char u8;
typedef unsigned short u16;
typedef short s16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static inline __attribute__((always_inline))
#define barrier() asm volatile("" ::: "memory")
#define ONCE(x) (*(volatile __typeof__(x) *)&(x))

#define SLOTS 4096
#define PENDING 65536
#define CALLS 512
#define PAYLOAD 128
#define HALF 64
#define MOST_ARGUMENTS 8

#define EXECVE 59
#define EXECVEAT 322
#define COMPAT_CS 0x23

// Offsets and sizes of all three structures are known to the C# side (Ring/SlotLayout.cs, Ring/ControlLayout.cs).
struct slot {
    u64 begin;      // position in the recording, from 1; written first
    u64 enter_ns;   // CLOCK_MONOTONIC
    u64 exit_ns;    // 0 while the call is in flight; written last
    s64 ret;
    u64 args[6];
    u32 tgid;
    u32 tid;
    u16 nr;
    u16 cpu;
    u32 uid;
    char comm[16];
    s16 length[2];  // bytes kept of each item; negative: an errno, NOTHING: not tried
    u32 cgroup;     // low half of the id of the cgroup that it ran in
    u8 payload[PAYLOAD];
    u64 end;        // equals begin when the enter half is whole
};

#define NOTHING (-1000)

enum kind {
    NONE = 0,
    STRING = 1,         // at enter, again at exit when it could not be read
    BYTES_IN = 2,       // at enter, as many as the next argument says
    BYTES_OUT = 3,      // at exit, as many as the call returned
    STRUCT_OUT = 4,     // at exit, a fixed size, when the call succeeded
    STRUCT_IN = 5,      // at enter, a fixed size
    ARGUMENTS = 6,      // at enter, an argv
};

struct item {
    u8 kind;
    u8 argument;
    u8 size;            // of a fixed structure
    u8 spare;
};

struct control {
    u64 head;           // calls claimed so far
    u64 lost_exits;     // a return whose slot was overwritten meanwhile
    u64 compat_calls;   // 32-bit calls, which are not recorded
    u64 late_exits;     // a slot overwritten in the instant of its completion
    u64 cgroup;         // id to match at that depth; 0: every cgroup
    u32 level;
    u32 tgid;           // process to match; 0: every process
    u32 not_tgid;       // the recorder's own process
    u32 wait_for_exec;  // 1 until the first execve
    struct item items[CALLS][2];
};

struct control control;

struct map { u32 type, key_size, value_size, entries, flags; };
#define ARRAY 2
#define PERCPU_ARRAY 6
#define MMAPABLE 1024

struct map SEC("maps") ring = { ARRAY, 4, sizeof(struct slot), SLOTS, MMAPABLE };
struct map SEC("maps") pending = { ARRAY, 4, 8, PENDING, 0 };
struct map SEC("maps") scratch = { PERCPU_ARRAY, 4, 256, 1, 0 };

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static u64 (*ktime_get_ns)(void) = (void *)5;
static u32 (*get_smp_processor_id)(void) = (void *)8;
static u64 (*get_current_pid_tgid)(void) = (void *)14;
static u64 (*get_current_uid_gid)(void) = (void *)15;
static long (*get_current_comm)(void *to, u32 size) = (void *)16;
static u64 (*get_current_cgroup_id)(void) = (void *)80;
static long (*probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;
static u64 (*get_current_ancestor_cgroup_id)(int level) = (void *)123;

// The saved registers of x86-64 (arch/x86/include/asm/ptrace.h).
struct registers {
    u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

INLINE int is_wanted(u32 tgid)
{
    if (control.tgid && control.tgid != tgid)
        return 0;
    if (control.cgroup && get_current_ancestor_cgroup_id(control.level) != control.cgroup)
        return 0;
    return tgid != control.not_tgid;
}

// The item's place: the whole payload when it is the only one, else its half.
INLINE s16 keep_string(u8 *to, int whole, u64 from)
{
    long kept = whole ? probe_read_user_str(to, PAYLOAD, (void *)from) : probe_read_user_str(to, HALF, (void *)from);
    return kept;
}

// The verifier has to see the bound on the very register that is passed on, so the mask is assembler that the compiler cannot replace.
#define MASK(value, bits) asm volatile("%0 &= %1" : "+r"(value) : "i"(bits))

INLINE s16 keep_bytes(u8 *to, int whole, u64 from, u64 size)
{
    u64 room = whole ? PAYLOAD : HALF;
    if (size >= room) {
        long failed = whole ? probe_read_user(to, PAYLOAD, (void *)from) : probe_read_user(to, HALF, (void *)from);
        return failed ? -14 : room;
    }
    if (whole)
        MASK(size, PAYLOAD - 1);
    else
        MASK(size, HALF - 1);
    return probe_read_user(to, size, (void *)from) ? -14 : size;
}

// argv, one string after the other with its NUL; the strings that did not fit are missing, the last may be cut.
INLINE s16 keep_arguments(u8 *to, u64 from)
{
    u32 zero = 0;
    u8 *text = map_lookup(&scratch, &zero);
    if (!text)
        return -14;
    u32 used = 0;
#pragma unroll
    for (int i = 0; i < MOST_ARGUMENTS; i++) {
        u64 pointer = 0;
        if (used >= HALF || probe_read_user(&pointer, 8, (void *)(from + i * 8)) < 0 || !pointer)
            break;
        long kept = probe_read_user_str(text + (used & (HALF - 1)), HALF, (void *)pointer);
        if (kept <= 0)
            break;
        used += kept & (2 * HALF - 1);
    }
    if (used > HALF)
        used = HALF;
#pragma unroll
    for (int i = 0; i < HALF / 8; i++)
        ((u64 *)to)[i] = ((u64 *)text)[i];
    return used;
}

INLINE u64 argument(struct slot *slot, u32 index)
{
    switch (index) {
    case 0: return slot->args[0];
    case 1: return slot->args[1];
    case 2: return slot->args[2];
    case 3: return slot->args[3];
    case 4: return slot->args[4];
    default: return slot->args[5];
    }
}

INLINE s16 keep_at_enter(struct slot *slot, struct item *item, u8 *to, int whole)
{
    u64 from = argument(slot, item->argument);
    switch (item->kind) {
    case STRING: return keep_string(to, whole, from);
    case BYTES_IN: return keep_bytes(to, whole, from, argument(slot, item->argument + 1));
    case STRUCT_IN: return keep_bytes(to, whole, from, item->size);
    case ARGUMENTS: return whole ? NOTHING : keep_arguments(to, from);
    default: return NOTHING;
    }
}

INLINE void keep_at_exit(struct slot *slot, struct item *item, u8 *to, int whole, s16 *length)
{
    u64 from = argument(slot, item->argument);
    if (item->kind == STRING && *length < 0)
        *length = keep_string(to, whole, from);
    else if (item->kind == BYTES_OUT && slot->ret >= 0)
        *length = keep_bytes(to, whole, from, slot->ret);
    else if (item->kind == STRUCT_OUT && slot->ret >= 0 && from)
        *length = keep_bytes(to, whole, from, item->size);
}

INLINE int on_enter(struct registers *regs, u64 nr)
{
    u64 ids = get_current_pid_tgid();
    u32 tgid = ids >> 32;
    if (!is_wanted(tgid))
        return 0;
    if ((regs->cs & 0xffff) == COMPAT_CS) {
        __sync_fetch_and_add(&control.compat_calls, 1);
        return 0;
    }
    if (control.wait_for_exec) {
        if (nr != EXECVE && nr != EXECVEAT)
            return 0;
        control.wait_for_exec = 0;
    }
    u64 position = __sync_fetch_and_add(&control.head, 1) + 1;
    u32 index = (position - 1) & (SLOTS - 1);
    struct slot *slot = map_lookup(&ring, &index);
    u32 place = (u32)ids & (PENDING - 1);
    u64 *waiting = map_lookup(&pending, &place);
    if (!slot || !waiting)
        return 0;
    ONCE(slot->begin) = position;
    barrier();
    slot->exit_ns = 0;
    slot->ret = 0;
    slot->args[0] = regs->di;
    slot->args[1] = regs->si;
    slot->args[2] = regs->dx;
    slot->args[3] = regs->r10;
    slot->args[4] = regs->r8;
    slot->args[5] = regs->r9;
    slot->tgid = tgid;
    slot->tid = (u32)ids;
    slot->nr = nr;
    slot->cpu = get_smp_processor_id();
    slot->uid = (u32)get_current_uid_gid();
    get_current_comm(slot->comm, sizeof(slot->comm));
    slot->cgroup = get_current_cgroup_id();
    slot->length[0] = NOTHING;
    slot->length[1] = NOTHING;
    if (nr < CALLS) {
        struct item *items = control.items[nr & (CALLS - 1)];
        int whole = items[1].kind == NONE;
        if (items[0].kind)
            slot->length[0] = keep_at_enter(slot, &items[0], slot->payload, whole);
        if (!whole)
            slot->length[1] = keep_at_enter(slot, &items[1], slot->payload + HALF, 0);
    }
    slot->enter_ns = ktime_get_ns();
    barrier();
    ONCE(slot->end) = position;
    *waiting = position;
    return 0;
}

INLINE int on_exit(s64 ret)
{
    u32 tid = (u32)get_current_pid_tgid();
    u32 place = tid & (PENDING - 1);
    u64 *waiting = map_lookup(&pending, &place);
    if (!waiting || !*waiting)
        return 0;
    u64 position = *waiting;
    u32 index = (position - 1) & (SLOTS - 1);
    struct slot *slot = map_lookup(&ring, &index);
    if (!slot)
        return 0;
    if (ONCE(slot->begin) != position) {
        *waiting = 0;
        __sync_fetch_and_add(&control.lost_exits, 1);
        return 0;
    }
    // Another thread whose id ends in the same bits: the place is still its own.
    if (slot->tid != tid)
        return 0;
    *waiting = 0;
    slot->ret = ret;
    u32 nr = slot->nr;
    if (nr < CALLS && nr != EXECVE && nr != EXECVEAT) {
        struct item *items = control.items[nr & (CALLS - 1)];
        int whole = items[1].kind == NONE;
        if (items[0].kind)
            keep_at_exit(slot, &items[0], slot->payload, whole, &slot->length[0]);
        if (!whole)
            keep_at_exit(slot, &items[1], slot->payload + HALF, 0, &slot->length[1]);
    }
    u64 now = ktime_get_ns();
    barrier();
    if (ONCE(slot->begin) != position) {
        __sync_fetch_and_add(&control.late_exits, 1);
        return 0;
    }
    ONCE(slot->exit_ns) = now;
    return 0;
}

SEC("tp_btf/sys_enter") int typed_enter(u64 *context)
{
    return on_enter((struct registers *)context[0], context[1]);
}

SEC("tp_btf/sys_exit") int typed_exit(u64 *context)
{
    return on_exit(context[1]);
}

SEC("raw_tp/sys_enter") int raw_enter(u64 *context)
{
    struct registers regs;
    if (probe_read_kernel(&regs, sizeof(regs), (void *)context[0]) < 0)
        return 0;
    return on_enter(&regs, context[1]);
}

SEC("raw_tp/sys_exit") int raw_exit(u64 *context)
{
    return on_exit(context[1]);
}

// The floor of the benchmark: what two programs that do nothing cost.
SEC("tp_btf/floor_enter") int floor_enter(u64 *context)
{
    return 0;
}

SEC("tp_btf/floor_exit") int floor_exit(u64 *context)
{
    return 0;
}

char license_text[] SEC("license") = "GPL";
