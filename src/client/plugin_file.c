/* Whether a file may be loaded: said here, in words, before the dynamic linker sees it. It would
 * say less, does not ask who can have changed the file, and dies of one that was cut short. */
#include "client/plugin.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_SEGMENTS = 256 };

/* The linker's: the head of the object that this code is in, which says what machine it is for. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static int refuse(beluga_error *err, const char *why)
{
    return beluga_error_set(err, BELUGA_ERROR_PLUGIN_ABI, "%s", why);
}

/* --- who can have changed it ------------------------------------------------------------------ */

/* In a folder with the sticky bit nobody replaces another's file. */
static bool is_open_to_all(const struct stat *s)
{
    return s->st_mode & S_IWOTH && !(S_ISDIR(s->st_mode) && s->st_mode & S_ISVTX);
}

/* A group of one's own (user private groups) is oneself. */
static bool is_open_to_group(const struct stat *s)
{
    return s->st_mode & S_IWGRP && s->st_gid != 0 && s->st_gid != getegid();
}

static int check_owner(const struct stat *s, const char *what, beluga_error *err)
{
    if (is_open_to_all(s))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "everybody may write to %s: take that away with chmod o-w", what);
    if (s->st_uid != 0 && s->st_uid != geteuid())
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "%s belongs to user %lu, and neither to you nor to root", what,
                                (unsigned long)s->st_uid);
    if (is_open_to_group(s))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "group %lu may write to %s: take that away with chmod g-w",
                                (unsigned long)s->st_gid, what);
    return 0;
}

static int check_folder(const char *real, beluga_error *err)
{
    char folder[PATH_MAX];
    struct stat s;
    const char *slash = strrchr(real, '/');
    size_t n = slash > real ? (size_t)(slash - real) : 1;
    memcpy(folder, real, n);
    folder[n] = '\0';
    if (stat(folder, &s))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "its folder: %s", strerror(errno));
    return check_owner(&s, "its folder", err);
}

/* --- what it is ------------------------------------------------------------------------------- */

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

/* Both classes have this at the same place; the other byte order the other way round. */
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
                            "it is for another architecture, %s; this library is for %s", its,
                            ours);
}

/* A file that was cut short would be mapped, and kill whoever reads it. */
static int check_segments(int file, const ElfW(Ehdr) * head, off_t size, beluga_error *err)
{
    if (head->e_phentsize != sizeof(ElfW(Phdr)) || !head->e_phnum || head->e_phnum > MAX_SEGMENTS)
        return refuse(err, "it is damaged");
    for (unsigned i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) segment;
        off_t at = (off_t)(head->e_phoff + i * sizeof segment);
        if (pread(file, &segment, sizeof segment, at) != (ssize_t)sizeof segment)
            return refuse(err, "it is damaged: the file was cut short");
        if (segment.p_type == PT_LOAD && (segment.p_offset > (uint64_t)size ||
                                          segment.p_filesz > (uint64_t)size - segment.p_offset))
            return refuse(err, "it is damaged: the file was cut short");
    }
    return 0;
}

static int check_object(int file, off_t size, beluga_error *err)
{
    ElfW(Ehdr) head;
    ssize_t n = pread(file, &head, sizeof head, 0);
    if (n < 0) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", strerror(errno));
    if (n < SELFMAG || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return refuse(err, "it is not a shared object");
    if (n < (ssize_t)sizeof head) return refuse(err, "it is damaged: the file was cut short");
    int status = check_machine(&head, err);
    if (status) return status;
    if (head.e_type == ET_REL)
        return refuse(err, "it is an object file, not a shared object: link it with cc -shared");
    if (head.e_type != ET_DYN) return refuse(err, "it is a program, not a shared object");
    return check_segments(file, &head, size, err);
}

/* --- all together ----------------------------------------------------------------------------- */

static int check_open_file(int file, beluga_error *err)
{
    struct stat s;
    if (fstat(file, &s))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", strerror(errno));
    if (S_ISDIR(s.st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "it is a folder");
    if (!S_ISREG(s.st_mode))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "it is not a regular file");
    int status = check_owner(&s, "it", err);
    return status ? status : check_object(file, s.st_size, err);
}

int beluga__plugin_file_check(const char *path, char real[PATH_MAX], beluga_error *err)
{
    if (!realpath(path, real)) {
        bool missing = errno == ENOENT || errno == ENOTDIR;
        return beluga_error_set(err, missing ? BELUGA_ERROR_NOT_FOUND : BELUGA_ERROR_INVALID_INPUT,
                                "%s", missing ? "there is no such file" : strerror(errno));
    }
    /* Not to wait for whoever may write to a pipe. */
    int file = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s", strerror(errno));
    int status = check_open_file(file, err);
    close(file);
    return status ? status : check_folder(real, err);
}
