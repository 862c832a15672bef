/* State of a provider: how it gets into answers and messages, and which providers get it back. */
#include "../support/parts.h"
#include "../support/scoped.h"
#include "../support/small_provider.h"
#include "logbook/message.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char sign[] = "{\"sign\":\"S==\"}", block[] = "{\"type\":\"search\",\"n\":[1,2]}";
static const char thought[] = "{\"of\":\"thought\"}", note[] = "{\"citations\":[]}";

typedef struct asked {
    const char *json[8]; /* the state of each part of the answer in the conversation, or NULL */
    size_t n;
} asked;

static asked last;

static void look_at(const beluga_call *call)
{
    static char kept[8][64];
    last.n = 0;
    for (size_t i = 0; i < beluga_call_message_count(call); i++) {
        const beluga_message *message = beluga_call_message(call, i);
        if (beluga_message_role(message) != BELUGA_ROLE_AI) continue;
        for (size_t k = 0; k < beluga_message_count(message) && k < 8; k++) {
            size_t n = 99;
            const char *json = beluga_call_get_state(call, beluga_message_part(message, k), &n);
            last.json[last.n] = json ? strcpy(kept[last.n], json) : NULL;
            assert_int_equal(n, json ? strlen(json) : 0);
            last.n++;
        }
    }
}

static int emit_state(beluga_emit *emit, beluga_part_kind of, uint32_t index, const char *json)
{
    return beluga_emit_state(emit, of, index, json, strlen(json));
}

/* Emit reasoning, a text in two pieces, a block that is only state, and two calls, with state for
 * some of them. */
static int answer(beluga_emit *emit, void *unused)
{
    (void)unused;
    int code = beluga_emit_reasoning(emit, "Hm", 2);
    if (!code) code = emit_state(emit, BELUGA_PART_REASONING, 0, thought);
    if (!code) code = beluga_emit_text(emit, "one ", 4);
    if (!code) code = emit_state(emit, BELUGA_PART_TEXT, 0, note);
    if (!code) code = beluga_emit_text(emit, "two", 3);
    if (!code) code = emit_state(emit, BELUGA_PART_STATE, 0, block);
    if (!code) code = beluga_emit_tool_call(emit, 4, "a", "w", "{}", 2);
    if (!code) code = beluga_emit_tool_call(emit, 5, "b", "w", "{}", 2);
    if (!code) code = emit_state(emit, BELUGA_PART_TOOL_CALL, 4, "{\"sign\":\"early\"}");
    if (!code) code = emit_state(emit, BELUGA_PART_TOOL_CALL, 4, sign);
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_TOOL_CALLS, NULL);
}

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)err;
    look_at(call);
    return answer(emit, NULL);
}

static int start_blocking(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    return beluga_emit_run_blocking(emit, answer, NULL, NULL);
}

static beluga_part_kind bad_of;
static const char *bad_json;

static int start_bad(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)call;
    (void)err;
    return emit_state(emit, bad_of, 0, bad_json);
}

#define SUBJECT(subject_name, function)                            \
    {SMALL_PROVIDER(subject_name, function), .default_model = "m", \
     .capabilities = BELUGA_CAPABILITY_LOCAL | BELUGA_CAPABILITY_REASONING}

static const beluga_provider subjects[] = {SUBJECT("subject", start), SUBJECT("other", start),
                                           SUBJECT("worker", start_blocking),
                                           SUBJECT("broken", start_bad)};

static beluga_chat_model *open_model(const char *name)
{
    beluga_chat_model *model = NULL;
    assert_int_equal(beluga_registry_open(beluga_client_registry(beluga_client_default()), name,
                                          NULL, &model, NULL),
                     0);
    return model;
}

static int register_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        assert_int_equal(beluga_registry_register(beluga_client_registry(beluga_client_default()),
                                                  &subjects[i], NULL),
                         0);
    return 0;
}

/* Make a call, and return the message of the answer. */
static beluga_message *ask(const char *name)
{
    beluga_chat_model *model = open_model(name);
    beluga_response *response = NULL;
    beluga_error err = {0};
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err), 0);
    beluga_message *message = beluga_response_message(response);
    assert_string_equal(beluga_response_text(response, NULL), "one two");
    beluga_response_free(response);
    beluga_chat_model_unref(model);
    return message;
}

static void go_on(const char *name, beluga_message *consumed)
{
    SCOPED(beluga_chat_model) *model = open_model(name);
    SCOPED(beluga_messages) *messages = beluga_messages_new();
    SCOPED(beluga_response) *response = NULL;
    beluga_messages_add(messages, beluga_human_message("Hi"));
    beluga_messages_add(messages, consumed);
    beluga_messages_add(messages, beluga_human_message("Go on"));
    assert_int_equal(beluga_generate(model, NULL, messages, &response, NULL), 0);
}

static void assert_asked(void)
{
    static const char *const expected[] = {thought, note, NULL, block, sign, NULL};
    assert_int_equal(last.n, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < last.n; i++)
        if (expected[i])
            assert_string_equal(last.json[i], expected[i]);
        else
            assert_null(last.json[i]);
}

static void state_goes_back_to_its_provider(void **state)
{
    (void)state;
    go_on("subject", ask("subject"));
    assert_asked();
}

static void state_goes_back_to_nobody_else(void **state)
{
    (void)state;
    go_on("other", ask("subject"));
    assert_int_equal(last.n, 6);
    for (size_t i = 0; i < last.n; i++) assert_null(last.json[i]);
}

static void state_stands_with_the_part_that_it_belongs_to(void **state)
{
    static const uint32_t kinds[] = {BELUGA_PART_REASONING, BELUGA_PART_TEXT,
                                     BELUGA_PART_TEXT,      BELUGA_PART_STATE,
                                     BELUGA_PART_TOOL_CALL, BELUGA_PART_TOOL_CALL};
    (void)state;
    SCOPED(beluga_message) *message = ask("subject");
    assert_int_equal(beluga_message_count(message), 6);
    for (size_t i = 0; i < 6; i++) {
        const beluga_part *part = beluga_message_part(message, i);
        assert_int_equal(part->kind, kinds[i]);
        if (part->state) assert_string_equal(part->state_provider, "subject");
    }
}

static void a_worker_gives_state_as_the_loop_does(void **state)
{
    (void)state;
    SCOPED(beluga_message) *message = ask("worker");
    assert_int_equal(beluga_message_count(message), 6);
    assert_string_equal(beluga_message_part(message, 4)->state, sign);
    assert_string_equal(beluga_message_part(message, 4)->state_provider, "worker");
}

static void a_pull_stream_and_the_cache_have_it(void **state)
{
    (void)state;
    needs_part("cache");
    SCOPED(beluga_chat_model) *model = NULL;
    beluga_registry *registry = beluga_client_registry(beluga_client_default());
    SCOPED(beluga_config) *config = beluga_config_new(beluga_with_cache_ttl_ms(60000));
    assert_int_equal(beluga_registry_open(registry, "subject", config, &model, NULL), 0);
    for (int i = 0; i < 2; i++) {
        beluga_stream *stream;
        const beluga_event *event;
        size_t n = 0;
        assert_int_equal(
            beluga_stream_input(model, NULL, beluga_input_text("Again"), &stream, NULL), 0);
        while (beluga_stream_next(stream, &event, NULL) == 0 && event) {
            if (event->kind != BELUGA_EVENT_STATE) continue;
            assert_string_equal(event->u.state.provider, "subject");
            assert_int_equal(strlen(event->u.state.json), event->u.state.length);
            n++;
        }
        assert_int_equal(n, 5);
        beluga_stream_free(stream);
    }
}

static void the_json_of_an_answer_has_it(void **state)
{
    (void)state;
    SCOPED(beluga_chat_model) *model = open_model("subject");
    SCOPED(beluga_response) *response = NULL;
    SCOPED(char) *json = NULL;
    assert_int_equal(beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, NULL), 0);
    assert_int_equal(beluga_response_to_json(response, &json, NULL), 0);
    assert_non_null(strstr(json, "{\"of\":\"tool_call\",\"id\":\"a\",\"provider\":\"subject\","
                                 "\"json\":{\"sign\":\"S==\"}}"));
    assert_non_null(strstr(json, "{\"of\":\"state\",\"provider\":\"subject\",\"json\":"));
}

/* A conversation that is written into the log and read back continues in the same way. */
static void the_log_has_it(void **state)
{
    (void)state;
    beluga_message *message = ask("subject");
    beluga_json_writer *w = beluga_json_writer_new();
    const char *json;
    size_t n;
    bool left_out = false;
    assert_false(logbook_message_is_plain(message));
    logbook_message_put(w, NULL, message);
    assert_int_equal(beluga_json_writer_text(w, &json, &n), 0);
    beluga_message_unref(message);
    message = logbook_message_read(BELUGA_ROLE_AI, json, NULL, &left_out);
    assert_non_null(message);
    beluga_json_writer_free(w);
    go_on("subject", message);
    assert_asked();
}

static void assert_refused(beluga_part_kind of, const char *json, int code)
{
    SCOPED(beluga_chat_model) *model = open_model("broken");
    beluga_response *response = NULL;
    beluga_error err = {0};
    bad_of = of;
    bad_json = json;
    int status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err,
                               beluga_with_max_retries(0));
    if (status != code) fail_msg("%s: %s", beluga_error_name(status), err.message);
    assert_null(response);
}

static void state_that_is_not_json_or_of_nothing_ends_the_call(void **state)
{
    (void)state;
    assert_refused(BELUGA_PART_STATE, "{\"a\":", BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_refused(BELUGA_PART_STATE, "\"\xff\"", BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_refused(BELUGA_PART_TOOL_CALL, "{}", BELUGA_ERROR_MALFORMED_RESPONSE);
    assert_refused(BELUGA_PART_IMAGE, "{}", BELUGA_ERROR_INVALID_INPUT);
}

static void a_message_takes_nothing_but_json_for_state(void **state)
{
    (void)state;
    SCOPED(beluga_message) *message = beluga_message_new(BELUGA_ROLE_AI);
    assert_int_equal(beluga_message_set_state(message, "p", "{}", 2), BELUGA_ERROR_INVALID_INPUT);
    beluga_message_unref(message);
    message = beluga_message_new(BELUGA_ROLE_AI);
    assert_int_equal(beluga_message_add_state(message, "p", "[1]", 3), 0);
    assert_int_equal(beluga_message_add_state(message, "p", "[1", 2), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_message_add_state(message, NULL, "[1]", 3), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_message_add_state(message, "p", NULL, 0), BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(beluga_message_count(message), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_goes_back_to_its_provider),
        cmocka_unit_test(state_goes_back_to_nobody_else),
        cmocka_unit_test(state_stands_with_the_part_that_it_belongs_to),
        cmocka_unit_test(a_worker_gives_state_as_the_loop_does),
        cmocka_unit_test(a_pull_stream_and_the_cache_have_it),
        cmocka_unit_test(the_json_of_an_answer_has_it),
        cmocka_unit_test(the_log_has_it),
        cmocka_unit_test(state_that_is_not_json_or_of_nothing_ends_the_call),
        cmocka_unit_test(a_message_takes_nothing_but_json_for_state),
    };
    return cmocka_run_group_tests_name("state", tests, register_all, NULL);
}
