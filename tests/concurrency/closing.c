#include "closing.h"

#include "../support/calls.h"
#include "../support/small_provider.h"

#include <beluga/provider/provider.h>

#include <stdio.h>
#include <stdlib.h>

sem_t at_work, may_go_on;
beluga_client *to_close;
atomic_int closed_with;

static int work(beluga_emit *emit, void *argument)
{
    (void)argument;
    if (to_close) {
        atomic_store(&closed_with, beluga_client_close(to_close, PATIENCE_MS, NULL));
    } else {
        sem_post(&at_work);
        while (sem_wait(&may_go_on)) continue;
    }
    beluga_emit_text(emit, "late", 4);
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, "stop");
}

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    return beluga_emit_run_blocking(emit, work, NULL, NULL);
}

static const beluga_provider worker = {
    SMALL_PROVIDER("worker", start),
    .default_model = "w",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL,
};

void open_client(closing *s, const beluga_executor *executor)
{
    s->memory = brief_memory_new();
    assert_non_null(s->memory);
    const beluga_allocator allocator = brief_memory_allocator(s->memory);
    const beluga_client_settings settings = {
        .size = sizeof settings, .allocator = &allocator, .executor = executor};
    assert_int_equal(beluga_client_new(&settings, &s->client), 0);
    assert_int_equal(beluga_registry_register(beluga_client_registry(s->client), &worker, NULL), 0);
}

beluga_chat_model *open_model(const closing *s, const char *provider)
{
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(beluga_with_model_name("echo"));
    assert_int_equal(
        beluga_registry_open(beluga_client_registry(s->client), provider, config, &model, NULL), 0);
    beluga_config_free(config);
    return model;
}

int closing_set_up(void **state)
{
    closing *s = calloc(1, sizeof *s);
    if (!s || sem_init(&at_work, 0, 0) || sem_init(&may_go_on, 0, 0)) return -1;
    to_close = NULL;
    open_client(s, NULL);
    *state = s;
    return 0;
}

void delete_memory(closing *s)
{
    assert_true(brief_memory_is_empty(s->memory));
    brief_memory_free(s->memory);
    s->client = NULL;
}

void close_and_delete(closing *s)
{
    beluga_error err = {0};
    if (beluga_client_close(s->client, PATIENCE_MS, &err)) fail_msg("%s", err.message);
    delete_memory(s);
}

int closing_tear_down(void **state)
{
    closing *s = *state;
    if (s->client) close_and_delete(s);
    sem_destroy(&at_work);
    sem_destroy(&may_go_on);
    free(s);
    return 0;
}

void assert_held(closing *s, unsigned times)
{
    beluga_error err = {0};
    char want[64];
    snprintf(want, sizeof want, "still has %u reference%s", times, times == 1 ? "," : "s,");
    assert_int_equal(beluga_client_close(s->client, 0, &err), BELUGA_ERROR_TIMEOUT);
    assert_int_equal(err.code, BELUGA_ERROR_TIMEOUT);
    if (!strstr(err.message, want)) fail_msg("not %s: %s", want, err.message);
}

beluga_response *ask(beluga_chat_model *model)
{
    beluga_response *response = NULL;
    beluga_error err = {0};
    if (beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err))
        fail_msg("%s", err.message);
    return response;
}

void use(beluga_chat_model *model)
{
    record r = {0};
    beluga_response_free(ask(model));
    beluga_stream *stream = begin_stream(model, NULL);
    pull_all(stream, &r);
    beluga_stream_free(stream);
}

void use_mock(closing *s)
{
    beluga_chat_model *model = open_model(s, "mock");
    use(model);
    beluga_chat_model_unref(model);
}
