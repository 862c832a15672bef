/* Checks files as plug-ins, without loading them. A refused file gets an error with a reason. */
#include "fuzz.h"
#include "registry/mach_o.h"
#include "registry/plugin.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* A file with a name, since a file in memory has no folder that could be checked. */
static char path[64];
static int file = -1;

__attribute__((destructor)) static void remove_file(void)
{
    if (file >= 0) unlink(path);
}

static void make_file(void)
{
    snprintf(path, sizeof path, "/dev/shm/beluga-fuzz-%ld.so", (long)getpid());
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FUZZ_CHECK(file >= 0);
}

/* Run the check of macOS, for both of its processors. */
static void check_mach_o(size_t size)
{
    static const uint32_t processors[] = {BELUGA__MACH_O_X86_64, BELUGA__MACH_O_ARM64};
    for (size_t i = 0; i < 2; i++) {
        beluga_error err = {0};
        int code = beluga__mach_o_check(file, (off_t)size, processors[i], &err);
        if (code) fuzz_check_error(code, &err);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga__plugin_file found;
    beluga_error err = {0};
    if (file < 0) make_file();
    FUZZ_CHECK(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    int code = beluga__plugin_file_check(path, &found, &err);
    if (code)
        fuzz_check_error(code, &err);
    else
        FUZZ_CHECK(strcmp(found.real, path) == 0);
    check_mach_o(size);
    return 0;
}
