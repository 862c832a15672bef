/* Files that define a provider without code, and the requests that the peer received from it. */
#ifndef TESTS_CONFIGURATION_OWN_H
#define TESTS_CONFIGURATION_OWN_H

#include "../support/calls.h"
#include "client/chat_model.h"

#include <beluga/provider/provider.h>

#include <stdio.h>
#include <unistd.h>

#define SECRET "tok-4f1dC0ffee5ecret"

/* --- helpers ---------------------------------------------------------------------------------- */

static char path[64];

static void write_text(char *where, size_t size, const char *text)
{
    snprintf(where, size, "/tmp/beluga-own-XXXXXX");
    int fd = mkstemp(where);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Load a file. "URL" in its text is replaced by the peer's URL. */
static beluga_config *load_at(const char *url, const char *yaml)
{
    char text[4096] = "";
    const char *at;
    beluga_error err;
    while (url && (at = strstr(yaml, "URL"))) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%.*s%s", (int)(at - yaml), yaml, url);
        yaml = at + 3;
    }
    strncat(text, yaml, sizeof text - strlen(text) - 1);
    write_text(path, sizeof path, text);
    beluga_config *config = beluga_config_new(beluga_with_env(), beluga_with_max_retries(0),
                                              beluga_with_timeout_ms(PATIENCE_MS));
    int status = beluga_config_load_file(config, path, &err);
    unlink(path);
    if (status) fail_msg("%s", err.message);
    return config;
}

static int try_open(const beluga_config *config, const char *reference, beluga_chat_model **model,
                    beluga_error *err)
{
    beluga_config *resolved = NULL;
    *model = NULL;
    int status =
        beluga_config_resolve(config, beluga_registry_default(), reference, &resolved, err);
    if (!status)
        status = beluga_registry_open(beluga_registry_default(), NULL, resolved, model, err);
    beluga_config_free(resolved);
    return status;
}

static beluga_chat_model *open_own(peer *p, const char *yaml, const char *reference)
{
    beluga_chat_model *model;
    beluga_error err;
    beluga_config *config = load_at(peer_url(p), yaml);
    int status = try_open(config, reference, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("%s", err.message);
    return model;
}

static void will_answer(peer *p, int times)
{
    peer_reply *reply = peer_reply_new(p);
    peer_reply_repeat(reply, times);
    peer_openai_answer(reply, "Hello");
}

static void sent(peer *p, size_t i, const char *name, const char *value)
{
    const char *header = peer_request_header(p, i, name);
    if (!value)
        assert_null(header);
    else if (!header)
        fail_msg("no header %s", name);
    else
        assert_string_equal(header, value);
}

static void open_fails(const char *yaml, const char *reference, int code, const char *message)
{
    beluga_chat_model *model;
    beluga_error err;
    char expected[512];
    beluga_config *config = load_at("http://127.0.0.1:9/v1", yaml);
    assert_int_equal(try_open(config, reference, &model, &err), code);
    assert_null(model);
    beluga_config_free(config);
    snprintf(expected, sizeof expected, "%s%s", *message == ':' ? path : "", message);
    assert_string_equal(err.message, expected);
}

#endif
