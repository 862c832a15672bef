/* Access keys of AWS, found where AWS's own tools find them. */
#ifndef BELUGA__AWS_KEY_H
#define BELUGA__AWS_KEY_H

#include <beluga/error.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Write "ID:SECRET:TOKEN:REGION", where token and region may be empty. `profile` "": take the key
 * of the environment, or else of the profile that the environment names, or else of "default". This
 * blocks: it reads files, and runs a profile's credential_process. That process may report when its
 * key expires, and then *expires_s is that time less a minute; without a reported time it is
 * INT64_MAX; other keys leave it unchanged. `unwanted`: see beluga__command_read. Returns the
 * length, or -1 with an error that tells where the function looked.
 */
ssize_t beluga__aws_key(const char *profile, const atomic_bool *unwanted, char *buffer, size_t size,
                        int64_t *expires_s, beluga_error *err);

#endif
