/* Checks a Mach-O file before the dynamic linker of macOS opens it. The code only reads bytes and
 * needs no headers of macOS, so it is compiled and tested on every system. */
#ifndef BELUGA__MACH_O_H
#define BELUGA__MACH_O_H

#include <beluga/error.h>

#include <stdint.h>
#include <sys/types.h>

/* The processors that the library supports on macOS, as Mach-O numbers. */
enum { BELUGA__MACH_O_X86_64 = 0x01000007, BELUGA__MACH_O_ARM64 = 0x0100000c };

/*
 * Check that a file is a library or a bundle that a process on macOS can load: its code is for
 * macOS and for this processor, and it is not truncated. A universal file has one part for each of
 * several processors; only the part for this processor is checked. The error does not name the
 * file.
 *
 * @param file  A file descriptor. Its position does not matter and does not change.
 * @param size  The size of the file in bytes.
 * @param ours  The processor of the process.
 *
 * Returns 0; BELUGA_ERROR_PLUGIN_ABI; or BELUGA_ERROR_INVALID_INPUT if the file can't be
 * read. */
int beluga__mach_o_check(int file, off_t size, uint32_t ours, beluga_error *err);

#endif
