/* Passes the request body and the answer on unchanged, because the provider speaks the client's
 * protocol. The library also decodes the answer, to prove that it is complete.
 *
 * Only whole events of a stream are sent to the client. The event that tells the client that the
 * answer is complete is held back until the library confirms it. Everything before the first
 * content is held back, too, so that a retry or another model can still replace a failed attempt.
 */
#include "serve/call.h"

#include <stdlib.h>
#include <string.h>

typedef struct passing {
    beluga__buf raw; /* bytes that arrived and were not sent yet */
    size_t scanned;  /* the number of these bytes that were searched for events */
    size_t whole;    /* the number of these bytes that are whole events */
    bool line_empty; /* the current line, which continues at `scanned`, has no bytes yet */
    bool is_stream, has_content, refused, closing;
    bool translated; /* the client wants a stream, but the provider did not send one: the stream
                      * is written from the events */
    uint32_t status;
    char content_type[128];
} passing;

/* Free everything that was parsed from the body, since the library now has the bytes of the body.
 */
static void forget_body(protocol_request *body)
{
    beluga_json_doc_free(body->doc);
    body->doc = NULL;
    body->body = NULL;
    body->model = body->affinity = NULL;
}

static int start(serve_call *call, beluga_error *err)
{
    beluga_option options[CALL_MAX_OPTIONS];
    size_t n = call_options(call, options);
    const bool live = call->body.stream && !call->held;
    passing *p = call->own = calloc(1, sizeof *p);
    if (!p) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "out of memory for the answer");
    beluga__buf_init(&p->raw, beluga_allocator_default(), CALL_MAX_BYTES);
    p->line_empty = true;
    options[n++] = beluga_with_request_body_n(call->text, call->length);
    if (live) options[n++] = beluga_with_restart_delivery(true);
    if (call->held) options[n++] = beluga_with_wire_streaming(true);
    int status = call_ask(call, live, options, n, err);
    /* needed if the answer must be translated into a stream */
    call->body.include_usage = protocol_request_wants_usage(&call->body);
    forget_body(&call->body);
    return status;
}

/* ---- events of a stream ---------------------------------------------------------------------- */

static bool begins(const char *text, size_t n, const char *prefix)
{
    size_t length = strlen(prefix);
    return n >= length && memcmp(text, prefix, length) == 0;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t')) at++;
    return at;
}

/* Returns the value of a field in a line of SSE; NULL if the line has another field. */
static const char *value_of(const char *line, const char *end, const char *field)
{
    size_t n = strlen(field);
    if (!begins(line, (size_t)(end - line), field) || line + n == end || line[n] != ':')
        return NULL;
    return skip_blanks(line + n + 1, end);
}

/* Returns the value of the first member of a JSON object if the member has this name, otherwise
 * NULL. */
static const char *first_member(const char *at, const char *end, const char *quoted)
{
    if (at == end || *at != '{') return NULL;
    at = skip_blanks(at + 1, end);
    if (!begins(at, (size_t)(end - at), quoted)) return NULL;
    at = skip_blanks(at + strlen(quoted), end);
    return at < end && *at == ':' ? skip_blanks(at + 1, end) : NULL;
}

static bool closes(const char *name, const char *end)
{
    static const char *const names[] = {"error", "message_stop", "response.completed",
                                        "response.incomplete", "response.failed"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (!begins(name, (size_t)(end - name), names[i])) continue;
        if (name + n == end || name[n] == '"' || name[n] == ' ') return true;
    }
    return false;
}

static bool line_closes(const char *line, const char *end)
{
    const char *name = value_of(line, end, "event"), *data = value_of(line, end, "data");
    if (name) return closes(name, end);
    if (!data) return false;
    if (begins(data, (size_t)(end - data), "[DONE]")) return true;
    const char *error = first_member(data, end, "\"error\"");
    const char *type = first_member(data, end, "\"type\"");
    if (error && error < end && *error != 'n') return true;
    return type && type < end && *type == '"' && closes(type + 1, end);
}

/* Returns the end of the line, at a line feed or carriage return; NULL if the line is not complete.
 */
static const char *find_line_end(const char *at, const char *end)
{
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    const char *back = memchr(at, '\r', (size_t)((feed ? feed : end) - at));
    return back ? back : feed;
}

/* Return whether an event tells the client that the answer is complete, or that it failed. The name
 * of the event, or the beginning of its data, shows this. */
static bool is_closing(const char *event, size_t n)
{
    static const char mark[] = "\xef\xbb\xbf";
    const char *end = event + n, *line = event;
    if (begins(line, n, mark)) line += sizeof mark - 1;
    while (line < end) {
        const char *line_end = find_line_end(line, end);
        if (!line_end) line_end = end;
        if (line_closes(line, line_end)) return true;
        line = line_end + 1;
    }
    return false;
}

/* Find the end of the events that are complete, but stop after an event that closes the stream. */
static void scan(passing *p)
{
    const char *data = p->raw.data;
    const size_t length = p->raw.length;
    size_t i = p->scanned;
    while (i < length && !p->closing) {
        const char *line_end = find_line_end(data + i, data + length);
        const size_t at = line_end ? (size_t)(line_end - data) : length;
        if (at > i) p->line_empty = false;
        i = at;
        if (at == length) break;
        if (data[i] == '\r' && i + 1 == length)
            break; /* a line feed that belongs to this carriage return may follow */
        if (data[i] == '\r' && data[i + 1] == '\n') i++;
        i++;
        if (p->line_empty) {
            p->closing = is_closing(data + p->whole, i - p->whole);
            if (!p->closing) p->whole = i;
        }
        p->line_empty = true;
    }
    p->scanned = i;
}

static void put(serve_call *call)
{
    passing *p = call->own;
    if (!p->has_content || !p->is_stream || call->held || !call->body.stream) return;
    scan(p);
    beluga__buf_append(&call->out, p->raw.data, p->whole);
    beluga__buf_consume(&p->raw, p->whole);
    p->scanned -= p->whole;
    p->whole = 0;
}

/* ---- events of the call ---------------------------------------------------------------------- */

static void forget(passing *p)
{
    beluga__buf_clear(&p->raw);
    p->scanned = p->whole = 0;
    p->line_empty = true;
    p->closing = p->has_content = false;
}

/* Returns whether a body is JSON. Some servers send JSON with the content type of a stream; no line
 * of a stream begins like JSON. */
static bool is_json(const char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n && strchr(" \t\r\n", bytes[i])) i++;
    return i < n && bytes[i] == '{';
}

/* Write a stream from the events of the library. A client that requested a stream would read a JSON
 * body as a stream without content. */
static void translate(serve_call *call)
{
    passing *p = call->own;
    forget(p);
    p->translated = true;
    if (!call->stream) call->stream = protocol_stream_new(&call->body, &call->identity, &call->out);
    if (!call->stream) call_fail_with(call, BELUGA_ERROR_NO_MEMORY);
}

static void take_raw(serve_call *call, const beluga_event *event)
{
    passing *p = call->own;
    const char *type = event->u.raw.content_type;
    if (event->u.raw.refused) forget(p);
    p->refused = event->u.raw.refused;
    p->status = event->u.raw.status;
    serve_copy(p->content_type, sizeof p->content_type, type ? type : "application/json");
    if (!p->raw.length && !call->sent)
        p->is_stream = begins(p->content_type, strlen(p->content_type), "text/event-stream") &&
                       !is_json(event->u.raw.bytes, event->u.raw.length);
    if (call->body.stream && !p->is_stream && !p->refused && p->status == 200)
        translate(call);
    else if (beluga__buf_append(&p->raw, event->u.raw.bytes, event->u.raw.length))
        call_fail_with(call, p->raw.status);
}

static void begin_again(serve_call *call)
{
    passing *p = call->own;
    forget(p);
    p->translated = false;
    protocol_stream_free(call->stream);
    call->stream = NULL;
    beluga__buf_clear(&call->out);
}

/* Handle the event that the library starts another attempt. If something was already sent to the
 * client, it can't be taken back, and the call fails. */
static void take_restart(serve_call *call, const beluga_event *event)
{
    if (call->sent && event->u.error)
        call_fail(call, event->u.error);
    else if (call->sent)
        call_fail_with(call, BELUGA_ERROR_STREAM_CLOSED);
    else
        begin_again(call);
}

/* Return whether the data of an event is complete: it is valid JSON, or [DONE]. */
static bool has_whole_data(const char *event, size_t n)
{
    const char *data = memmem(event, n, "data:", 5), *end = event + n;
    beluga_json_doc *doc = NULL;
    beluga_error unused;
    if (!data) return false;
    for (data += 5; data < end && *data == ' ';) data++;
    if (begins(data, (size_t)(end - data), "[DONE]")) return true;
    bool is_json = beluga_json_parse(data, (size_t)(end - data), &doc, &unused) == 0;
    beluga_json_doc_free(doc);
    return is_json;
}

/* Find all whole events that remain. @return whether one of them closes the stream. */
static bool scan_all(passing *p)
{
    bool closed = p->closing;
    for (size_t before = SIZE_MAX; p->scanned != before;) {
        before = p->scanned;
        if (p->closing) p->whole = p->scanned;
        p->closing = false;
        scan(p);
        closed |= p->closing;
    }
    return closed;
}

/* Complete the end of the stream. The last event may lack the empty line after it, which the
 * library accepts and some clients do not, so the line is added. An incomplete event is dropped,
 * since the answer is complete without it. If no closing event remains, one is written. */
static void close_stream(serve_call *call)
{
    passing *p = call->own;
    bool closed = scan_all(p);
    const char *tail = p->raw.data + p->whole, *closing = call->body.protocol->closing;
    size_t n = p->raw.length - p->whole;
    if (n && has_whole_data(tail, n)) {
        closed |= is_closing(tail, n);
        beluga__buf_puts(&p->raw, tail[n - 1] == '\n' ? "\n" : "\n\n");
    } else if (n) {
        p->raw.length = p->whole;
    }
    if (!closed && closing) beluga__buf_puts(&p->raw, closing);
}

static void take_finish(serve_call *call)
{
    passing *p = call->own;
    if (p->is_stream && call->body.stream) {
        close_stream(call);
        beluga__buf_append(&call->out, p->raw.data, p->raw.length);
        if (p->raw.status) call->out.status = p->raw.status;
        call_finish(call);
    } else {
        call_answer(call, (int)p->status, p->content_type, p->raw.data, p->raw.length);
    }
}

/* Pass an error of the provider on unchanged if nothing else was sent. A body that is not JSON,
 * such as a web page, is replaced by an error in the protocol's form. */
static void take_error(serve_call *call, const beluga_error *err)
{
    passing *p = call->own;
    bool fits = p->status >= 400 && is_json(p->raw.data, p->raw.length);
    if (!p->refused || !fits || http_has_started(call->request->x)) {
        call_fail(call, err);
        return;
    }
    serve_request_note(call->request, err);
    serve_answer_add_retry(call->request, err);
    call_answer(call, (int)p->status, p->content_type, p->raw.data, p->raw.length);
}

static void take(serve_call *call, const beluga_event *event)
{
    passing *p = call->own;
    if (event->kind == BELUGA_EVENT_RAW) {
        take_raw(call, event);
        return;
    }
    if (event->kind == BELUGA_EVENT_RESTART) {
        take_restart(call, event);
        return;
    }
    if (p->translated) {
        call_streamed.event(call, event);
        return;
    }
    if (event->kind == BELUGA_EVENT_FINISH) {
        take_finish(call);
    } else if (event->kind == BELUGA_EVENT_ERROR) {
        take_error(call, event->u.error);
    } else if (call_is_content(event)) {
        p->has_content = true;
        call_send_later(call);
    }
}

static void release(serve_call *call)
{
    passing *p = call->own;
    if (p) beluga__buf_free(&p->raw);
    free(p);
}

const call_form call_passed = {.start = start, .put = put, .event = take, .release = release};
