/* Reads Mach-O and universal files, as Apple's <mach-o/loader.h> and <mach-o/fat.h> describe them.
 * The header of a universal file is always big-endian; each part has the byte order of its
 * processor. */
#include "registry/mach_o.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD = 32, /* size of the header of a 64-bit part; a 32-bit header has 28 bytes */
    MAX_PARTS = 16,
    MAX_COMMANDS = 4096,
    MAX_SHOWN = 8,
    BITS_64 = 0x01000000, /* set in the numbers of 64-bit processors */
    SUBTYPE_ARM64E = 2,
    SUBTYPE_BITS = 0xffffff, /* mask of the subtype; the other bits are capabilities */
    OBJECT = 1,
    PROGRAM = 2,
    LIBRARY = 6,
    BUNDLE = 8,
    SEGMENT_64 = 0x19,
    BUILD_VERSION = 0x32,
    MACOS = 1,
};

#define THIN_32   0xfeedfaceu
#define THIN_64   0xfeedfacfu
#define UNIVERSAL 0xcafebabeu
/* A universal file with 64-bit offsets. */
#define UNIVERSAL_64 0xcafebabfu

/* One part of a file, with code for one processor. A file that is not universal has a single
 * part. */
typedef struct part {
    int file;
    uint64_t at, size;
    uint32_t ours;
    bool big_endian;
} part;

static int refuse(beluga_error *err, const char *why)
{
    return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI, "%s", why);
}

static int refuse_short(beluga_error *err)
{
    return refuse(err, "the file is damaged: its end is missing");
}

static uint32_t u32(const unsigned char *at, bool big_endian)
{
    if (big_endian)
        return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static uint64_t u64(const unsigned char *at, bool big_endian)
{
    uint64_t first = u32(at, big_endian), second = u32(at + 4, big_endian);
    return big_endian ? first << 32 | second : second << 32 | first;
}

/* Read bytes of a part, starting at `at`. Reading past the end of the part is an error. */
static int get(const part *p, uint64_t at, unsigned char *bytes, size_t n, beluga_error *err)
{
    if (at > p->size || n > p->size - at) return refuse_short(err);
    ssize_t got = pread(p->file, bytes, n, (off_t)(p->at + at));
    if (got < 0) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", strerror(errno));
    return (size_t)got == n ? 0 : refuse_short(err);
}

/* --- the processor ---------------------------------------------------------------------------- */

static void describe(uint32_t processor, uint32_t subtype, char *text, size_t n)
{
    static const struct {
        uint32_t processor;
        const char *name;
    } names[] = {{BELUGA__MACH_O_X86_64, "x86-64"},
                 {BELUGA__MACH_O_ARM64, "arm64"},
                 {7, "i386"},
                 {12, "arm"},
                 {18, "ppc"},
                 {18 | BITS_64, "ppc64"},
                 {0x0200000c, "arm64_32"}};
    bool e = processor == BELUGA__MACH_O_ARM64 && (subtype & SUBTYPE_BITS) == SUBTYPE_ARM64E;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].processor != processor) continue;
        snprintf(text, n, "%s", e ? "arm64e" : names[i].name);
        return;
    }
    snprintf(text, n, "processor %#x", (unsigned)processor);
}

/* Returns whether the dynamic linker would load a part for this processor. It does not load arm64e
 * parts, since Apple reserves arm64e for its own programs. */
static bool is_for(uint32_t ours, uint32_t processor, uint32_t subtype)
{
    if (processor != ours) return false;
    return ours != BELUGA__MACH_O_ARM64 || (subtype & SUBTYPE_BITS) != SUBTYPE_ARM64E;
}

static int refuse_architecture(uint32_t ours, const char *what, const char *its, beluga_error *err)
{
    char own[32];
    describe(ours, 0, own, sizeof own);
    return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI,
                            "the file is for %s (%s): this library is for %s", what, its, own);
}

/* --- a part ----------------------------------------------------------------------------------- */

/* Check that a segment lies within its part. The dynamic linker maps even a truncated file, and a
 * process that reads the missing pages is killed. */
static int check_segment(const part *p, uint64_t at, uint32_t size, beluga_error *err)
{
    unsigned char segment[72];
    if (size < sizeof segment) return refuse(err, "the file is damaged");
    int status = get(p, at, segment, sizeof segment, err);
    if (status) return status;
    uint64_t from = u64(segment + 40, p->big_endian), bytes = u64(segment + 48, p->big_endian);
    return from > p->size || bytes > p->size - from ? refuse_short(err) : 0;
}

static int check_system(const part *p, uint64_t at, uint32_t size, beluga_error *err)
{
    static const char *const names[] = {"",        "macOS",    "iOS",          "tvOS",
                                        "watchOS", "bridgeOS", "Mac Catalyst", "iOS's simulator"};
    unsigned char version[24];
    if (size < sizeof version) return refuse(err, "the file is damaged");
    int status = get(p, at, version, sizeof version, err);
    if (status) return status;
    uint32_t system = u32(version + 8, p->big_endian);
    if (system == MACOS) return 0;
    bool known = system && system < sizeof names / sizeof *names;
    return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI,
                            "the file is for another system (%s): this library is for macOS",
                            known ? names[system] : "an unknown one");
}

static int check_commands(const part *p, uint32_t n, uint32_t bytes, beluga_error *err)
{
    uint64_t at = HEAD, end = HEAD + (uint64_t)bytes;
    if (!n || n > MAX_COMMANDS) return refuse(err, "the file is damaged");
    if (end > p->size) return refuse_short(err);
    for (uint32_t i = 0; i < n; i++) {
        unsigned char command[8];
        int status = get(p, at, command, sizeof command, err);
        if (status) return status;
        uint32_t kind = u32(command, p->big_endian), size = u32(command + 4, p->big_endian);
        if (size < sizeof command || size > end - at) return refuse(err, "the file is damaged");
        if (kind == SEGMENT_64) status = check_segment(p, at, size, err);
        if (kind == BUILD_VERSION) status = check_system(p, at, size, err);
        if (status) return status;
        at += size;
    }
    return 0;
}

static int check_kind(uint32_t kind, beluga_error *err)
{
    if (kind == LIBRARY || kind == BUNDLE) return 0;
    if (kind == OBJECT)
        return refuse(err, "the file is an object file, not a library: link it with cc -shared");
    return refuse(err, kind == PROGRAM ? "the file is a program, not a library"
                                       : "the file is not a library");
}

/* Returns whether the bytes are the beginning of a part. Sets the part's byte order, which the
 * magic number shows. */
static bool begins_part(part *p, const unsigned char *head)
{
    for (int i = 0; i < 2; i++) {
        p->big_endian = i;
        uint32_t magic = u32(head, p->big_endian);
        if (magic == THIN_32 || magic == THIN_64) return true;
    }
    return false;
}

static int check_part(part *p, beluga_error *err)
{
    unsigned char head[HEAD];
    char its[32];
    int status = get(p, 0, head, 4, err);
    if (status) return status;
    if (!begins_part(p, head)) return refuse(err, "the file is not a shared library");
    status = get(p, 0, head, sizeof head, err);
    if (status) return status;
    uint32_t processor = u32(head + 4, p->big_endian), subtype = u32(head + 8, p->big_endian);
    if (!is_for(p->ours, processor, subtype)) {
        describe(processor, subtype, its, sizeof its);
        return refuse_architecture(p->ours, "another architecture", its, err);
    }
    if (u32(head, p->big_endian) != THIN_64 || p->big_endian)
        return refuse(err, "the file is damaged");
    status = check_kind(u32(head + 12, p->big_endian), err);
    if (status) return status;
    return check_commands(p, u32(head + 16, p->big_endian), u32(head + 20, p->big_endian), err);
}

/* --- the parts of a universal file ------------------------------------------------------------ */

/* The names of the processors for which the file has parts, for an error. */
typedef struct seen {
    char names[MAX_SHOWN * 16];
    size_t n;
} seen;

static void note(seen *s, uint32_t processor, uint32_t subtype)
{
    char name[32];
    if (s->n == MAX_SHOWN) return;
    describe(processor, subtype, name, sizeof name);
    size_t used = strlen(s->names);
    snprintf(s->names + used, sizeof s->names - used, "%s%s", used ? ", " : "", name);
    s->n++;
}

/* Check the part that an entry of the universal file's header describes. */
static int check_entry(const part *whole, const unsigned char *entry, bool wide, beluga_error *err)
{
    part inside = *whole;
    inside.at = wide ? u64(entry + 8, true) : u32(entry + 8, true);
    inside.size = wide ? u64(entry + 16, true) : u32(entry + 12, true);
    if (inside.at > whole->size || inside.size > whole->size - inside.at) return refuse_short(err);
    return check_part(&inside, err);
}

static int check_parts(const part *whole, uint32_t n, bool wide, beluga_error *err)
{
    seen others = {0};
    size_t bytes = wide ? 32 : 20;
    for (uint32_t i = 0; i < n; i++) {
        unsigned char entry[32];
        int status = get(whole, 8 + i * bytes, entry, bytes, err);
        if (status) return status;
        uint32_t processor = u32(entry, true), subtype = u32(entry + 4, true);
        if (is_for(whole->ours, processor, subtype)) return check_entry(whole, entry, wide, err);
        note(&others, processor, subtype);
    }
    return refuse_architecture(whole->ours, "other architectures", others.names, err);
}

int beluga__mach_o_check(int file, off_t size, uint32_t ours, beluga_error *err)
{
    part whole = {.file = file, .size = (uint64_t)size, .ours = ours};
    unsigned char head[8];
    if (size < (off_t)sizeof head) return refuse(err, "the file is not a shared library");
    int status = get(&whole, 0, head, sizeof head, err);
    if (status) return status;
    uint32_t magic = u32(head, true), n = u32(head + 4, true);
    /* A Java class file begins with the same magic number as a universal file. But its next field,
     * a version, is larger than MAX_PARTS. */
    if ((magic == UNIVERSAL || magic == UNIVERSAL_64) && n && n <= MAX_PARTS)
        return check_parts(&whole, n, magic == UNIVERSAL_64, err);
    return check_part(&whole, err);
}
