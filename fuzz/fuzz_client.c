/* Reads the request of a gateway's client, and writes the answer. The input is the name of a
 * protocol, a line of letters that stand for the events of an answer, and a body. A refused body
 * gets an error in the protocol's format, with a reason. Any other body gives messages that can be
 * sent to a model. A streamed answer consists of complete frames of JSON, has the protocol's end
 * only if the answer is complete, and nothing after it; an answer in one piece is JSON. */
#include "fuzz.h"
#include "protocol/protocol.h"

#include <beluga/allocator.h>
#include <beluga/response.h>

enum { MOST_CALLS = 4, MOST_EVENTS = 64 };

static const protocol *find_protocol(const char *name)
{
    if (name && strcmp(name, "responses") == 0) return &protocol_responses;
    if (name && strcmp(name, "messages") == 0) return &protocol_messages;
    return &protocol_chat;
}

/* ---- the body -------------------------------------------------------------------------------- */

static void check_json(const char *text, size_t n)
{
    beluga_json_doc *doc;
    fuzz_check_text(text, n);
    FUZZ_CHECK(beluga_json_parse(text, n, &doc, NULL) == 0);
    FUZZ_CHECK(beluga_json_is_object(beluga_json_doc_root(doc)));
    beluga_json_doc_free(doc);
}

static void check_error(const protocol *table, const beluga_error *err)
{
    const char *text;
    size_t n;
    int status = table->status(err);
    beluga_json_writer *w = beluga_json_writer_new();
    FUZZ_CHECK(w && status >= 400 && status < 600);
    beluga_json_begin_object(w, NULL);
    table->error(w, err, "req");
    beluga_json_end_object(w);
    FUZZ_CHECK(beluga_json_writer_text(w, &text, &n) == 0);
    check_json(text, n);
    beluga_json_writer_free(w);
}

static void check_refused(const protocol_request *request, int code)
{
    beluga_error err;
    FUZZ_CHECK(code == BELUGA_ERROR_INVALID_INPUT || code == BELUGA_ERROR_LIMIT_EXCEEDED);
    FUZZ_CHECK(*request->why);
    fuzz_check_line(request->why);
    protocol_request_explain(request, code, &err);
    fuzz_check_error(code, &err);
    check_error(request->protocol, &err);
}

static void check_read(const protocol_request *request)
{
    FUZZ_CHECK(beluga_messages_status(request->messages) == 0);
    FUZZ_CHECK(request->n_options <= PROTOCOL_MAX_OPTIONS &&
               request->n_tools <= PROTOCOL_MAX_TOOLS);
    for (size_t i = 0; i < request->n_renamed; i++) {
        const char *space, *sent = request->renamed[i].sent;
        FUZZ_CHECK(strlen(sent) <= 64);
        FUZZ_CHECK(protocol_tool_name(request, sent, &space) && request->renamed[i].name);
    }
    if (request->extra) check_json(request->extra, strlen(request->extra));
    fuzz_check_line(request->dropped);
}

/* ---- the events ------------------------------------------------------------------------------ */

typedef struct story {
    beluga_event events[MOST_EVENTS];
    size_t n, n_calls;
    bool open[MOST_CALLS];
} story;

static void add(story *s, beluga_event event)
{
    if (s->n < MOST_EVENTS - 1) s->events[s->n++] = event;
}

static void add_call(story *s, const protocol_request *request)
{
    static const char *const ids[MOST_CALLS] = {"call_a", "call.b:2", "", "\xc3\xa4"};
    size_t i = s->n_calls;
    const char *name =
        request->n_tools ? beluga_tool_name(request->tools[i % request->n_tools]) : "f";
    if (i == MOST_CALLS || s->n > MOST_EVENTS / 2) return;
    s->open[s->n_calls++] = true;
    add(s, (beluga_event){.kind = BELUGA_EVENT_TOOL_CALL_BEGIN,
                          .index = (uint32_t)(2 * i),
                          .u.tool_call = {.id = ids[i], .name = name}});
}

static void add_piece(story *s, size_t i, uint32_t kind, const char *text)
{
    if (i >= s->n_calls || !s->open[i]) return;
    s->open[i] = kind != BELUGA_EVENT_TOOL_CALL_END;
    add(s, (beluga_event){.kind = kind,
                          .index = (uint32_t)(2 * i),
                          .u.tool_call = {"call", "f", text, strlen(text)}});
}

static void add_letter(story *s, const protocol_request *request, char letter)
{
    static const beluga_event said[] = {
        ['t' - 'a'] = {.kind = BELUGA_EVENT_TEXT, .u.text = {"\"\n\xe2\x80\xa8 data: [DONE]", 18}},
        ['r' - 'a'] = {.kind = BELUGA_EVENT_REASONING, .u.reasoning = {"Hm.\\", 4, NULL, 0}},
        ['p' - 'a'] = {.kind = BELUGA_EVENT_REASONING, .u.reasoning = {"", 0, "proof", 5}},
        ['u' - 'a'] = {.kind = BELUGA_EVENT_USAGE, .u.usage = {9, 4, -1, 7, 3, NULL, 0}},
        ['n' - 'a'] = {.kind = BELUGA_EVENT_METADATA,
                       .u.metadata = {.id = "id", .model = "m\"", .provider = "mock"}},
        ['i' - 'a'] = {.kind = BELUGA_EVENT_MEDIA,
                       .u.media = {BELUGA_PART_IMAGE, "image/png", "abc", 3, NULL}},
        ['s' - 'a'] = {.kind = BELUGA_EVENT_STATE, .u.state = {BELUGA_PART_STATE, "p", "[1]", 3}},
        ['a' - 'a'] = {.kind = BELUGA_EVENT_RESTART},
    };
    size_t i = (size_t)(letter - 'a');
    if (letter == 'b') add_call(s, request);
    if (letter >= '0' && letter < '0' + MOST_CALLS)
        add_piece(s, (size_t)(letter - '0'), BELUGA_EVENT_TOOL_CALL_DELTA, "{\"a\\u00e4");
    if (letter >= '4' && letter < '4' + MOST_CALLS)
        add_piece(s, (size_t)(letter - '4'), BELUGA_EVENT_TOOL_CALL_END, "{\"a\":1}");
    if (letter >= 'a' && i < sizeof said / sizeof *said && said[i].kind) add(s, said[i]);
}

/* The last letter is the end: a digit is a finish reason, anything else a failure. */
static void write_story(story *s, const protocol_request *request, const char *letters,
                        const beluga_error *err)
{
    size_t length = letters ? strlen(letters) : 0;
    char last = length ? letters[length - 1] : '1';
    for (size_t i = 0; i + 1 < length; i++) add_letter(s, request, letters[i]);
    if (last >= '0' && last <= '6')
        s->events[s->n++] =
            (beluga_event){.kind = BELUGA_EVENT_FINISH, .u.finish.reason = (uint32_t)(last - '0')};
    else
        s->events[s->n++] = (beluga_event){.kind = BELUGA_EVENT_ERROR, .u.error = err};
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool is_end(const char *data, size_t n)
{
    static const char *const ends[] = {"[DONE]", "{\"type\":\"message_stop\"",
                                       "{\"type\":\"response.completed\"",
                                       "{\"type\":\"response.incomplete\""};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (n >= strlen(ends[i]) && memcmp(data, ends[i], strlen(ends[i])) == 0) return true;
    return false;
}

/* Check the frames of a stream. Returns how many of them say that the answer is complete. */
static size_t check_frames(const char *text)
{
    size_t n_ends = 0;
    for (const char *end; *text; text = end + 1) {
        FUZZ_CHECK((end = strchr(text, '\n')));
        if (strncmp(text, "data: ", 6) != 0) {
            FUZZ_CHECK(end == text || strncmp(text, "event: ", 7) == 0);
            continue;
        }
        FUZZ_CHECK(!n_ends && end[1] == '\n');
        n_ends = is_end(text + 6, (size_t)(end - text - 6));
        if (text[6] == '{') check_json(text + 6, (size_t)(end - text - 6));
    }
    return n_ends;
}

static void check_stream(const protocol_request *request, const protocol_identity *identity,
                         const story *s)
{
    const protocol *table = request->protocol;
    const beluga_event *last = &s->events[s->n - 1];
    beluga__buf out;
    bool anew = false;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 24);
    protocol_stream *stream = protocol_stream_new(request, identity, &out);
    FUZZ_CHECK(stream);
    for (size_t i = 0; i < s->n; i++) {
        const beluga_event *event = &s->events[i];
        anew = anew || (event->kind == BELUGA_EVENT_RESTART && stream->opened);
        FUZZ_CHECK((event->kind == BELUGA_EVENT_ERROR ? table->fail(stream, event->u.error)
                                                      : table->event(stream, event)) == 0);
    }
    size_t length = out.length;
    FUZZ_CHECK(stream->ended);
    FUZZ_CHECK(table->event(stream, &s->events[0]) == 0 && table->event(stream, last) == 0);
    FUZZ_CHECK(out.length == length);
    FUZZ_CHECK(check_frames(out.data) == (last->kind == BELUGA_EVENT_FINISH && !anew));
    protocol_stream_free(stream);
    beluga__buf_free(&out);
}

static void check_answer(const protocol_request *request, const protocol_identity *identity,
                         const story *s)
{
    beluga_response *response;
    const char *text;
    size_t n;
    beluga_response_builder *builder = beluga_response_builder_new();
    beluga_json_writer *w = beluga_json_writer_new();
    FUZZ_CHECK(builder && w);
    for (size_t i = 0; i < s->n; i++)
        FUZZ_CHECK(beluga_response_builder_add(builder, &s->events[i]) == 0);
    beluga_response_builder_finish(builder, &response);
    FUZZ_CHECK(response);
    beluga_json_begin_object(w, NULL);
    request->protocol->answer(w, request, identity, response);
    beluga_json_end_object(w);
    FUZZ_CHECK(beluga_json_writer_text(w, &text, &n) == 0);
    check_json(text, n);
    beluga_json_writer_free(w);
    beluga_response_free(response);
    beluga_response_builder_free(builder);
}

static void answer(const protocol_request *request, const char *letters)
{
    static story s;
    beluga_error err;
    protocol_identity identity = {.id = "id-1", .created = 1700000000};
    s = (story){.n = 0};
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "the stream ended early");
    write_story(&s, request, letters, &err);
    check_stream(request, &identity, &s);
    identity.model = "m";
    check_stream(request, &identity, &s);
    check_answer(request, &identity, &s);
    check_error(request->protocol, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *rest = text;
    protocol_request request = {.n_tools = 0};
    const protocol *table = find_protocol(fuzz_line(&rest));
    const char *letters = rest ? fuzz_line(&rest) : NULL;
    const char *body = rest ? rest : "";
    size_t length = rest ? size - (size_t)(rest - text) : 0;
    int code = protocol_request_parse(&request, table, body, length);
    if (!code) code = protocol_request_read(&request);
    if (code) {
        check_refused(&request, code);
    } else {
        check_read(&request);
        answer(&request, letters);
    }
    protocol_request_free(&request);
    free(text);
    return 0;
}
