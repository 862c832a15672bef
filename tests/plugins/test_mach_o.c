/* The check of macOS plug-ins only reads bytes, so it can run on every system. The tests use heads
 * of real files, some with changed or missing bytes. */
#include "mach_o_files.h"
#include "registry/mach_o.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    /* Offsets in the head of a file for one processor: the processor, its subtype, the type of the
     * file, and the number of load commands. */
    PROCESSOR = 4,
    SUBTYPE = 8,
    KIND = 12,
    COMMANDS = 16,
    FIRST_COMMAND = 32,
    /* Offset in a load command for a segment: the position and size of the segment in the file. */
    SEGMENT_BYTES = 48,
    BUILD_VERSION = 0x32,
    PLACE_OF_X86_64 = 4096, /* position of this part in the universal file */
    PLACE_OF_ARM64 = 32768,
};

static void put(FILE *file, long at, const void *bytes, size_t n)
{
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fflush(file), 0);
}

static void resize(FILE *file, off_t size)
{
    assert_int_equal(ftruncate(fileno(file), size), 0);
}

static FILE *make(const void *head, size_t n, off_t size)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    put(file, 0, head, n);
    resize(file, size);
    return file;
}

static FILE *make_arm64(void)
{
    return make(arm64_library, sizeof arm64_library, ARM64_LIBRARY_BYTES);
}

static FILE *make_universal(void)
{
    FILE *file = make(universal_head, sizeof universal_head, UNIVERSAL_BYTES);
    put(file, PLACE_OF_X86_64, x86_64_library, sizeof x86_64_library);
    put(file, PLACE_OF_ARM64, arm64_library, sizeof arm64_library);
    return file;
}

static int check(FILE *file, uint32_t ours, beluga_error *err)
{
    off_t size = lseek(fileno(file), 0, SEEK_END);
    memset(err, 0, sizeof *err);
    return beluga__mach_o_check(fileno(file), size, ours, err);
}

/* Assert that the file fits the processor `ours`, and close it. */
static void assert_fits(FILE *file, uint32_t ours)
{
    beluga_error err;
    if (check(file, ours, &err)) fail_msg("%s", err.message);
    fclose(file);
}

static void assert_refused(FILE *file, uint32_t ours, const char *why)
{
    beluga_error err;
    assert_int_equal(check(file, ours, &err), BELUGA_ERROR_PLUGIN_ABI);
    assert_string_equal(err.message, why);
    fclose(file);
}

static void put32(FILE *file, long at, uint32_t number)
{
    unsigned char bytes[4] = {(unsigned char)number, (unsigned char)(number >> 8),
                              (unsigned char)(number >> 16), (unsigned char)(number >> 24)};
    put(file, at, bytes, sizeof bytes);
}

static void put32_big(FILE *file, long at, uint32_t number)
{
    put32(file, at,
          number >> 24 | (number >> 8 & 0xff00) | (number << 8 & 0xff0000) | number << 24);
}

/* Returns the offset of the first load command of this kind in the arm64 library. */
static long command(uint32_t kind)
{
    size_t at = FIRST_COMMAND;
    while (at + 8 <= sizeof arm64_library) {
        const unsigned char *c = arm64_library + at;
        if ((c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[3] << 24) == kind) return (long)at;
        at += c[4] | (size_t)c[5] << 8;
    }
    fail_msg("there is no command %#x", (unsigned)kind);
    return 0;
}

/* --- one processor ---------------------------------------------------------------------------- */

static void a_library_for_this_processor_fits(void **state)
{
    (void)state;
    assert_fits(make_arm64(), BELUGA__MACH_O_ARM64);
    assert_fits(make(x86_64_library, sizeof x86_64_library, X86_64_LIBRARY_BYTES),
                BELUGA__MACH_O_X86_64);
    FILE *bundle = make_arm64();
    put32(bundle, KIND, 8);
    assert_fits(bundle, BELUGA__MACH_O_ARM64);
}

static void another_architecture_is_named(void **state)
{
    (void)state;
    assert_refused(make_arm64(), BELUGA__MACH_O_X86_64,
                   "the file is for another architecture (arm64): this library is for x86-64");
    FILE *e = make_arm64();
    put32(e, SUBTYPE, 0x80000002);
    assert_refused(e, BELUGA__MACH_O_ARM64,
                   "the file is for another architecture (arm64e): this library is for arm64");
    FILE *unknown = make_arm64();
    put32(unknown, PROCESSOR, 0x77);
    assert_refused(
        unknown, BELUGA__MACH_O_ARM64,
        "the file is for another architecture (processor 0x77): this library is for arm64");
}

/* The head of a file for PowerPC, a 32-bit processor whose numbers are big-endian. */
static void a_head_of_the_other_byte_order_is_read(void **state)
{
    (void)state;
    FILE *powerpc = make_arm64();
    put32_big(powerpc, 0, 0xfeedface);
    put32_big(powerpc, PROCESSOR, 18);
    assert_refused(powerpc, BELUGA__MACH_O_ARM64,
                   "the file is for another architecture (ppc): this library is for arm64");
}

static void other_kinds_of_files_are_refused(void **state)
{
    (void)state;
    assert_refused(make(arm64_object, sizeof arm64_object, ARM64_OBJECT_BYTES),
                   BELUGA__MACH_O_ARM64,
                   "the file is an object file, not a library: link it with cc -shared");
    assert_refused(make(arm64_program, sizeof arm64_program, ARM64_PROGRAM_BYTES),
                   BELUGA__MACH_O_ARM64, "the file is a program, not a library");
    assert_refused(make("#!/bin/sh\nexit 0\n", 17, 17), BELUGA__MACH_O_ARM64,
                   "the file is not a shared library");
    assert_refused(make("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16, 4096), BELUGA__MACH_O_ARM64,
                   "the file is not a shared library");
    /* a class file of Java 8, which begins with the same bytes as a universal file */
    assert_refused(make("\xca\xfe\xba\xbe\0\0\0\x34\0\x1d", 10, 400), BELUGA__MACH_O_ARM64,
                   "the file is not a shared library");
    assert_refused(make("", 0, 0), BELUGA__MACH_O_ARM64, "the file is not a shared library");
}

static void another_system_is_named(void **state)
{
    (void)state;
    FILE *ios = make_arm64();
    put32(ios, command(BUILD_VERSION) + 8, 2);
    assert_refused(ios, BELUGA__MACH_O_ARM64,
                   "the file is for another system (iOS): this library is for macOS");
}

static void a_file_that_is_cut_short_is_refused_wherever_it_ends(void **state)
{
    (void)state;
    beluga_error err;
    FILE *file = make_arm64();
    for (off_t size = ARM64_LIBRARY_BYTES - 1; size > 0; size -= size > 2000 ? 997 : 1) {
        resize(file, size);
        assert_int_equal(check(file, BELUGA__MACH_O_ARM64, &err), BELUGA_ERROR_PLUGIN_ABI);
        assert_string_equal(err.message, size < 8 ? "the file is not a shared library"
                                                  : "the file is damaged: its end is missing");
    }
    fclose(file);
}

static void damaged_commands_are_refused(void **state)
{
    (void)state;
    static const struct {
        long at;
        uint32_t number;
    } faults[] = {{COMMANDS, 0},          {COMMANDS, 17},         {COMMANDS, 0xffffffff},
                  {FIRST_COMMAND + 4, 0}, {FIRST_COMMAND + 4, 7}, {FIRST_COMMAND + 4, 0xfffffff8}};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        FILE *file = make_arm64();
        put32(file, faults[i].at, faults[i].number);
        assert_refused(file, BELUGA__MACH_O_ARM64, "the file is damaged");
    }
    FILE *beyond = make_arm64();
    put32(beyond, FIRST_COMMAND + SEGMENT_BYTES + 4, 0x80000000);
    assert_refused(beyond, BELUGA__MACH_O_ARM64, "the file is damaged: its end is missing");
}

/* --- universal files -------------------------------------------------------------------------- */

static void a_universal_file_has_a_part_for_each_processor(void **state)
{
    (void)state;
    assert_fits(make_universal(), BELUGA__MACH_O_ARM64);
    assert_fits(make_universal(), BELUGA__MACH_O_X86_64);
}

static void only_the_part_for_this_processor_counts(void **state)
{
    (void)state;
    FILE *file = make_universal();
    put32(file, PLACE_OF_ARM64 + KIND, 2);
    assert_refused(file, BELUGA__MACH_O_ARM64, "the file is a program, not a library");
    file = make_universal();
    put32(file, PLACE_OF_ARM64 + KIND, 2);
    assert_fits(file, BELUGA__MACH_O_X86_64);
}

static void a_universal_file_for_others_names_them(void **state)
{
    (void)state;
    FILE *file = make_universal();
    put32_big(file, 8 + 20, 18);
    assert_refused(file, BELUGA__MACH_O_ARM64,
                   "the file is for other architectures (x86-64, ppc): this library is for arm64");
}

/* The universal file may name a wrong processor for a part, so the head of the part itself is
 * checked. */
static void a_part_that_is_another_is_refused(void **state)
{
    (void)state;
    FILE *file = make_universal();
    put(file, PLACE_OF_ARM64, x86_64_library, sizeof x86_64_library);
    assert_refused(file, BELUGA__MACH_O_ARM64,
                   "the file is for another architecture (x86-64): this library is for arm64");
}

static void a_universal_file_that_is_cut_short_is_refused(void **state)
{
    (void)state;
    static const off_t sizes[] = {UNIVERSAL_BYTES - 1, PLACE_OF_ARM64, 48, 47, 28, 9};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        FILE *file = make_universal();
        resize(file, sizes[i]);
        assert_refused(file, BELUGA__MACH_O_ARM64, "the file is damaged: its end is missing");
    }
}

/* A universal file of more than 4 GB has 64-bit offsets. This one was not made by a linker. */
static void a_wide_universal_file_is_read(void **state)
{
    (void)state;
    FILE *file = make_universal();
    put32_big(file, 0, 0xcafebabf);
    put32_big(file, 4, 1);
    const uint32_t entry[] = {BELUGA__MACH_O_ARM64, 0,  0, PLACE_OF_ARM64, 0,
                              ARM64_LIBRARY_BYTES,  14, 0};
    for (int i = 0; i < 8; i++) put32_big(file, 8 + 4L * i, entry[i]);
    assert_fits(file, BELUGA__MACH_O_ARM64);
    file = make_universal();
    put32_big(file, 0, 0xcafebabf);
    for (int i = 0; i < 8; i++) put32_big(file, 8 + 4L * i, i == 2 ? 0xffffffff : entry[i]);
    assert_refused(file, BELUGA__MACH_O_ARM64, "the file is damaged: its end is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_for_this_processor_fits),
        cmocka_unit_test(another_architecture_is_named),
        cmocka_unit_test(a_head_of_the_other_byte_order_is_read),
        cmocka_unit_test(other_kinds_of_files_are_refused),
        cmocka_unit_test(another_system_is_named),
        cmocka_unit_test(a_file_that_is_cut_short_is_refused_wherever_it_ends),
        cmocka_unit_test(damaged_commands_are_refused),
        cmocka_unit_test(a_universal_file_has_a_part_for_each_processor),
        cmocka_unit_test(only_the_part_for_this_processor_counts),
        cmocka_unit_test(a_universal_file_for_others_names_them),
        cmocka_unit_test(a_part_that_is_another_is_refused),
        cmocka_unit_test(a_universal_file_that_is_cut_short_is_refused),
        cmocka_unit_test(a_wide_universal_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
