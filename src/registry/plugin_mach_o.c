/* Checks plug-ins in Mach-O, the file format of macOS. */
#include "registry/mach_o.h"
#include "registry/plugin.h"

#ifdef __aarch64__
#define OURS BELUGA__MACH_O_ARM64
#else
#define OURS BELUGA__MACH_O_X86_64
#endif

int beluga__plugin_object_check(int file, off_t size, beluga_error *err)
{
    return beluga__mach_o_check(file, size, OURS, err);
}

/* On macOS libraries are named .dylib; modules that are only loaded at run time are often named
 * .so. */
bool beluga__plugin_is_named(const char *file)
{
    return beluga__plugin_ends_in(file, ".dylib") || beluga__plugin_ends_in(file, ".so");
}
