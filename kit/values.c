#include "kit/values.h"

#include "kit/exchange.h"
#include "kit/perform.h"
#include "kit/samples.h"
#include "kit/sent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONG_PROMPT_BYTES = 10240 };

/* ---- a call and the requests that it sent ---------------------------------------------------- */

typedef struct asked {
    check_sent sent;
    size_t warnings;
    bool refused; /* the provider refused the call with an error */
} asked;

static void free_asked(asked *a)
{
    check_sent_free(&a->sent);
}

static size_t count_warnings(const check_run *run)
{
    size_t n = 0;
    for (const char *line = check_text_get(&run->story); *line; line += *line == '\n') {
        n += strncmp(line, "warning ", 8) == 0;
        line += strcspn(line, "\n");
    }
    return n;
}

/* Make the run's call, and parse all its requests. */
static asked ask(check_run *run, check_action *how)
{
    asked a = {.warnings = 0};
    size_t first = peer_requests(run->peer);
    check_text_clear(&run->story);
    how(run);
    run->asked = peer_requests(run->peer);
    for (size_t i = first; i < run->asked; i++) check_sent_add(&a.sent, run->peer, i);
    a.warnings = count_warnings(run);
    a.refused = !run->finished && first == run->asked;
    return a;
}

/* Make the call with other messages, which are freed. */
static asked ask_messages(check_run *run, beluga_messages *messages)
{
    beluga_messages *before = run->call.messages;
    run->call.messages = messages;
    asked a = ask(run, check_generate);
    run->call.messages = before;
    beluga_messages_free(messages);
    return a;
}

/* Return whether the provider reported that a value is not sent, by a warning or by refusing the
 * call. */
static bool is_told(const asked *a, const asked *plain)
{
    return a->refused || a->warnings > plain->warnings;
}

/* Make the usual call, with which others are compared. @return whether it finishes. */
static bool ask_plain(check_run *run, asked *plain)
{
    *plain = ask(run, check_generate);
    if (run->finished) return true;
    check_text_printf(&run->reason, "the usual call fails, too: %s", run->error.message);
    free_asked(plain);
    return false;
}

static bool is_same(const asked *a, const asked *plain)
{
    return check_sent_equal(&a->sent, &plain->sent);
}

/* ---- options --------------------------------------------------------------------------------- */

/* An option with a value that nothing else in a request has. */
typedef struct option_value {
    const char *name, *getter;
    double number;    /* 0: the option has no number as its value */
    const char *text; /* NULL: any change of the request shows that the option is sent */
} option_value;

#define DOUBLE "beluga_call_get_double"
#define INT    "beluga_call_get_int"
#define BOOL   "beluga_call_get_bool"
#define STRING "beluga_call_get_string"
#define ITEM   "beluga_call_get_item"

static const option_value values[] = {
    {"TEMPERATURE", DOUBLE, 0.3125, NULL},
    {"TOP_P", DOUBLE, 0.6875, NULL},
    {"TOP_K", INT, 4127, NULL},
    {"MAX_TOKENS", INT, 5843, NULL},
    {"FREQUENCY_PENALTY", DOUBLE, 0.4375, NULL},
    {"PRESENCE_PENALTY", DOUBLE, 0.8125, NULL},
    {"SEED", INT, 7340159, NULL},
    {"STOP_SEQUENCES", ITEM, 0, "zq-second-stop"},
    {"USER", STRING, 0, "zq-user-7340159"},
    {"JSON_MODE", BOOL, 0, NULL},
    {"REASONING_EFFORT", INT, 0, NULL},
    {"RESPONSE_SCHEMA", STRING, 0, "zq_inhabitants"},
};

/* Write the options of row `i`. @return their number. */
static size_t write_options(size_t i, beluga_option *out)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"zq_inhabitants\":{\"type\":\"integer\"}},"
        "\"required\":[\"zq_inhabitants\"],\"additionalProperties\":false}";
    const beluga_option rows[sizeof values / sizeof *values] = {
        beluga_with_temperature(values[0].number),
        beluga_with_top_p(values[1].number),
        beluga_with_top_k((int64_t)values[2].number),
        beluga_with_max_tokens((int64_t)values[3].number),
        beluga_with_frequency_penalty(values[4].number),
        beluga_with_presence_penalty(values[5].number),
        beluga_with_seed((int64_t)values[6].number),
        beluga_with_stop_sequence("zq-first-stop"),
        beluga_with_user(values[8].text),
        beluga_with_json_mode(true),
        beluga_with_reasoning_effort(BELUGA_REASONING_EFFORT_MEDIUM),
        beluga_with_response_schema(schema)};
    *out = rows[i];
    if (rows[i].key != BELUGA_OPTION_STOP_SEQUENCES) return 1;
    out[1] = beluga_with_stop_sequence(values[i].text);
    return 2;
}

static bool is_sent(const option_value *v, const asked *a, const asked *plain)
{
    if (v->text) return check_sent_has(&a->sent, v->text, strlen(v->text));
    if (v->number) return check_sent_has_number(&a->sent, v->number);
    return !is_same(a, plain);
}

static bool is_option_told(const option_value *v, const asked *a, const asked *plain)
{
    return is_sent(v, a, plain) || is_told(a, plain);
}

void check_run_options(check_run *run)
{
    asked plain;
    if (!check_play_for_ever(run, false, 0) || !ask_plain(run, &plain)) return;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const option_value *v = &values[i];
        run->call.n_options = write_options(i, run->call.options);
        asked a = ask(run, check_generate);
        if (!is_option_told(v, &a, &plain))
            check_problem(run, "encode_request does not send %s(call, BELUGA_OPTION_%s, ...)",
                          v->getter, v->name);
        free_asked(&a);
    }
    if (run->problems.length)
        check_problem(run,
                      "want the value in the request, whatever its name is there, or a warning: "
                      "beluga_http_request_warn(request, \"NAME is not sent\")");
    free_asked(&plain);
}

/* ---- prompts --------------------------------------------------------------------------------- */

static beluga_messages *prompt_of(const check_call *call, const char *bytes, size_t n)
{
    beluga_part_kind kind;
    beluga_messages *messages = beluga_messages_new();
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    if (message) beluga_message_add_text(message, bytes, n);
    if (call->attach && check_sample_kind(call->attach, &kind)) check_sample_add(message, kind);
    beluga_messages_add(messages, message);
    return messages;
}

/* Return how many bytes of the text the request contains, counted from the text's beginning. */
static size_t length_sent(const asked *a, const char *text, size_t n)
{
    size_t least = 0;
    for (size_t step = n; step; step /= 2)
        while (least + step <= n && check_sent_has(&a->sent, text, least + step)) least += step;
    return least;
}

static void judge_prompt(check_run *run, const char *what, const char *text, size_t n)
{
    asked plain;
    if (!ask_plain(run, &plain)) return;
    asked a = ask_messages(run, prompt_of(&run->call, text, n));
    if (!check_sent_has(&a.sent, text, n) && !is_told(&a, &plain))
        check_problem(run,
                      "encode_request sends %zu of the %zu bytes of %s: take the length from "
                      "beluga_message_text(message, &length), and write so many with "
                      "beluga_json_put_string_n; or warn with beluga_http_request_warn",
                      length_sent(&a, text, n), n, what);
    free_asked(&plain);
    free_asked(&a);
}

void check_run_prompts(check_run *run)
{
    static const char nul[] = "before the zero\0and behind it";
    static const char letters[] = "Caf\xc3\xa9 \xf0\x9f\x90\xb3 \"quoted\" \\ \t\n100% a+b=c&d";
    char *longest = malloc(LONG_PROMPT_BYTES + 16);
    if (!longest || !check_play_for_ever(run, false, 0)) {
        free(longest);
        return;
    }
    for (size_t i = 0; i < LONG_PROMPT_BYTES; i += 10) snprintf(longest + i, 16, "word %04zu ", i);
    judge_prompt(run, "a long prompt", longest, LONG_PROMPT_BYTES - 1);
    judge_prompt(run, "a prompt with a NUL", nul, sizeof nul - 1);
    judge_prompt(run, "a prompt with other letters and signs", letters, sizeof letters - 1);
    free(longest);
}

/* ---- streams --------------------------------------------------------------------------------- */

/* Return whether the request for a stream is equal to the one for a whole answer. If both have the
 * same member "stream", they count as equal although the library wrote different Accept headers. */
static bool is_flag_lost(const asked *streamed, const asked *whole)
{
    return check_sent_equal(&streamed->sent, &whole->sent) &&
           (strcmp(check_text_get(&streamed->sent.accept), check_text_get(&whole->sent.accept)) ==
                0 ||
            check_sent_count(&whole->sent, "stream"));
}

void check_run_stream_flag(check_run *run)
{
    const beluga_provider *p = run->provider;
    if (!p->decode_response || !p->decode_event) {
        check_text_puts(
            &run->reason,
            "the provider has a decoder for streams or for whole answers, but not for both");
        return;
    }
    if (!check_load_usual_answer(run, true)) return;
    check_play_whole(run);
    asked streamed = ask(run, check_stream);
    size_t requests = run->asked;
    if (!check_load_usual_answer(run, false)) {
        free_asked(&streamed);
        return;
    }
    check_play_whole(run);
    asked whole = ask(run, check_generate);
    /* If a call makes several requests, only one of them may ask for the stream, so they are not
     * compared. */
    bool one_each = requests == 1 && run->asked == 2;
    if (one_each && is_flag_lost(&streamed, &whole))
        check_problem(run, "encode_request sends the same whether a stream is wanted or not: write "
                           "beluga_call_is_streamed(call) into the request");
    free_asked(&streamed);
    free_asked(&whole);
}

/* ---- tools ----------------------------------------------------------------------------------- */

static const struct {
    const char *name, *description, *parameter, *id, *argument, *result;
} tools[] = {
    {"zq_weather", "the zq-sky over a town", "zq_town", "zqcall001", "Qaanaaq-31", "zq-4-degrees"},
    {"zq_time", "the zq-clock of a zone", "zq_zone", "zqcall002", "Nowhere-57", "zq-no-such-zone"},
};
enum { TOOLS = sizeof tools / sizeof *tools };

static beluga_tool *make_tool(size_t i)
{
    char parameters[256];
    beluga_tool *tool = NULL;
    snprintf(parameters, sizeof parameters,
             "{\"type\":\"object\",\"properties\":{\"%s\":{\"type\":\"string\"}},"
             "\"required\":[\"%s\"]}",
             tools[i].parameter, tools[i].parameter);
    const beluga_tool_definition definition = {.size = sizeof definition,
                                               .name = tools[i].name,
                                               .description = tools[i].description,
                                               .parameters = parameters};
    beluga_tool_new(&definition, &tool, NULL);
    return tool;
}

/* Bind the tools. @return the model before binding, or NULL if binding failed. */
static beluga_chat_model *bind_tools(check_run *run)
{
    beluga_chat_model *before = run->model, *bound = NULL;
    beluga_tool *both[TOOLS];
    for (size_t i = 0; i < TOOLS; i++) both[i] = make_tool(i);
    if (beluga_bind_tools(before, both, TOOLS, &bound, &run->error))
        check_problem(run, "tools can't be bound: %s", run->error.message);
    for (size_t i = 0; i < TOOLS; i++) beluga_tool_unref(both[i]);
    if (!bound) return NULL;
    run->model = bound;
    return before;
}

static void let_go(check_run *run, beluga_chat_model *before)
{
    beluga_chat_model_unref(run->model);
    run->model = before;
}

static void want_value(check_run *run, const asked *a, const char *value, const char *what,
                       const char *change)
{
    if (!check_sent_has(&a->sent, value, strlen(value)))
        check_problem(run,
                      "encode_request does not send %s: \"%s\" is not in the request: "
                      "write %s, or warn with beluga_http_request_warn",
                      what, value, change);
}

void check_run_tools_sent(check_run *run)
{
    asked plain;
    if (!check_play_for_ever(run, false, 0) || !ask_plain(run, &plain)) return;
    beluga_chat_model *before = bind_tools(run);
    if (before) {
        asked a = ask(run, check_generate);
        for (size_t i = 0; i < TOOLS && !is_told(&a, &plain); i++) {
            want_value(run, &a, tools[i].name, "a tool's name", "beluga_tool_name(tool)");
            want_value(run, &a, tools[i].description, "a tool's description",
                       "beluga_tool_description(tool)");
            want_value(run, &a, tools[i].parameter, "a tool's parameters",
                       "beluga_tool_parameters(tool)");
        }
        free_asked(&a);
        let_go(run, before);
    }
    free_asked(&plain);
}

/* ---- a history with calls -------------------------------------------------------------------- */

static void add_calls(beluga_messages *messages)
{
    char arguments[96];
    beluga_message *calls = beluga_message_new(BELUGA_ROLE_AI);
    for (size_t i = 0; calls && i < TOOLS; i++) {
        int n = snprintf(arguments, sizeof arguments, "{\"%s\":\"%s\"}", tools[i].parameter,
                         tools[i].argument);
        beluga_message_add_tool_call(calls, tools[i].id, tools[i].name, arguments, (size_t)n);
    }
    beluga_messages_add(messages, calls);
}

static beluga_messages *write_history(const check_call *call)
{
    beluga_messages *messages = beluga_messages_new();
    beluga_messages_add(messages, check_human(call, "What is it like there?"));
    add_calls(messages);
    for (size_t i = 0; i < TOOLS; i++)
        beluga_messages_add(messages, beluga_tool_message(tools[i].id, tools[i].result));
    return messages;
}

/* Check that a tool's name is in its definition, in its call and, in protocols without ids, in its
 * result. */
static void judge_call(check_run *run, const asked *a, size_t i)
{
    size_t ids = check_sent_count(&a->sent, tools[i].id);
    size_t names = check_sent_count(&a->sent, tools[i].name);
    if (names < 2)
        check_problem(run,
                      "encode_request does not send the calls of the history: \"%s\" is in "
                      "the request %zu times, want its tool and its call: write the name of "
                      "each part of the kind BELUGA_PART_TOOL_CALL, or warn",
                      tools[i].name, names);
    want_value(run, a, tools[i].argument, "the arguments of a call of the history",
               "text and text_length of the part");
    want_value(run, a, tools[i].result, "the result of a call", "beluga_message_text(message, &n)");
    if (ids < 2 && names >= 2 && names < 3)
        check_problem(run,
                      "encode_request does not send which call a result belongs to: the id "
                      "\"%s\" is in the request %zu times, want it with the call and with "
                      "the result: write the id of the part, and "
                      "beluga_message_tool_call_id(message)",
                      tools[i].id, ids);
}

void check_run_history(check_run *run)
{
    if (!check_play_for_ever(run, false, 0)) return;
    beluga_chat_model *before = bind_tools(run);
    if (!before) return;
    asked plain;
    if (ask_plain(run, &plain)) {
        asked a = ask_messages(run, write_history(&run->call));
        for (size_t i = 0; i < TOOLS && !is_told(&a, &plain); i++) judge_call(run, &a, i);
        free_asked(&plain);
        free_asked(&a);
    }
    let_go(run, before);
}

/* ---- choices --------------------------------------------------------------------------------- */

static asked ask_with(check_run *run, beluga_option option)
{
    run->call.options[0] = option;
    run->call.n_options = 1;
    return ask(run, check_generate);
}

static void judge_choice(check_run *run, beluga_option option, const char *what, const asked *plain,
                         const char *getter)
{
    asked a = ask_with(run, option);
    if (is_same(&a, plain) && !is_told(&a, plain))
        check_problem(run,
                      "encode_request sends the same with %s as without: write %s, or warn with "
                      "beluga_http_request_warn",
                      what, getter);
    free_asked(&a);
}

static void judge_choices(check_run *run, const asked *plain)
{
    static const char choice[] = "beluga_call_get_string(call, BELUGA_OPTION_TOOL_CHOICE, NULL)";
    static const char parallel[] =
        "beluga_call_get_bool(call, BELUGA_OPTION_PARALLEL_TOOL_CALLS, &parallel)";
    judge_choice(run, beluga_with_tool_choice("none"), "tool_choice none", plain, choice);
    judge_choice(run, beluga_with_tool_choice("required"), "tool_choice required", plain, choice);
    judge_choice(run, beluga_with_tool_choice("zq_time"), "a tool's name as tool_choice", plain,
                 choice);
    if (run->provider->capabilities & BELUGA_CAPABILITY_PARALLEL_TOOLS)
        judge_choice(run, beluga_with_parallel_tool_calls(false), "parallel_tool_calls false",
                     plain, parallel);
}

void check_run_choices(check_run *run)
{
    if (!check_play_for_ever(run, false, 0)) return;
    beluga_chat_model *before = bind_tools(run);
    if (!before) return;
    asked plain;
    if (ask_plain(run, &plain)) {
        judge_choices(run, &plain);
        free_asked(&plain);
    }
    let_go(run, before);
}
