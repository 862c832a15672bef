/* Checks a file of the kind that macOS loads before its linker opens it. The code reads bytes and
 * uses nothing of that system, so that it is compiled and tested on every other one, too. */
#ifndef BELUGA__MACH_O_H
#define BELUGA__MACH_O_H

#include <beluga/error.h>

#include <stdint.h>
#include <sys/types.h>

/* The processors for which this library can be: numbers of Mach-O's own. */
enum { BELUGA__MACH_O_X86_64 = 0x01000007, BELUGA__MACH_O_ARM64 = 0x0100000c };

/*
 * Check that a file is a library or a bundle that a process on macOS may load: thin, or universal
 * with a part for its processor; neither of another architecture or system, nor cut short. The
 * error does not name the file.
 *
 * @param file  Any position; it does not move.
 * @param size  The bytes of the file.
 * @param ours  The processor of the process.
 *
 * Returns 0, PLUGIN_ABI, or INVALID_INPUT where the file can't be read.
 */
int beluga__mach_o_check(int file, off_t size, uint32_t ours, beluga_error *err);

#endif
