/* Finds access keys of AWS, in the places in which AWS's own tools look. */
#ifndef BELUGA__AWS_KEY_H
#define BELUGA__AWS_KEY_H

#include <beluga/error.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Write "ID:SECRET:TOKEN:REGION", in which token and region may be empty. If `profile` is "", take
 * the key from environment variables, or else from the profile that a variable names, or else from
 * "default". Blocks: it reads files, and runs a profile's credential_process. If that process
 * prints when its key expires, *expires_s is set to a minute before that time, else to INT64_MAX.
 * For keys from other places *expires_s stays unchanged. `unwanted`: see beluga__command_read.
 * Returns the length, or -1 with an error that lists the places that were searched. */
ssize_t beluga__aws_key(const char *profile, const atomic_bool *unwanted, char *buffer, size_t size,
                        int64_t *expires_s, beluga_error *err);

#endif
