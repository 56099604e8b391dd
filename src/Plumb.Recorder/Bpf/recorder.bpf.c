// The recorder's kernel side: every system call of a container goes into the container's own ring of slots. Either one target is recorded (a cgroup and what is
// below it, or a process), or every container of the machine, each from its first execve: the creation of its cgroup gives it a ring from a stock.
//
// A slot is claimed by a fetch-and-add on the head, filled when the call begins and completed in place when it returns, so a call that is still in
// flight is in the ring too. The sequence number stands before and after the content: a reader without a pause sees when it was overwritten meanwhile.
//
// What to keep of which call (a path, a buffer, an address) is a table that the loader fills in; this program knows no call except execve.
// Built by build.sh into recorder.x86_64.o and, with ARM64 defined, recorder.arm64.o; there is no other input than this file.

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
#define HEADER SLOTS            // three more slots: the header, and the cgroup's path
#define RING_SLOTS (SLOTS + 3)
#define PATH_BYTES 512
#define RINGS 512
#define STOCK 8
#define CGROUPS 8192
#define PREFIX_WORDS 8
#define PENDING 65536
#define CALLS 512
#define PAYLOAD 128
#define HALF 64
#define NARROW 32
#define MOST_ARGUMENTS 8
#define MOST_VECTORS 4
#define MOST_ENTRIES 128
#define LOWEST_POINTER 65536

// The saved registers (arch/*/include/asm/ptrace.h) and the numbers of the calls that are treated by themselves.
#ifdef ARM64
#define EXECVE 221
#define EXECVEAT 281
#define SCHED_YIELD 124
struct registers {
    u64 x0, x1, x2, x3, x4, x5, more[25], sp, pc, pstate;
};
#define ARGUMENTS_OF(r) { r->x0, r->x1, r->x2, r->x3, r->x4, r->x5 }
#define IS_32_BIT(r) (r->pstate & 0x10)
#else
#define EXECVE 59
#define EXECVEAT 322
#define SCHED_YIELD 24
struct registers {
    u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};
#define ARGUMENTS_OF(r) { r->di, r->si, r->dx, r->r10, r->r8, r->r9 }
#define IS_32_BIT(r) ((r->cs & 0xffff) == 0x23)
#endif

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
    ARRAY_IN = 7,       // at enter and again at exit, as many elements of that size as the next argument says
    ARRAY_OUT = 8,      // at exit, as many elements of that size as the call returned
    TEXT_OUT = 9,       // BYTES_OUT of a name, which is kept also without --buffers
    WORDS_OUT = 10,     // at exit, two words of a structure; size has both their places, counted in words
    VECTOR_IN = 11,     // at enter, what the vector of the next argument's length holds; second item only, like those below
    VECTOR_OUT = 12,    // at exit, the same
    MESSAGE_IN = 13,    // at enter, a msghdr: four numbers and the name; first item only
    MESSAGE_OUT = 14,   // at exit, the same
    MESSAGE_DATA_IN = 15,
    MESSAGE_DATA_OUT = 16,
    ENTRIES_OUT = 17,   // at exit, the number of a directory's entries
    ANSWER_OUT = 18,    // BYTES_OUT, when the address three arguments on says that a name server sent it
    MESSAGE_ANSWER_OUT = 19,    // MESSAGE_DATA_OUT, when the msghdr's name says so
};

struct item {
    u8 kind;
    u8 argument;
    u8 size;            // of a fixed structure
    u8 narrow;          // on both items: the second has the last 32 bytes, the first all before
};

// In the slot behind the last: what is known of a ring. Positions go on when a ring is given to another container, from base.
struct header {
    u64 head;           // calls claimed so far
    u64 base;           // head when the present container got the ring
    u64 lost_exits;     // a return whose slot was overwritten meanwhile
    u64 compat_calls;   // 32-bit calls, which are not recorded
    u64 late_exits;     // a slot overwritten in the instant of its completion
    u64 cgroup;         // id of the container's cgroup; 0: nobody's
    u64 began_ns;       // CLOCK_MONOTONIC
    u64 ended_ns;       // the cgroup was removed; 0 before
    u32 wait_for_exec;  // 1 until the first execve
    u32 path_bytes;     // of the cgroup's path, with its NUL; it stands in the next two slots
    u64 yields;         // calls of sched_yield, which are counted only: a spinning thread pool would fill the ring with them
    u64 unclaimed;      // calls that got no slot, because the lock was not to be had
    u64 spare[21];
};

struct control {
    u64 cgroup;         // the one target's cgroup id, at that depth; 0: every cgroup
    u32 level;
    u32 tgid;           // process to match; 0: every process
    u32 not_tgid;       // the recorder's own process
    u32 every;          // 1: every container has its ring; 0: there is one target, and ring 0
    u64 stock[STOCK];   // number of an empty ring, plus 1; taken by setting it to 0
    u64 without_ring;   // containers that found the stock empty
    u64 prefix[PREFIX_WORDS];       // a container's cgroup path begins so
    u64 prefix_mask[PREFIX_WORDS];
    struct item items[CALLS][2];
};

struct control control;

struct map { u32 type, key_size, value_size, entries, flags; };
#define ARRAY 2
#define HASH 1
#define PERCPU_ARRAY 6
#define CGROUP_ARRAY 8
#define ARRAY_OF_MAPS 12

// The loader makes the rings: arrays of RING_SLOTS slots that can be mapped into memory.
struct map SEC("maps") rings = { ARRAY_OF_MAPS, 4, 4, RINGS, 0 };
struct map SEC("maps") ring_of = { HASH, 8, 8, CGROUPS, 0 };
struct map SEC("maps") pending = { ARRAY, 4, 8, PENDING, 0 };
struct map SEC("maps") scratch = { PERCPU_ARRAY, 4, PATH_BYTES, 1, 0 };
// The target's cgroup, for kernels that do not tell the ids of a cgroup's ancestors.
struct map SEC("maps") target = { CGROUP_ARRAY, 4, 4, 1, 0 };
// For kernels without fetch-and-add and without locks for such programs: who put the ring's number in has the lock.
struct map SEC("maps") locks = { HASH, 4, 4, RINGS + 1, 0 };
#define STOCK_LOCK RINGS
#define MOST_TRIES 256
#define NO_EXIST 1

static void *(*map_lookup)(void *map, const void *key) = (void *)1;
static long (*map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*map_delete)(void *map, const void *key) = (void *)3;
static u64 (*ktime_get_ns)(void) = (void *)5;
static u32 (*get_smp_processor_id)(void) = (void *)8;
static u64 (*get_current_pid_tgid)(void) = (void *)14;
static u64 (*get_current_uid_gid)(void) = (void *)15;
static long (*get_current_comm)(void *to, u32 size) = (void *)16;
static long (*current_task_under_cgroup)(void *cgroups, u32 index) = (void *)37;
static u64 (*get_current_cgroup_id)(void) = (void *)80;
static long (*probe_read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*probe_read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*probe_read_user_str)(void *to, u32 size, const void *from) = (void *)114;
static long (*probe_read_kernel_str)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*get_current_ancestor_cgroup_id)(int level) = (void *)123;
static void *(*get_current_task)(void) = (void *)158;

// Offsets that only the running kernel's type information tells. The loader replaces these numbers in the instructions (Kernel/KernelFields.cs).
#define TASK_PID 0x7f00
#define TASK_TGID 0x7f01
#define TASK_COMM 0x7f02
#define TASK_CGROUPS 0x7f03
#define TASK_CRED 0x7f04
#define CRED_UID 0x7f05
#define CSS_SET_CGROUP 0x7f06
#define CGROUP_NODE 0x7f07
#define CGROUP_LEVEL 0x7f08
#define CGROUP_ROOT 0x7f09
#define CGROUP_PARENT 0x7f0a    // cgroup.self.parent
#define CSS_CGROUP 0x7f0b
#define NODE_ID 0x7f0c
#define NODE_NAME 0x7f0d
#define ROOT_HIERARCHY 0x7f0e
#define TASK_COMM_END 0x7f0f    // the second half of comm

#define READ64(pointer, offset) ({ u64 value_; asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(value_) : "r"(pointer), "i"(offset)); value_; })
#define READ32(pointer, offset) ({ u64 value_; asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(value_) : "r"(pointer), "i"(offset)); value_; })

// The calling thread, from its task where types are known (cheap), else from helpers.
struct caller {
    void *task;
    u64 cgroup_id;
    u32 tgid;
    u32 tid;
};

// Which ring a cgroup's calls go to, by its number; negative: none.
INLINE s64 ring_of_cgroup(u64 *id)
{
    u64 *number = map_lookup(&ring_of, id);
    return number ? *number : -1;
}

// The ring that the caller's calls go to; negative: none. Most callers are nobody's, so what tells that soonest comes first.
INLINE s64 find_by_task(struct caller *caller)
{
    caller->task = get_current_task();
    void *cgroup = (void *)READ64(READ64(caller->task, TASK_CGROUPS), CSS_SET_CGROUP);
    u32 level = READ32(cgroup, CGROUP_LEVEL);
    if (level < control.level)
        return -1;
    caller->cgroup_id = READ64(READ64(cgroup, CGROUP_NODE), NODE_ID);
    s64 number = 0;
    if (control.every)
        number = ring_of_cgroup(&caller->cgroup_id);
    else if (control.cgroup && caller->cgroup_id != control.cgroup
        && (level == control.level || get_current_ancestor_cgroup_id(control.level) != control.cgroup))
        return -1;
    if (number < 0)
        return -1;
    caller->tgid = READ32(caller->task, TASK_TGID);
    if (caller->tgid == control.not_tgid || (control.tgid && caller->tgid != control.tgid))
        return -1;
    caller->tid = READ32(caller->task, TASK_PID);
    return number;
}

INLINE s64 find_by_helpers(struct caller *caller)
{
    u64 ids = get_current_pid_tgid();
    caller->tgid = ids >> 32;
    caller->tid = (u32)ids;
    if (caller->tgid == control.not_tgid || (control.tgid && caller->tgid != control.tgid))
        return -1;
    caller->cgroup_id = get_current_cgroup_id();
    if (control.every)
        return ring_of_cgroup(&caller->cgroup_id);
    return !control.cgroup || caller->cgroup_id == control.cgroup || current_task_under_cgroup(&target, 0) == 1 ? 0 : -1;
}

// The item's place: the whole payload when it is the only one, else its half, or all but the narrow end.
INLINE s16 keep_string(u8 *to, int whole, int narrow, u64 from)
{
    long kept = whole ? probe_read_user_str(to, PAYLOAD, (void *)from)
        : narrow ? probe_read_user_str(to, PAYLOAD - NARROW, (void *)from) : probe_read_user_str(to, HALF, (void *)from);
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

// A structure at the narrow end.
INLINE s16 keep_narrow(u8 *to, u64 from, u64 size)
{
    if (size >= NARROW)
        return probe_read_user(to, NARROW, (void *)from) ? -14 : NARROW;
    MASK(size, NARROW - 1);
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

// Two words of a structure, at the places that the nibbles say. When they are near each other one reading gets both: a reading costs more than the bytes.
INLINE s16 keep_words(u8 *to, u64 from, u32 places)
{
    u32 first = places & 15, second = places >> 4;
    if (second - first < NARROW / 8) {
        if (probe_read_user(to, NARROW, (void *)(from + first * 8)))
            return -14;
        u64 between = second - first;
        MASK(between, NARROW / 8 - 1);
        ((u64 *)to)[1] = ((u64 *)to)[between];
        return 16;
    }
    if (probe_read_user(to, 8, (void *)(from + first * 8)) || probe_read_user(to + 8, 8, (void *)(from + second * 8)))
        return -14;
    return 16;
}

// What a vector of buffers holds, one buffer after the other.
INLINE s16 keep_vector(u8 *to, u64 from, u64 count, u64 most)
{
    u32 zero = 0;
    u8 *text = map_lookup(&scratch, &zero);
    if (!text)
        return -14;
    u32 used = 0;
#pragma unroll
    for (int i = 0; i < MOST_VECTORS; i++) {
        u64 vector[2];
        if (i >= count || used >= HALF || probe_read_user(vector, 16, (void *)(from + i * 16)) < 0)
            break;
        u64 size = vector[1] > HALF ? HALF : vector[1];
        MASK(size, 2 * HALF - 1);
        if (probe_read_user(text + (used & (HALF - 1)), size, (void *)vector[0]) < 0)
            break;
        used += size;
    }
    if (used > HALF)
        used = HALF;
    if (used > most)
        used = most;
#pragma unroll
    for (int i = 0; i < HALF / 8; i++)
        ((u64 *)to)[i] = ((u64 *)text)[i];
    return used;
}

// struct msghdr of include/linux/socket.h.
struct message {
    u64 name;
    u32 name_bytes, pad;
    u64 vector, count, control, control_bytes;
    u32 flags, end;
};

// The lengths of name, vector and control data, the flags, then the name.
INLINE s16 keep_message(u8 *to, u64 from)
{
    struct message message;
    if (probe_read_user(&message, sizeof(message), (void *)from))
        return -14;
    u64 size = message.name ? message.name_bytes : 0;
    ((u32 *)to)[0] = size;
    ((u32 *)to)[1] = message.count;
    ((u32 *)to)[2] = message.control ? message.control_bytes : 0;
    ((u32 *)to)[3] = message.flags;
    if (size > HALF - 16)
        size = HALF - 16;
    MASK(size, HALF - 1);
    return probe_read_user(to + 16, size, (void *)message.name) ? 16 : 16 + size;
}

INLINE s16 keep_message_data(u8 *to, u64 from, u64 most)
{
    u64 vector[2];
    return probe_read_user(vector, 16, (void *)(from + 16)) ? -14 : keep_vector(to, vector[0], vector[1], most);
}

// How many, and whether these are all: struct linux_dirent64 has its own length at 16, as has the older one.
INLINE s16 keep_entries(u8 *to, u64 from, u64 bytes)
{
    u64 at = 0;
    u32 count = 0;
    for (int i = 0; i < MOST_ENTRIES && at < bytes; i++) {
        u16 length = 0;
        if (probe_read_user(&length, 2, (void *)(from + at + 16)) || !length)
            break;
        at += length;
        count++;
    }
    ((u32 *)to)[0] = count;
    ((u32 *)to)[1] = at >= bytes;
    return 8;
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

// Some kinds have a place of their own, so that their code is there once only.
INLINE s16 keep_at_enter(struct slot *slot, struct item *item, u8 *to, int whole)
{
    int first = to == slot->payload;
    u64 from = argument(slot, item->argument);
    // A number where others pass a pointer, and NULL: a failed reading costs a page fault.
    if (from < LOWEST_POINTER)
        return NOTHING;
    if (!first && item->narrow)
        return item->kind == STRUCT_IN ? keep_narrow(slot->payload + PAYLOAD - NARROW, from, item->size) : NOTHING;
    switch (item->kind) {
    case STRING: return keep_string(to, whole, first && item->narrow, from);
    case BYTES_IN: return keep_bytes(to, whole, from, argument(slot, item->argument + 1));
    case STRUCT_IN: return keep_bytes(to, whole, from, item->size);
    case ARRAY_IN: return keep_bytes(to, whole, from, (argument(slot, item->argument + 1) & 0xffff) * item->size);
    case ARGUMENTS: return first ? NOTHING : keep_arguments(to, from);
    case VECTOR_IN: return first ? NOTHING : keep_vector(to, from, argument(slot, item->argument + 1), HALF);
    case MESSAGE_IN: return first ? keep_message(to, from) : NOTHING;
    case MESSAGE_DATA_IN: return first ? NOTHING : keep_message_data(to, from, HALF);
    default: return NOTHING;
    }
}

#define NAME_SERVER_PORT 0x3500 // 53, in network order; at 2 in a sockaddr of either family
#define NAME_IN_MESSAGE 16

// Nothing else that is received is copied unless somebody asked for it.
INLINE int is_from_name_server(u64 address)
{
    u16 port = 0;
    return address >= LOWEST_POINTER && probe_read_user(&port, 2, (void *)(address + 2)) == 0 && port == NAME_SERVER_PORT;
}

INLINE void keep_at_exit(struct slot *slot, struct item *item, u8 *to, int whole, s16 *length)
{
    int first = to == slot->payload;
    u64 from = argument(slot, item->argument);
    u8 kind = item->kind;
    if (from < LOWEST_POINTER)
        return;
    if (!first && item->narrow) {
        if (slot->ret >= 0 && kind == WORDS_OUT)
            *length = keep_words(slot->payload + PAYLOAD - NARROW, from, item->size);
        else if (slot->ret >= 0 && kind == STRUCT_OUT)
            *length = keep_narrow(slot->payload + PAYLOAD - NARROW, from, item->size);
        return;
    }
    if (kind == STRING && *length < 0)
        *length = keep_string(to, whole, first && item->narrow, from);
    else if (kind <= STRUCT_OUT && kind >= BYTES_OUT && slot->ret >= 0)
        *length = keep_bytes(to, whole, from, kind == STRUCT_OUT ? item->size : slot->ret);
    else if (kind < ARRAY_IN || slot->ret < 0)
        return;
    else if (kind == ARRAY_IN)
        *length = keep_bytes(to, whole, from, (argument(slot, item->argument + 1) & 0xffff) * item->size);
    else if (kind == ARRAY_OUT)
        *length = keep_bytes(to, whole, from, (slot->ret & 0xffff) * item->size);
    else if (kind == TEXT_OUT)
        *length = keep_bytes(to, whole, from, slot->ret);
    else if (kind == WORDS_OUT)
        *length = keep_words(to, from, item->size);
    else if (kind == ENTRIES_OUT && first)
        *length = keep_entries(to, from, slot->ret);
    else if (kind == MESSAGE_OUT && first)
        *length = keep_message(to, from);
    else if (kind == VECTOR_OUT && !first)
        *length = keep_vector(to, from, argument(slot, item->argument + 1), slot->ret);
    else if ((kind == MESSAGE_DATA_OUT || (kind == MESSAGE_ANSWER_OUT && slot->length[0] > NAME_IN_MESSAGE
        && *(u16 *)(slot->payload + NAME_IN_MESSAGE + 2) == NAME_SERVER_PORT)) && !first)
        *length = keep_message_data(to, from, slot->ret);
    else if (kind == ANSWER_OUT && first && is_from_name_server(argument(slot, item->argument + 3)))
        *length = keep_bytes(to, whole, from, slot->ret);
}

// Pinned down: 5.10 forgets the bounds of a number that lay on the stack, so the compiler must keep the pointer and not the number.
INLINE struct item *items_of(u32 nr)
{
    struct item *items = control.items[nr & (CALLS - 1)];
    asm volatile("" : "+r"(items));
    return items;
}

// A call that waits for its return: where it lies. Positions stay below 2^52: at a million calls a second that is 142 years.
#define NUMBER_SHIFT 52
#define POSITION_MASK ((1ULL << NUMBER_SHIFT) - 1)

// What differs between kernels: the thread's task can be read directly from 5.11 on, and 5.12 has fetch-and-add.
enum means {
    HELPERS = 0,        // without types
    HELPERS_LOCKS = 1,  // 5.10
    TASK = 2,
};

// Others have it for some instructions only, and nothing interrupts them.
INLINE int lock(u32 number)
{
    for (int i = 0; i < MOST_TRIES; i++)
        if (map_update(&locks, &number, &number, NO_EXIST) == 0)
            return 1;
    return 0;
}

// The next position in the ring; 0: none.
INLINE u64 claim(struct header *header, u32 number, enum means means)
{
    if (means != HELPERS_LOCKS)
        return __sync_fetch_and_add(&header->head, 1) + 1;
    if (!lock(number)) {
        __sync_fetch_and_add(&header->unclaimed, 1);
        return 0;
    }
    u64 position = header->head + 1;
    ONCE(header->head) = position;
    map_delete(&locks, &number);
    return position;
}

INLINE int on_enter(struct registers *regs, u64 nr, enum means means)
{
    int typed = means == TASK;
    struct caller caller;
    s64 number = typed ? find_by_task(&caller) : find_by_helpers(&caller);
    if (number < 0)
        return 0;
    u32 key = number;
    void *ring = map_lookup(&rings, &key);
    if (!ring)
        return 0;
    u32 index = HEADER;
    struct header *header = map_lookup(ring, &index);
    if (!header)
        return 0;
    if (IS_32_BIT(regs)) {
        __sync_fetch_and_add(&header->compat_calls, 1);
        return 0;
    }
    if (header->wait_for_exec) {
        if (nr != EXECVE && nr != EXECVEAT)
            return 0;
        header->wait_for_exec = 0;
    }
    if (nr == SCHED_YIELD && control.every) {
        __sync_fetch_and_add(&header->yields, 1);
        return 0;
    }
    u64 position = claim(header, key, means);
    index = (position - 1) & (SLOTS - 1);
    struct slot *slot = map_lookup(ring, &index);
    u32 place = caller.tid & (PENDING - 1);
    u64 *waiting = map_lookup(&pending, &place);
    if (!slot || !waiting || !position)
        return 0;
    ONCE(slot->begin) = position;
    barrier();
    slot->exit_ns = 0;
    slot->ret = 0;
    u64 arguments[] = ARGUMENTS_OF(regs);
    for (int i = 0; i < 6; i++)
        slot->args[i] = arguments[i];
    slot->tgid = caller.tgid;
    slot->tid = caller.tid;
    slot->nr = nr;
    slot->cpu = get_smp_processor_id();
    if (typed) {
        u64 cred = READ64(caller.task, TASK_CRED);
        slot->uid = cred ? READ32(cred, CRED_UID) : 0;
        *(u64 *)slot->comm = READ64(caller.task, TASK_COMM);
        *(u64 *)(slot->comm + 8) = READ64(caller.task, TASK_COMM_END);
    } else {
        slot->uid = (u32)get_current_uid_gid();
        get_current_comm(slot->comm, sizeof(slot->comm));
    }
    slot->cgroup = caller.cgroup_id;
    slot->length[0] = NOTHING;
    slot->length[1] = NOTHING;
    if (nr < CALLS) {
        struct item *items = items_of(nr);
        int whole = items[1].kind == NONE;
        if (items[0].kind)
            slot->length[0] = keep_at_enter(slot, &items[0], slot->payload, whole);
        if (!whole)
            slot->length[1] = keep_at_enter(slot, &items[1], slot->payload + HALF, 0);
    }
    slot->enter_ns = ktime_get_ns();
    barrier();
    ONCE(slot->end) = position;
    *waiting = position | (u64)number << NUMBER_SHIFT;
    return 0;
}

INLINE int on_exit(s64 ret, int typed)
{
    u32 tid = typed ? READ32(get_current_task(), TASK_PID) : (u32)get_current_pid_tgid();
    u32 place = tid & (PENDING - 1);
    u64 *waiting = map_lookup(&pending, &place);
    if (!waiting || !*waiting)
        return 0;
    u64 position = *waiting & POSITION_MASK;
    u32 key = *waiting >> NUMBER_SHIFT;
    void *ring = map_lookup(&rings, &key);
    if (!ring)
        return 0;
    u32 index = (position - 1) & (SLOTS - 1);
    struct slot *slot = map_lookup(ring, &index);
    index = HEADER;
    struct header *header = map_lookup(ring, &index);
    if (!slot || !header)
        return 0;
    if (ONCE(slot->begin) != position) {
        *waiting = 0;
        __sync_fetch_and_add(&header->lost_exits, 1);
        return 0;
    }
    // Another thread whose id ends in the same bits: the place is still its own.
    if (slot->tid != tid)
        return 0;
    *waiting = 0;
    slot->ret = ret;
    u32 nr = slot->nr;
    if (nr < CALLS && nr != EXECVE && nr != EXECVEAT) {
        struct item *items = items_of(nr);
        int whole = items[1].kind == NONE;
        if (items[0].kind)
            keep_at_exit(slot, &items[0], slot->payload, whole, &slot->length[0]);
        if (!whole)
            keep_at_exit(slot, &items[1], slot->payload + HALF, 0, &slot->length[1]);
    }
    u64 now = ktime_get_ns();
    barrier();
    if (ONCE(slot->begin) != position) {
        __sync_fetch_and_add(&header->late_exits, 1);
        return 0;
    }
    ONCE(slot->exit_ns) = now;
    return 0;
}

SEC("tp_btf/sys_enter") int typed_enter(u64 *context)
{
    return on_enter((struct registers *)context[0], context[1], TASK);
}

SEC("tp_btf/sys_exit") int typed_exit(u64 *context)
{
    return on_exit(context[1], 1);
}

SEC("raw_tp/sys_enter") int raw_enter(u64 *context)
{
    struct registers regs;
    if (probe_read_kernel(&regs, sizeof(regs), (void *)context[0]) < 0)
        return 0;
    return on_enter(&regs, context[1], HELPERS);
}

SEC("raw_tp/sys_exit") int raw_exit(u64 *context)
{
    return on_exit(context[1], 0);
}

SEC("locked/sys_enter") int locked_enter(u64 *context)
{
    return on_enter((struct registers *)context[0], context[1], HELPERS_LOCKS);
}

SEC("locked/sys_exit") int locked_exit(u64 *context)
{
    return on_exit(context[1], 0);
}

INLINE int begins_with_prefix(u8 *path)
{
#pragma unroll
    for (int i = 0; i < PREFIX_WORDS; i++)
        if ((((u64 *)path)[i] & control.prefix_mask[i]) != control.prefix[i])
            return 0;
    return 1;
}

#define ID_CHARACTERS 64
#define NAME_BYTES 128

// Every runtime names a container's cgroup by its id of 64 hexadecimal digits, alone or as PREFIX-ID.scope; a pod's is shorter, or a .slice ('l' is no digit).
INLINE int is_container_name(u8 *text, u64 name)
{
    long bytes = probe_read_kernel_str(text, NAME_BYTES, (void *)name);
    return bytes > ID_CHARACTERS && bytes <= NAME_BYTES && text[(bytes - 5) & (NAME_BYTES - 1)] != 'l';
}

INLINE s64 take_from_stock(enum means means)
{
    u32 number = STOCK_LOCK;
    u64 taken = 0;
    int locked = means == HELPERS_LOCKS && lock(number);
#pragma unroll
    for (int i = 0; i < STOCK && !taken && (locked || means != HELPERS_LOCKS); i++) {
        if (means != HELPERS_LOCKS) {
            taken = __sync_lock_test_and_set(&control.stock[i], 0);
        } else {
            taken = control.stock[i];
            control.stock[i] = 0;
        }
    }
    if (locked)
        map_delete(&locks, &number);
    if (!taken)
        __sync_fetch_and_add(&control.without_ring, 1);
    return (s64)taken - 1;
}

INLINE void give_ring(u64 id, u8 *path, u64 path_bytes, enum means means)
{
    s64 number = take_from_stock(means);
    u32 key = number;
    void *ring = number < 0 ? 0 : map_lookup(&rings, &key);
    if (!ring)
        return;
    u32 index = HEADER;
    struct header *header = map_lookup(ring, &index);
    if (!header)
        return;
#pragma unroll
    for (int part = 0; part < PATH_BYTES / (int)sizeof(struct slot); part++) {
        index = HEADER + 1 + part;
        u64 *to = map_lookup(ring, &index);
        if (!to)
            return;
#pragma unroll
        for (int i = 0; i < (int)sizeof(struct slot) / 8; i++)
            to[i] = ((u64 *)path)[part * (int)sizeof(struct slot) / 8 + i];
    }
    header->path_bytes = path_bytes;
    header->base = header->head;
    header->lost_exits = header->compat_calls = header->late_exits = header->yields = header->unclaimed = 0;
    header->began_ns = ktime_get_ns();
    header->ended_ns = 0;
    header->wait_for_exec = 1;
    u64 value = number;
    map_update(&ring_of, &id, &value, 0);
    barrier();
    ONCE(header->cgroup) = id;
}

INLINE int on_mkdir(u64 *context, enum means means)
{
    void *cgroup = (void *)context[0];
    // Version 1 hierarchies have ids of their own; the unified one is always number 0.
    if ((u32)READ32(READ64(cgroup, CGROUP_ROOT), ROOT_HIERARCHY) != 0)
        return 0;
    void *node = (void *)READ64(cgroup, CGROUP_NODE);
    u64 id = READ64(node, NODE_ID);
    u64 parent = READ64(READ64(READ64(READ64(cgroup, CGROUP_PARENT), CSS_CGROUP), CGROUP_NODE), NODE_ID);
    u64 *number = map_lookup(&ring_of, &parent);
    if (number) {
        // Below a container: its ring is theirs too.
        u64 value = *number;
        map_update(&ring_of, &id, &value, 0);
        return 0;
    }
    u32 zero = 0;
    u8 *text = map_lookup(&scratch, &zero);
    if (!text || !is_container_name(text, READ64(node, NODE_NAME)))
        return 0;
    long bytes = probe_read_kernel_str(text, PATH_BYTES, (void *)context[1]);
    if (bytes > 0 && begins_with_prefix(text))
        give_ring(id, text, bytes, means);
    return 0;
}

SEC("tp_btf/cgroup_mkdir") int typed_mkdir(u64 *context)
{
    return on_mkdir(context, TASK);
}

SEC("locked/cgroup_mkdir") int locked_mkdir(u64 *context)
{
    return on_mkdir(context, HELPERS_LOCKS);
}

SEC("tp_btf/cgroup_rmdir") int typed_rmdir(u64 *context)
{
    void *cgroup = (void *)context[0];
    if ((u32)READ32(READ64(cgroup, CGROUP_ROOT), ROOT_HIERARCHY) != 0)
        return 0;
    u64 id = READ64(READ64(cgroup, CGROUP_NODE), NODE_ID);
    u64 *number = map_lookup(&ring_of, &id);
    if (!number)
        return 0;
    u32 key = *number;
    map_delete(&ring_of, &id);
    void *ring = map_lookup(&rings, &key);
    u32 index = HEADER;
    struct header *header = ring ? map_lookup(ring, &index) : 0;
    if (header && header->cgroup == id)
        header->ended_ns = ktime_get_ns();
    return 0;
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
