#include "talk.h"

#include <stdio.h>

/* ---- tests ----------------------------------------------------------------------------------- */

enum { MOST_TALKS = 128 };

typedef struct plan {
    char name[128];
    const talk_row *row;
    const void *about;
    talk *talk;
} plan;

static plan plans[MOST_TALKS];
static struct CMUnitTest tests[MOST_TALKS];
static size_t n_tests;

static void run(void **state)
{
    plan *p = *state;
    talk *t = p->talk = calloc(1, sizeof *t);
    assert_non_null(t);
    t->about = p->about;
    t->model = p->row->open(p->about);
    t->messages = beluga_messages_new();
    p->row->test(t);
}

/* Free the objects of a talk. This also runs when the test was skipped, which jumps out of
 * run(). */
static int end(void **state)
{
    plan *p = *state;
    talk *t = p->talk;
    p->talk = NULL;
    if (!t) return 0;
    beluga_free(t->names);
    beluga_stream_free(t->stream);
    beluga_response_free(t->response);
    beluga_messages_free(t->messages);
    beluga_chat_model_unref(t->model);
    free(t);
    return 0;
}

void add_talks(const char *prefix, const talk_row *rows, size_t n, const void *about)
{
    for (const talk_row *row = rows; row < rows + n; row++) {
        assert_true(n_tests < MOST_TALKS);
        plan *p = &plans[n_tests];
        *p = (plan){.row = row, .about = about};
        snprintf(p->name, sizeof p->name, "%s%s%s", prefix ? prefix : "", prefix ? ": " : "",
                 row->name);
        tests[n_tests++] = (struct CMUnitTest){p->name, run, NULL, end, p};
    }
}

int run_talks(const char *group)
{
    return _cmocka_run_group_tests(group, tests, n_tests, NULL, NULL);
}

/* ---- models ---------------------------------------------------------------------------------- */

const char *address_of_server(const char *server)
{
    char name[64];
    snprintf(name, sizeof name, "BELUGA_%s_URL", server);
    const char *url = getenv(name);
    snprintf(name, sizeof name, "BELUGA_%s_MISSING", server);
    const char *missing = getenv(name);
    if (!url) {
        print_message("# %s\n", missing ? missing : "run it with tests/real/with_servers.py");
        skip();
    }
    return url;
}

beluga_chat_model *open_real(const char *provider, const char *url, const char *key,
                             const char *name, beluga_option more)
{
    beluga_error err;
    beluga_chat_model *model = NULL;
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key(key), beluga_with_model_name(name),
        beluga_with_retry_delay_ms(100), beluga_with_timeout_ms(TALK_TIMEOUT_MS), more);
    int status = beluga_registry_open(beluga_registry_default(), provider, config, &model, &err);
    beluga_config_free(config);
    if (status) fail_msg("cannot open the model: %s", err.message);
    return model;
}

void bind_weather(talk *t, const char *parameters)
{
    beluga_tool *tool = NULL;
    beluga_chat_model *bound = NULL;
    beluga_tool_definition definition = {.size = sizeof definition,
                                         .name = "get_weather",
                                         .description = "Tell the weather of a city",
                                         .parameters = parameters};
    expect_ok(beluga_tool_new(&definition, &tool, &t->err), &t->err);
    expect_ok(beluga_bind_tools(t->model, &tool, 1, &bound, &t->err), &t->err);
    beluga_tool_unref(tool);
    beluga_chat_model_unref(t->model);
    t->model = bound;
}

/* ---- questions ------------------------------------------------------------------------------- */

void expect_ok(int status, const beluga_error *err)
{
    char line[1024];
    if (!status) return;
    beluga_error_format(err, line, sizeof line);
    fail_msg("%s", line);
}

int try_to_ask(talk *t, const char *text, const beluga_option *opts)
{
    beluga_response_free(t->response);
    t->response = NULL;
    return beluga_invoke_n(t->model, NULL, beluga_input_text(text), &t->response, &t->err, opts,
                           opts ? BELUGA_OPTIONS_TERMINATED : 0);
}

int try_to_ask_on(talk *t, const beluga_option *opts)
{
    beluga_response_free(t->response);
    t->response = NULL;
    return beluga_generate_n(t->model, NULL, t->messages, &t->response, &t->err, opts,
                             opts ? BELUGA_OPTIONS_TERMINATED : 0);
}

void ask_past_the_context(talk *t)
{
    enum { LONG = 12000 };
    static char text[LONG + 1];
    for (size_t i = 0; i < LONG; i++) text[i] = "word "[i % 5];
    assert_int_equal(try_to_ask(t, text, NULL), BELUGA_ERROR_CONTEXT_LENGTH);
    assert_int_equal(t->err.http_status, 400);
}

void list_models(talk *t)
{
    expect_ok(beluga_list_models(t->model, NULL, &t->names, &t->n_names, &t->err), &t->err);
}

void say_human(talk *t, const char *text)
{
    assert_int_equal(beluga_messages_add(t->messages, beluga_human_message(text)), 0);
}

void say_result(talk *t, const char *result)
{
    const beluga_tool_call *call = beluga_response_tool_call(t->response, 0);
    beluga_messages_add(t->messages, beluga_response_message(t->response));
    beluga_messages_add(t->messages, beluga_tool_message(call->id, result));
}

/* ---- streams --------------------------------------------------------------------------------- */

static void append(char *to, size_t *length, const char *piece, size_t n)
{
    assert_true(*length + n < TALK_TEXT_BYTES);
    memcpy(to + *length, piece, n);
    *length += n;
}

static void hear_tool(heard *h, const beluga_event *event)
{
    const char *arguments = event->u.tool_call.arguments;
    size_t n = event->u.tool_call.length;
    switch (event->kind) {
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
        h->begins++;
        assert_string_equal(event->u.tool_call.name, "get_weather");
        break;
    case BELUGA_EVENT_TOOL_CALL_DELTA:
        h->pieces += n > 0;
        append(h->arguments, &h->arguments_length, arguments, n);
        break;
    case BELUGA_EVENT_TOOL_CALL_END:
        h->ends++;
        assert_int_equal(h->arguments_length, n);
        assert_memory_equal(h->arguments, arguments, n);
        break;
    default: break;
    }
}

void hear(void *payload, const beluga_event *event)
{
    heard *h = payload;
    assert_int_equal(h->finishes + h->errors, 0);
    switch (event->kind) {
    case BELUGA_EVENT_TEXT:
        h->texts++;
        append(h->text, &h->length, event->u.text.text, event->u.text.length);
        break;
    case BELUGA_EVENT_USAGE: h->usage = event->u.usage; break;
    case BELUGA_EVENT_FINISH:
        h->finishes++;
        h->reason = event->u.finish.reason;
        break;
    case BELUGA_EVENT_ERROR:
        h->errors++;
        h->code = event->u.error->code;
        break;
    default: hear_tool(h, event);
    }
}

void hear_all(talk *t)
{
    const beluga_event *event = NULL;
    memset(&t->heard, 0, sizeof t->heard);
    do {
        expect_ok(beluga_stream_next(t->stream, &event, &t->err), &t->err);
        if (event) hear(&t->heard, event);
    } while (event);
    beluga_stream_free(t->stream);
    t->stream = NULL;
}
