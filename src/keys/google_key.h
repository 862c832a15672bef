/* Application Default Credentials of Google, found where Google's own tools find them. */
#ifndef BELUGA__GOOGLE_KEY_H
#define BELUGA__GOOGLE_KEY_H

#include <beluga/error.h>

#include <sys/types.h>

/* Read the file of credentials that GOOGLE_APPLICATION_CREDENTIALS names, or else the one that
 * "gcloud auth application-default login" wrote. Blocks. Returns the length, or -1 with an error
 * that tells where it looked. */
ssize_t beluga__google_key(char *buffer, size_t size, beluga_error *err);

#endif
