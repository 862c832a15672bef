/* Reads requests and writes answers in the protocols of `beluga serve`. The input is a protocol's
 * name, a body on one line, and a line for each action of a model. A body is accepted, or refused
 * with a reason of one line. The library's own client of that protocol reads from the written
 * stream the same text and calls that the model emitted, and takes the stream for complete only if
 * the answer was complete. */
#include "base/limits.h"
#include "decoder.h"
#include "protocol/protocol.h"
#include "providers.h"

#include <stdio.h>

/* The content of an answer, however it was cut into events and in whichever order. */
typedef struct said {
    beluga__buf text, thought;
    beluga__buf calls;     /* names */
    beluga__buf arguments; /* in the order in which the calls end */
    bool odd; /* some arguments are not an object, and clients handle those differently */
    bool whole, failed;
} said;

typedef struct side {
    fuzz_decoder decoder;
    said said;
    protocol_stream *stream; /* NULL on the side that reads */
    const protocol_request *request;
} side;

typedef struct protocol_row {
    const protocol *protocol;
    const char *provider; /* the provider that reads its streams */
    bool shows_thoughts;  /* the stream has reasoning even if it has no signature */
    bool calls_are_whole; /* an answer with calls ends as complete, whatever its end was */
} protocol_row;

static const protocol_row rows[] = {
    {&protocol_chat, "openai", true, true},
    {&protocol_responses, "openai-responses", true, false},
    {&protocol_messages, "anthropic", false, true},
};

/* ---- content --------------------------------------------------------------------------------- */

static void begin(said *s)
{
    beluga__buf *bufs[] = {&s->text, &s->thought, &s->calls, &s->arguments};
    for (size_t i = 0; i < 4; i++) beluga__buf_init(bufs[i], beluga_allocator_default(), 1 << 24);
    s->odd = s->whole = s->failed = false;
}

static void end(said *s)
{
    beluga__buf_free(&s->text);
    beluga__buf_free(&s->thought);
    beluga__buf_free(&s->calls);
    beluga__buf_free(&s->arguments);
}

/* Some clients treat blocks as paragraphs, so line ends are ignored. */
static void add_thought(said *s, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != '\n') beluga__buf_putc(&s->thought, text[i]);
}

static bool is_object(const char *text, size_t n)
{
    beluga_json_doc *doc = NULL;
    bool object = beluga_json_parse(text, n, &doc, NULL) == 0 &&
                  beluga_json_is_object(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return object && *text == '{' && text[n - 1] == '}';
}

static void add_call(side *s, const beluga_event *event)
{
    const char *sent = event->u.tool_call.name;
    const protocol_renamed *renamed = protocol_find_renamed(s->request, sent);
    if (renamed && renamed->custom) return; /* a custom tool's input is text */
    beluga__buf_puts(&s->said.calls, renamed ? renamed->name : sent);
    beluga__buf_putc(&s->said.calls, '\n');
    if (!is_object(event->u.tool_call.arguments, event->u.tool_call.length)) s->said.odd = true;
    beluga__buf_append(&s->said.arguments, event->u.tool_call.arguments, event->u.tool_call.length);
}

static void note(side *s, const beluga_event *event)
{
    switch (event->kind) {
    case BELUGA_EVENT_TEXT:
        beluga__buf_append(&s->said.text, event->u.text.text, event->u.text.length);
        break;
    case BELUGA_EVENT_REASONING:
        add_thought(&s->said, event->u.reasoning.text, event->u.reasoning.length);
        break;
    case BELUGA_EVENT_TOOL_CALL_END: add_call(s, event); break;
    case BELUGA_EVENT_FINISH:
        s->said.whole = beluga_finish_reason_is_whole(event->u.finish.reason);
        break;
    case BELUGA_EVENT_ERROR: s->said.failed = true; break;
    default: break;
    }
}

static void on_event(beluga__sink *sink, const beluga_event *event)
{
    side *s = beluga__container_of(sink, side, decoder.sink);
    note(s, event);
    if (!s->stream) return;
    int rc = event->kind == BELUGA_EVENT_ERROR
                 ? s->stream->protocol->fail(s->stream, event->u.error)
                 : s->stream->protocol->event(s->stream, event);
    FUZZ_CHECK(rc == 0);
}

/* ---- actions of a model ---------------------------------------------------------------------- */

static int act(beluga_emit *emit, char letter, char *text)
{
    char *space = strchr(text, ' '), *rest = space ? space + 1 : "";
    uint32_t index = (uint32_t)strtoul(text, NULL, 10) % 8;
    beluga_usage usage = BELUGA_USAGE_INIT;
    switch (letter) {
    case 't': return beluga_emit_text(emit, text, strlen(text));
    case 'r': return beluga_emit_reasoning(emit, text, strlen(text));
    case 's': return beluga_emit_reasoning_signature(emit, text, strlen(text));
    case '/': return beluga_emit_reasoning_end(emit);
    case 'b': return beluga_emit_tool_call_begin(emit, index, NULL, rest);
    case 'd': return beluga_emit_tool_call_delta(emit, index, rest, strlen(rest));
    case 'e': return beluga_emit_tool_call_end(emit, index);
    case 'z': return beluga_emit_state(emit, 5 + index % 3, 0, rest, strlen(rest));
    case 'm': return beluga_emit_media(emit, BELUGA_PART_IMAGE, "image/png", text, strlen(text));
    case 'f': return beluga_emit_finish(emit, (beluga_finish_reason)(index % 7), NULL);
    case 'x': return beluga_emit_failure(emit, -1 - (int)index, NULL, "it broke");
    case 'u': usage.input_total = usage.output_total = index; break;
    default: break;
    }
    return beluga_emit_usage(emit, &usage);
}

static void play(side *s, char *script)
{
    beluga_emit *emit = &s->decoder.emit;
    int rc = 0;
    for (char *line; !rc && !emit->finished && (line = fuzz_line(&script));)
        if (*line) rc = act(emit, *line, line + 1);
    if (!emit->finished) beluga_emit_failure(emit, BELUGA_ERROR_STREAM_CLOSED, NULL, "cut");
    beluga__emit_complete(emit);
    FUZZ_CHECK(beluga__emit_deliver(emit));
}

/* ---- the rules ------------------------------------------------------------------------------- */

static void compare(const protocol_row *row, const side *model, const side *client,
                    const char *bytes)
{
    bool may_differ = row->calls_are_whole && model->said.calls.length && !model->said.failed;
    if (model->said.whole != client->said.whole && !may_differ)
        fuzz_broken(__FILE__, __LINE__, "a stream is whole only if the answer is", bytes);
    if (model->said.failed) {
        if (!client->said.failed) fuzz_broken(__FILE__, __LINE__, "a failure is seen", bytes);
        return;
    }
    if (strcmp(model->said.text.data, client->said.text.data) != 0)
        fuzz_broken(__FILE__, __LINE__, "no text is lost", bytes);
    if (row->shows_thoughts && strcmp(model->said.thought.data, client->said.thought.data) != 0)
        fuzz_broken(__FILE__, __LINE__, "no reasoning is lost", bytes);
    if (model->said.calls.length != client->said.calls.length)
        fuzz_broken(__FILE__, __LINE__, "no call is lost", bytes);
    if (!model->said.odd && model->said.arguments.length != client->said.arguments.length)
        fuzz_broken(__FILE__, __LINE__, "no arguments are lost", bytes);
}

static void read_back(const protocol_row *row, const protocol_request *request, const side *model,
                      const char *bytes, size_t n)
{
    side client = {.request = request};
    begin(&client.said);
    fuzz_decoder_init(&client.decoder, fuzz_provider(row->provider), on_event);
    fuzz_decoder_stream(&client.decoder, bytes, n);
    beluga__emit_complete(&client.decoder.emit);
    beluga__emit_deliver(&client.decoder.emit);
    compare(row, model, &client, bytes);
    fuzz_decoder_free(&client.decoder);
    end(&client.said);
}

static void answer(const protocol_row *row, const protocol_request *request, char *script)
{
    side model = {.request = request};
    protocol_identity identity = {.id = "id_1", .created = 1, .model = "m"};
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 26);
    begin(&model.said);
    fuzz_decoder_init(&model.decoder, fuzz_provider("openai"), on_event);
    model.stream = protocol_stream_new(request, &identity, &out);
    FUZZ_CHECK(model.stream);
    play(&model, script);
    FUZZ_CHECK(model.stream->ended);
    fuzz_check_text(out.data, out.length);
    read_back(row, request, &model, out.data, out.length);
    protocol_stream_free(model.stream);
    fuzz_decoder_free(&model.decoder);
    end(&model.said);
    beluga__buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size), *rest = text;
    const char *name = fuzz_line(&rest), *body = fuzz_line(&rest);
    const protocol_row *row = &rows[0];
    protocol_request request = {0};
    for (size_t i = 0; name && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].protocol->name, name) == 0) row = &rows[i];
    if (!body) body = "";
    int rc = protocol_request_parse(&request, row->protocol, body, strlen(body));
    if (!rc) rc = protocol_request_read(&request);
    fuzz_check_line(request.why);
    fuzz_check_line(request.dropped);
    FUZZ_CHECK(!rc || *request.why || rc != BELUGA_ERROR_INVALID_INPUT);
    if (!rc) answer(row, &request, rest);
    protocol_request_free(&request);
    free(text);
    return 0;
}
