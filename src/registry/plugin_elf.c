/* Checks plug-ins in ELF, the file format of Linux and the BSDs. */
#include "registry/plugin.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MAX_SEGMENTS = 256 };

/* The linker defines this symbol. It is the ELF header of the object that contains this code, and
 * shows for which machine the library was built. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int refuse(beluga_error *err, const char *why)
{
    return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI, "%s", why);
}

static void describe_machine(const unsigned char *ident, unsigned machine, char *text, size_t n)
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {{EM_X86_64, "x86-64"}, {EM_386, "i386"},    {EM_AARCH64, "aarch64"},
                 {EM_ARM, "arm"},       {EM_RISCV, "riscv"}, {EM_PPC64, "ppc64"},
                 {EM_S390, "s390"},     {EM_MIPS, "mips"}};
    int bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    const char *order = ident[EI_DATA] == ELFDATA2MSB ? ", big-endian" : "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].machine != machine) continue;
        snprintf(text, n, "%s (%d bits%s)", names[i].name, bits, order);
        return;
    }
    snprintf(text, n, "machine %u (%d bits%s)", machine, bits, order);
}

/* Returns the machine that an ELF header names. Headers of 32-bit and 64-bit files have this field
 * at the same place. In a file with the other byte order its bytes are swapped. */
static unsigned machine_of(const ElfW(Ehdr) * head)
{
    unsigned machine = head->e_machine;
    bool same = head->e_ident[EI_DATA] == __ehdr_start.e_ident[EI_DATA];
    return same ? machine : (machine >> 8 | machine << 8) & 0xffff;
}

static int check_machine(const ElfW(Ehdr) * head, beluga_error *err)
{
    char its[64], ours[64];
    const ElfW(Ehdr) *own = &__ehdr_start;
    if (head->e_ident[EI_CLASS] == own->e_ident[EI_CLASS] &&
        head->e_ident[EI_DATA] == own->e_ident[EI_DATA] && head->e_machine == own->e_machine)
        return 0;
    describe_machine(head->e_ident, machine_of(head), its, sizeof its);
    describe_machine(own->e_ident, own->e_machine, ours, sizeof ours);
    return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI,
                            "the file is for another architecture (%s): this library is for %s",
                            its, ours);
}

/* Check that all segments lie within the file. The dynamic linker maps even a truncated file, and a
 * process that reads the missing pages is killed. */
static int check_segments(int file, const ElfW(Ehdr) * head, off_t size, beluga_error *err)
{
    if (head->e_phentsize != sizeof(ElfW(Phdr)) || !head->e_phnum || head->e_phnum > MAX_SEGMENTS)
        return refuse(err, "the file is damaged");
    for (unsigned i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) segment;
        off_t at = (off_t)(head->e_phoff + i * sizeof segment);
        if (pread(file, &segment, sizeof segment, at) != (ssize_t)sizeof segment)
            return refuse(err, "the file is damaged: its end is missing");
        if (segment.p_type == PT_LOAD && (segment.p_offset > (uint64_t)size ||
                                          segment.p_filesz > (uint64_t)size - segment.p_offset))
            return refuse(err, "the file is damaged: its end is missing");
    }
    return 0;
}

int beluga__plugin_object_check(int file, off_t size, beluga_error *err)
{
    ElfW(Ehdr) head;
    ssize_t n = pread(file, &head, sizeof head, 0);
    if (n < 0) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", strerror(errno));
    if (n < SELFMAG || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(err, "the file is not a shared object");
    if (n < (ssize_t)sizeof head) return refuse(err, "the file is damaged: its end is missing");
    int status = check_machine(&head, err);
    if (status) return status;
    if (head.e_type == ET_REL)
        return refuse(err,
                      "the file is an object file, not a shared object: link it with cc -shared");
    if (head.e_type != ET_DYN) return refuse(err, "the file is a program, not a shared object");
    return check_segments(file, &head, size, err);
}

bool beluga__plugin_is_named(const char *file)
{
    return beluga__plugin_ends_in(file, ".so");
}
