/* Finds Google's Application Default Credentials, in the places in which Google's own tools
 * look. */
#ifndef BELUGA__GOOGLE_KEY_H
#define BELUGA__GOOGLE_KEY_H

#include <beluga/error.h>

#include <sys/types.h>

/* Read the credentials file that GOOGLE_APPLICATION_CREDENTIALS names, or else the file that
 * "gcloud auth application-default login" wrote. Blocks. Returns the length, or -1 with an error
 * that names the file. */
ssize_t beluga__google_key(char *buffer, size_t size, beluga_error *err);

#endif
