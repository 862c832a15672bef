/* Access keys of AWS as its own tools find them. */
#ifndef BELUGA__AWS_KEY_H
#define BELUGA__AWS_KEY_H

#include <beluga/error.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Write "ID:SECRET:TOKEN:REGION", the last two possibly empty. `profile` "": the environment's key,
 * or else that of the profile which the environment names, or of "default". Blocks: reads files,
 * and runs a profile's credential_process, which may say until when its key is good: then
 * *expires_s is that time less a minute, and INT64_MAX where it does not; other keys leave it
 * alone. `unwanted`: see beluga__command_read. Returns the length, or -1 with an error that says
 * where it looked.
 */
ssize_t beluga__aws_key(const char *profile, const atomic_bool *unwanted, char *buffer, size_t size,
                        int64_t *expires_s, beluga_error *err);

#endif
