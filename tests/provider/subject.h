/* A provider whose behaviour is a function that each test sets. */
#ifndef TESTS_PROVIDER_SUBJECT_H
#define TESTS_PROVIDER_SUBJECT_H

#include "../support/scoped.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef int (*behaviour)(const beluga_call *call, beluga_emit *emit, beluga_error *err);

static behaviour behave;
static atomic_int cancelled, released;

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    return behave(call, emit, err);
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
    atomic_fetch_add(&cancelled, 1);
}

static const beluga_provider subject = {
    BELUGA_PROVIDER_INIT("subject"), .default_model = "s", .start = start, .cancel = cancel,
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL};

static beluga_chat_model *open_in(beluga_client *client)
{
    beluga_chat_model *model = NULL;
    beluga_registry *registry = beluga_client_registry(client);
    assert_int_equal(beluga_registry_register(registry, &subject, NULL), 0);
    assert_int_equal(beluga_registry_open(registry, "subject", NULL, &model, NULL), 0);
    return model;
}

static int open_model(void **state)
{
    atomic_store(&cancelled, 0);
    atomic_store(&released, 0);
    *state = open_in(beluga_client_default());
    return 0;
}

static int close_model(void **state)
{
    beluga_chat_model_unref(*state);
    return 0;
}

/* Call the provider once, and assert the status. The response is owned; on failure it is NULL, and
 * `err` is filled. */
static beluga_response *call(beluga_chat_model *model, behaviour how, int expected,
                             beluga_error *err)
{
    beluga_response *response = NULL;
    behave = how;
    memset(err, 0, sizeof *err);
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, err,
                               beluga_with_max_retries(0));
    if (status != expected)
        fail_msg("%s: %s, not %s", beluga_error_name(status), err->message,
                 beluga_error_name(expected));
    return response;
}

static void assert_text(beluga_chat_model *model, behaviour how, const char *text)
{
    beluga_error err;
    SCOPED(beluga_response) *response = call(model, how, 0, &err);
    assert_string_equal(beluga_response_text(response, NULL), text);
}

static void assert_fails(beluga_chat_model *model, behaviour how, int code)
{
    beluga_error err;
    assert_null(call(model, how, code, &err));
    assert_int_equal(err.code, code);
    assert_string_equal(err.provider, "subject");
    assert_true(*err.message);
}

static int say(beluga_emit *emit, const char *text)
{
    return beluga_emit_text(emit, text, strlen(text));
}

static int stop(beluga_emit *emit)
{
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "stop");
}

/* ---- ends ------------------------------------------------------------------------------------ */

static int leaves(beluga_emit *emit, void *argument)
{
    return argument ? say(emit, argument) : 0;
}

/* ---- the host program's executor ------------------------------------------------------------- */

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, open_model, close_model)

#endif
