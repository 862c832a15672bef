/* For each protocol, our own provider must be able to read the bytes that we write for any events.
 * A stream and a whole answer must give the same text, reasoning, tool calls, usage and finish
 * reason. */
#include "base/buf.h"
#include "protocol_kit.h"
#include "providers/builtin.h"
#include "support/decode.h"

#include <beluga/allocator.h>
#include <beluga/error.h>

#include <stdio.h>

#define N(list) (sizeof(list) / sizeof((list)[0]))

enum { MOST_CALLS = 5, MOST_EVENTS = 128, ROUNDS = 300 };

/* ---- events folded --------------------------------------------------------------------------- */

typedef struct folded {
    beluga__buf text, reasoning, calls[MOST_CALLS];
    unsigned numbers[MOST_CALLS];
    size_t n_calls;
    char usage[128], reason[32];
} folded;

static void fold_begin(folded *f)
{
    *f = (folded){.n_calls = 0};
    beluga__buf_init(&f->text, beluga_allocator_default(), 1 << 20);
    beluga__buf_init(&f->reasoning, beluga_allocator_default(), 1 << 20);
    for (size_t i = 0; i < MOST_CALLS; i++)
        beluga__buf_init(&f->calls[i], beluga_allocator_default(), 1 << 20);
}

static void fold_end(folded *f)
{
    beluga__buf_free(&f->text);
    beluga__buf_free(&f->reasoning);
    for (size_t i = 0; i < MOST_CALLS; i++) beluga__buf_free(&f->calls[i]);
}

static void add_call(folded *f, unsigned number, const char *what, size_t n)
{
    size_t i = 0;
    while (i < f->n_calls && f->numbers[i] != number) i++;
    assert_true(i < MOST_CALLS);
    if (i == f->n_calls) f->numbers[f->n_calls++] = number;
    beluga__buf_append(&f->calls[i], what, n);
    beluga__buf_putc(&f->calls[i], ' ');
}

static void keep_usage(folded *f, const char *line)
{
    long long in, read, write, out, thought;
    assert_int_equal(sscanf(line,
                            "usage input=%lld read=%lld write=%lld output=%lld reasoning=%lld", &in,
                            &read, &write, &out, &thought),
                     5);
    snprintf(f->usage, sizeof f->usage, "%lld %lld %lld %lld", in, read, out, thought);
}

/* Add a line that decode_print has written. The text is between the first and the last quote. */
static void add_line(folded *f, const char *line, size_t n)
{
    unsigned number;
    int at = 0;
    if (strncmp(line, "text \"", 6) == 0)
        beluga__buf_append(&f->text, line + 6, n - 7);
    else if (strncmp(line, "reasoning \"", 11) == 0)
        beluga__buf_append(&f->reasoning, line + 11, n - 12);
    else if (sscanf(line, "tool %u %n", &number, &at) == 1 && strncmp(line + at, "delta", 5) != 0)
        add_call(f, number, line + at, n - (size_t)at);
    else if (strncmp(line, "usage ", 6) == 0)
        keep_usage(f, line);
    else if (strncmp(line, "finish ", 7) == 0)
        snprintf(f->reason, sizeof f->reason, "%.*s", (int)strcspn(line + 7, " \n"), line + 7);
    else if (strncmp(line, "error", 5) == 0)
        fail_msg("%.*s", (int)n, line);
}

static void fold(folded *f, const char *lines)
{
    fold_begin(f);
    for (const char *end; (end = strchr(lines, '\n')); lines = end + 1)
        add_line(f, lines, (size_t)(end - lines));
}

static void assert_same(const folded *a, const folded *b)
{
    assert_string_equal(a->text.data, b->text.data);
    assert_string_equal(a->reasoning.data, b->reasoning.data);
    assert_int_equal(a->n_calls, b->n_calls);
    for (size_t i = 0; i < a->n_calls; i++) assert_string_equal(a->calls[i].data, b->calls[i].data);
    assert_string_equal(a->usage, b->usage);
    assert_string_equal(a->reason, b->reason);
}

/* ---- random events --------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned draw(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static const char *const words[] = {"a",
                                    " ",
                                    "\n",
                                    "\"\\/\b\f\n\r\t",
                                    "data: [DONE]\n\n",
                                    "\x01\x1f\x7f",
                                    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3",
                                    "\xe2\x80\xa8\xe2\x80\xa9",
                                    "</script>",
                                    "a rather long text that needs more than one word of memory"};
static const char *const arguments[] = {"{}", "{\"a\":1}", "{\"t\":\"x\\ny\\\"z\",\"n\":[1,{}]}",
                                        "{\"\xc3\xa4\":\"\xf0\x9f\x90\xb3\"}"};
static const char *const ids[] = {"call_0", "call_1", "call_2", "call_3", "call_4"};

typedef struct script {
    beluga_event events[MOST_EVENTS];
    size_t n;
    const char *given[MOST_CALLS]; /* the arguments of each call that has begun */
    size_t sent[MOST_CALLS];       /* length of the arguments that were sent */
    bool ended[MOST_CALLS];
    size_t n_calls;
} script;

static void add(script *s, beluga_event event)
{
    assert_true(s->n < MOST_EVENTS);
    s->events[s->n++] = event;
}

static void add_words(script *s, uint32_t kind)
{
    const char *text = words[draw(N(words))];
    beluga_event event = {.kind = kind};
    if (kind == BELUGA_EVENT_TEXT) {
        event.u.text.text = text;
        event.u.text.length = strlen(text);
    } else {
        event.u.reasoning.text = text;
        event.u.reasoning.length = strlen(text);
    }
    add(s, event);
}

static void begin_call(script *s)
{
    size_t i = s->n_calls++;
    s->given[i] = arguments[draw(N(arguments))];
    add(s, (beluga_event)KIT_BEGIN((uint32_t)i, ids[i], "f"));
}

/* Send the next piece of a call's arguments. It may end inside a JSON escape, but not inside a
 * character. */
static void continue_call(script *s, size_t i)
{
    const char *rest = s->given[i] + s->sent[i];
    size_t n = strlen(rest) ? 1 + draw((unsigned)strlen(rest)) : 0;
    while (n && (rest[n] & 0xc0) == 0x80) n++;
    if (!n || s->ended[i]) return;
    add(s, (beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_DELTA,
                          .index = (uint32_t)i,
                          .u.tool_call = {.arguments = rest, .length = n}});
    s->sent[i] += n;
}

static void end_call(script *s, size_t i)
{
    const char *all = s->given[i], *rest = all + s->sent[i];
    if (s->ended[i]) return;
    if (*rest)
        add(s, (beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_DELTA,
                              .index = (uint32_t)i,
                              .u.tool_call = {.arguments = rest, .length = strlen(rest)}});
    add(s, (beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_END,
                          .index = (uint32_t)i,
                          .u.tool_call = {ids[i], "f", all, strlen(all)}});
    s->ended[i] = true;
}

static void write_script(script *s)
{
    static const uint32_t reasons[] = {BELUGA_FINISH_STOP, BELUGA_FINISH_LENGTH,
                                       BELUGA_FINISH_CONTENT_FILTER};
    *s = (script){.n = 0};
    add(s, (beluga_event)KIT_METADATA("m"));
    /* readers treat an empty answer as an error, so begin with text */
    add_words(s, BELUGA_EVENT_TEXT);
    for (unsigned n = draw(40); n > 0; n--) {
        unsigned what = draw(8);
        if (what < 3) add_words(s, BELUGA_EVENT_TEXT);
        if (what == 3) add_words(s, BELUGA_EVENT_REASONING);
        if (what == 4 && s->n_calls < MOST_CALLS) begin_call(s);
        if (what > 4 && s->n_calls) continue_call(s, draw((unsigned)s->n_calls));
        if (what == 7 && s->n_calls) end_call(s, draw((unsigned)s->n_calls));
    }
    for (size_t i = 0; i < s->n_calls; i++) end_call(s, i);
    int64_t in = 1 + draw(1000), out = draw(1000);
    add(s, (beluga_event)KIT_USAGE(in, in / 2, 0, out, out / 3));
    uint32_t reason = s->n_calls ? BELUGA_FINISH_TOOL_CALLS : reasons[draw(N(reasons))];
    add(s, (beluga_event){.kind = BELUGA_EVENT_FINISH, .u.finish.reason = reason});
}

/* ---- the round ------------------------------------------------------------------------------- */

typedef struct round_plan {
    const protocol *table;
    const beluga_provider *provider;
    const char *body;
} round_plan;

static void compare(const round_plan *plan, const folded *expected, const char *text, bool stream)
{
    beluga__buf lines;
    folded seen;
    size_t n = strlen(text);
    beluga__buf_init(&lines, beluga_allocator_default(), 1 << 24);
    if (stream)
        decode_stream(plan->provider, text, &n, 1, &lines);
    else
        decode_body(plan->provider, text, n, BELUGA_CALL_ANSWER, &lines);
    fold(&seen, lines.data);
    assert_same(expected, &seen);
    fold_end(&seen);
    beluga__buf_free(&lines);
}

static void go_round(const round_plan *plan)
{
    static script s;
    for (seed = 1; seed < ROUNDS; seed++) {
        uint64_t begun = seed;
        beluga__buf lines;
        folded expected;
        write_script(&s);
        beluga__buf_init(&lines, beluga_allocator_default(), 1 << 24);
        for (size_t i = 0; i < s.n; i++) decode_print(&lines, &s.events[i]);
        fold(&expected, lines.data);
        char *stream = kit_stream(plan->table, plan->body, s.events, s.n);
        compare(plan, &expected, stream, true);
        char *whole = kit_answer(plan->table, plan->body, s.events, s.n);
        compare(plan, &expected, whole, false);
        free(stream);
        free(whole);
        fold_end(&expected);
        beluga__buf_free(&lines);
        seed = begun;
    }
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Our provider checks a stream as strictly as any client. It must see an error and no finish. */
static void is_failed(const round_plan *plan, const beluga_event *events, size_t n)
{
    beluga__buf lines;
    char *text = kit_stream(plan->table, plan->body, events, n);
    size_t length = strlen(text);
    beluga__buf_init(&lines, beluga_allocator_default(), 1 << 24);
    decode_stream(plan->provider, text, &length, 1, &lines);
    assert_null(strstr(lines.data, "finish "));
    assert_non_null(strstr(lines.data, "error "));
    beluga__buf_free(&lines);
    free(text);
}

static void fail_anywhere(const round_plan *plan)
{
    static script s;
    beluga_error err;
    const beluga_event anew[] = {KIT_TEXT("half"), KIT_RESTART, KIT_TEXT("whole"),
                                 KIT_FINISH(STOP)};
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "the stream ended early");
    for (seed = 1; seed < ROUNDS; seed++) {
        uint64_t begun = seed;
        write_script(&s);
        size_t n = draw((unsigned)s.n);
        s.events[n] = (beluga_event)KIT_ERROR(&err);
        is_failed(plan, s.events, n + 1);
        seed = begun;
    }
    is_failed(plan, anew, N(anew));
}

/* ---- protocols ------------------------------------------------------------------------------- */

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"

static const round_plan chat = {&protocol_chat, &beluga__openai_provider,
                                "{" MESSAGES ",\"stream_options\":{\"include_usage\":true}}"};
static const round_plan responses = {&protocol_responses, &beluga__openai_responses_provider,
                                     "{\"input\":\"Hi\"}"};
static const round_plan messages = {&protocol_messages, &beluga__anthropic_provider,
                                    "{" MESSAGES
                                    ",\"max_tokens\":9,\"thinking\":{\"type\":\"adaptive\"}}"};

static void chat_completions_come_back_as_they_went(void **state)
{
    (void)state;
    go_round(&chat);
}

static void responses_come_back_as_they_went(void **state)
{
    (void)state;
    go_round(&responses);
}

static void messages_come_back_as_they_went(void **state)
{
    (void)state;
    go_round(&messages);
}

static void a_failure_anywhere_is_seen_in_each_protocol(void **state)
{
    (void)state;
    fail_anywhere(&chat);
    fail_anywhere(&responses);
    fail_anywhere(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chat_completions_come_back_as_they_went),
        cmocka_unit_test(responses_come_back_as_they_went),
        cmocka_unit_test(messages_come_back_as_they_went),
        cmocka_unit_test(a_failure_anywhere_is_seen_in_each_protocol),
    };
    return cmocka_run_group_tests_name("round trips", tests, NULL, NULL);
}
