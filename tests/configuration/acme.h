/* A registry with a provider "acme" that has its own options, and functions that load
 * configurations. */
#ifndef TESTS_CONFIGURATION_ACME_H
#define TESTS_CONFIGURATION_ACME_H

#include "../support/small_provider.h"
#include "base/mem.h"
#include "config/config.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a registry with a provider that has its own options ------------------------------------- */

static const beluga_own_option acme_options[] = {
    {.name = "acme.region",
     .meaning = "where",
     .type = BELUGA_OPTION_STRING,
     .variable = "BELUGA_TEST_ACME_REGION"},
    {.name = "acme.level", .meaning = "how", .type = BELUGA_OPTION_INT, .minimum = 1, .maximum = 9},
    {.name = NULL},
};

static const char *const acme_keys[] = {"BELUGA_TEST_ACME_KEY", "BELUGA_TEST_ACME_OLD_KEY", NULL};

static const char *const acme_urls[] = {"BELUGA_TEST_ACME_URL", NULL};

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)emit;
    return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED, "not for calling");
}

static const beluga_provider acme = {
    SMALL_PROVIDER("acme", start), .default_model = "acme-1",  .options = acme_options,
    .key_variables = acme_keys,    .url_variables = acme_urls, .base_url = "http://acme.example",
};

static beluga_client *client;
static beluga_registry *registry;

static int set_up(void **state)
{
    (void)state;
    beluga_error err = {.message = ""};
    assert_int_equal(beluga_client_new(NULL, &client), 0);
    registry = beluga_client_registry(client);
    if (beluga_registry_register(registry, &acme, &err)) fail_msg("%s", err.message);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    beluga_client_unref(client);
    return 0;
}

/* --- helpers --------------------------------------------------------------------------------- */

static char path[64];

static void write_file(const void *bytes, size_t n)
{
    snprintf(path, sizeof path, "/tmp/beluga-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static beluga_config *load(const char *yaml)
{
    beluga_error err;
    beluga_config *config = beluga_config_new_n(NULL, 0);
    write_file(yaml, strlen(yaml));
    int status = beluga_config_load_file(config, path, &err);
    unlink(path);
    if (status) fail_msg("%s", err.message);
    return config;
}

static beluga_config *resolve(const beluga_config *config, const char *reference)
{
    beluga_config *out;
    beluga_error err;
    if (beluga_config_resolve(config, registry, reference, &out, &err)) fail_msg("%s", err.message);
    return out;
}

#endif
