/* Reads a server's settings from YAML that a test provides. */
#ifndef TESTS_SERVE_READ_SETTINGS_H
#define TESTS_SERVE_READ_SETTINGS_H

#include "../support/files.h"
#include "serve/settings.h"

#include <beluga/error.h>

#include <string.h>

/* The SHA-256 sums of "bk-alice" and "bk-bob". */
#define SHA_ALICE "25fa8f631a0b6cb04afa75c0e1f2879eed77c5d4672c095b28e276a2dabb3a83"
#define SHA_BOB   "dc7da43bf8d8700ca82a9f9a83e8503ec74b272033cace17c7de510b01e985ca"

/* Read the settings from a configuration file with this text. */
static inline int read_settings(const char *yaml, serve_settings *settings, beluga_error *err)
{
    char path[] = "/tmp/beluga-serve-XXXXXX";
    make_file(path, yaml);
    beluga_config *config = beluga_config_new_n(NULL, 0);
    int status = beluga_config_load_file(config, path, err);
    *settings = (serve_settings){.memory = NULL};
    if (!status) status = serve_settings_read(config, settings, err);
    beluga_config_free(config);
    unlink(path);
    return status;
}

#endif
