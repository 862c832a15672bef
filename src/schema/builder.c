#include "base/limits.h"
#include "base/mem.h"
#include "schema/event.h"
#include "schema/response.h"

#include <beluga/error.h>

enum { FIRST_STREAM = 1000 }; /* the text of most streamed answers fits into this many bytes */

static void begin_response(beluga_response_builder *b, beluga_response *r)
{
    r->usage = (beluga_usage)BELUGA_USAGE_INIT;
    beluga__arena_init(&r->arena, &r->allocator, r->room, b->block_bytes - sizeof *r, SIZE_MAX / 2);
    b->response = r;
}

void beluga__response_builder_init(beluga_response_builder *b, beluga__runtime *runtime,
                                   size_t max_bytes)
{
    const beluga_allocator *allocator = runtime ? &runtime->allocator : beluga_allocator_default();
    size_t max = max_bytes ? max_bytes : BELUGA__MAX_RESPONSE_BYTES;
    *b = (beluga_response_builder){.runtime = runtime,
                                   .allocator = allocator,
                                   .block_bytes = BELUGA__RESPONSE_BYTES,
                                   .max = max,
                                   .duration_ns = -1,
                                   .first_content_ns = -1};
}

static void forget(beluga_response_builder *b)
{
    b->last = NULL;
    b->calls = b->last_call = NULL;
    b->last_media = NULL;
    b->n_calls = b->usage_room = b->total = 0;
}

void beluga__response_builder_clear(beluga_response_builder *b)
{
    beluga_response_free(b->response);
    b->response = NULL;
    forget(b);
    b->status = b->failure = 0;
    b->duration_ns = b->first_content_ns = -1;
    b->ended = false;
}

beluga_response_builder *beluga_response_builder_new(void)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_response_builder *b = beluga__alloc(allocator, sizeof *b);
    if (b) beluga__response_builder_init(b, NULL, 0);
    return b;
}

void beluga_response_builder_free(beluga_response_builder *b)
{
    if (!b) return;
    beluga__response_builder_clear(b);
    beluga__release(b->allocator, b);
}

/* --- memory, counted against the limit -------------------------------------------------------- */

static int stick(beluga_response_builder *b, int code)
{
    if (!b->status) b->status = code;
    return code;
}

static int charge(beluga_response_builder *b, size_t n)
{
    if (n > b->max - b->total) return stick(b, BELUGA_ERROR_LIMIT_EXCEEDED);
    b->total += n;
    return 0;
}

static void *keep(beluga_response_builder *b, size_t size)
{
    if (charge(b, size)) return NULL;
    void *p = beluga__arena_zalloc(&b->response->arena, size);
    if (!p) stick(b, BELUGA_ERROR_NO_MEMORY);
    return p;
}

/* Keep a copy of a text in the response. NULL leaves `*out` unchanged. */
static int keep_text(beluga_response_builder *b, const char *text, size_t n, const char **out)
{
    if (!text) return 0;
    if (charge(b, n)) return b->status;
    const char *copy = beluga__arena_copy(&b->response->arena, text, n);
    if (!copy) return stick(b, BELUGA_ERROR_NO_MEMORY);
    *out = copy;
    return 0;
}

static int keep_string(beluga_response_builder *b, const char *text, const char **out)
{
    return keep_text(b, text, text ? strlen(text) : 0, out);
}

/* --- content --------------------------------------------------------------------------------- */

static beluga__piece *new_piece(beluga_response_builder *b, uint32_t kind, uint32_t index,
                                size_t start)
{
    beluga__piece *piece = keep(b, sizeof *piece);
    if (!piece) return NULL;
    piece->kind = kind;
    piece->index = index;
    piece->start = start;
    *(b->last ? &b->last->next : &b->response->pieces) = piece;
    b->last = piece;
    return piece;
}

/* Make room for n more bytes. The first piece may be the whole text, so it gets exactly as much as
 * it needs. It goes into the response's block if it fills at most half of the space that is left
 * there. */
static int widen(beluga_response_builder *b, beluga__joined *to, size_t n)
{
    beluga__arena *arena = &b->response->arena;
    size_t room = to->length + n + 1, twice = 2 * to->room;
    bool first = !to->room, inside = first && room <= (size_t)(arena->end - arena->at) / 2;
    if (!first && room < FIRST_STREAM) room = FIRST_STREAM;
    if (room < twice) room = twice < b->max ? twice : b->max + 1;
    char *data = inside ? beluga__arena_alloc(arena, room)
                        : beluga__resize(b->allocator, to->owned ? to->data : NULL,
                                         to->owned ? to->room : 0, room);
    if (!data) return stick(b, BELUGA_ERROR_NO_MEMORY);
    if (to->length && !to->owned) memcpy(data, to->data, to->length);
    to->data = data;
    to->room = room;
    to->owned = !inside;
    return 0;
}

static int append(beluga_response_builder *b, beluga__joined *to, const char *text, size_t n)
{
    if (charge(b, n) || (n >= to->room - to->length && widen(b, to, n))) return b->status;
    memcpy(to->data + to->length, text, n);
    to->length += n;
    to->data[to->length] = '\0';
    return 0;
}

static int add_text(beluga_response_builder *b, const beluga_event *e)
{
    size_t n = e->u.text.length;
    if (!n) return 0;
    beluga__piece *piece = b->last;
    if (!piece || piece->kind != BELUGA_EVENT_TEXT || piece->u.state)
        piece = new_piece(b, BELUGA_EVENT_TEXT, e->index, b->response->text.length);
    if (!piece || append(b, &b->response->text, e->u.text.text, n)) return b->status;
    piece->length += n;
    return 0;
}

/* Returns whether a reasoning event belongs to the last piece: the piece is reasoning with the same
 * index. But if the event has a text and the piece a signature or state already, a new piece
 * begins. */
static bool continues(const beluga__piece *last, uint32_t index, bool text)
{
    return last && last->kind == BELUGA_EVENT_REASONING && last->index == index &&
           !(text && (last->signature || last->u.state));
}

static int add_reasoning(beluga_response_builder *b, const beluga_event *e)
{
    size_t n = e->u.reasoning.length;
    if (!n && !e->u.reasoning.signature) return 0;
    beluga__piece *piece = b->last;
    if (!continues(piece, e->index, n))
        piece = new_piece(b, BELUGA_EVENT_REASONING, e->index, b->response->reasoning.length);
    if (!piece) return b->status;
    if (n && append(b, &b->response->reasoning, e->u.reasoning.text, n)) return b->status;
    piece->length += n;
    if (!e->u.reasoning.signature) return 0;
    piece->signature_length = e->u.reasoning.signature_length;
    return keep_text(b, e->u.reasoning.signature, piece->signature_length, &piece->signature);
}

static int begin_call(beluga_response_builder *b, const beluga_event *e)
{
    if (b->n_calls >= BELUGA__MAX_TOOL_CALLS) return stick(b, BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga__call_piece *call = keep(b, sizeof *call);
    beluga__piece *piece = call ? new_piece(b, BELUGA_EVENT_TOOL_CALL_BEGIN, e->index, 0) : NULL;
    if (!piece) return b->status;
    piece->call = call;
    call->index = e->index;
    *(b->last_call ? &b->last_call->next : &b->calls) = call;
    b->last_call = call;
    b->n_calls++;
    if (keep_string(b, e->u.tool_call.id, &call->call.id)) return b->status;
    return keep_string(b, e->u.tool_call.name, &call->call.name);
}

/* Returns the newest tool call with this index that has not ended. */
static beluga__call_piece *open_call(const beluga_response_builder *b, uint32_t index)
{
    beluga__call_piece *found = NULL;
    for (beluga__call_piece *c = b->calls; c; c = c->next)
        if (c->index == index && !c->ended) found = c;
    return found;
}

/* Add the end of a tool call. The END event has all arguments, so the DELTA events before it, which
 * are for live display, are not kept. */
static int end_call(beluga_response_builder *b, const beluga_event *e)
{
    beluga__call_piece *call = open_call(b, e->index);
    if (!call) {
        if (begin_call(b, e)) return b->status;
        call = b->last_call;
    }
    if (!call->call.id && keep_string(b, e->u.tool_call.id, &call->call.id)) return b->status;
    if (!call->call.name && keep_string(b, e->u.tool_call.name, &call->call.name)) return b->status;
    bool empty = !e->u.tool_call.arguments || !e->u.tool_call.length;
    call->call.length = empty ? 2 : e->u.tool_call.length;
    if (keep_text(b, empty ? "{}" : e->u.tool_call.arguments, call->call.length,
                  &call->call.arguments))
        return b->status;
    call->ended = true;
    return 0;
}

static int add_media(beluga_response_builder *b, const beluga_event *e)
{
    const char *bytes = NULL;
    beluga__media_piece *media = keep(b, sizeof *media);
    beluga__piece *piece = media ? new_piece(b, BELUGA_EVENT_MEDIA, e->index, 0) : NULL;
    if (!piece) return b->status;
    media->part.kind = e->u.media.kind;
    if (keep_string(b, e->u.media.media_type, &media->part.media_type)) return b->status;
    if (keep_string(b, e->u.media.url, &media->part.url)) return b->status;
    if (keep_text(b, e->u.media.bytes, e->u.media.length, &bytes)) return b->status;
    media->part.data = bytes;
    media->part.data_length = bytes ? e->u.media.length : 0;
    piece->u.media = &media->part;
    *(b->last_media ? &b->last_media->next : &b->response->media) = media;
    b->last_media = media;
    return 0;
}

/* Returns the piece to which the JSON of a STATE event belongs, or NULL if there is none. The piece
 * may be a new one. */
static beluga__piece *piece_of_state(beluga_response_builder *b, const beluga_event *e)
{
    beluga__piece *found = NULL, *last = b->last;
    switch (e->u.state.of) {
    case BELUGA_PART_TEXT: return last && last->kind == BELUGA_EVENT_TEXT ? last : NULL;
    case BELUGA_PART_REASONING:
        return continues(last, e->index, false)
                   ? last
                   : new_piece(b, BELUGA_EVENT_REASONING, e->index, b->response->reasoning.length);
    case BELUGA_PART_TOOL_CALL:
        for (beluga__piece *p = b->response->pieces; p; p = p->next)
            if (p->kind == BELUGA_EVENT_TOOL_CALL_BEGIN && p->index == e->index) found = p;
        return found;
    case BELUGA_PART_STATE: return new_piece(b, BELUGA_EVENT_STATE, 0, 0);
    }
    return NULL; /* a later version may add kinds of parts */
}

static int add_state(beluga_response_builder *b, const beluga_event *e)
{
    beluga__piece *piece = piece_of_state(b, e);
    beluga__state *state = piece ? keep(b, sizeof *state) : NULL;
    if (!state) return b->status;
    state->length = e->u.state.length;
    if (keep_text(b, e->u.state.json, state->length, &state->json)) return b->status;
    if (keep_string(b, e->u.state.provider, &state->provider)) return b->status;
    if (state->json && state->provider) piece->u.state = state;
    return 0;
}

/* --- other events ----------------------------------------------------------------------------- */

/* Add warnings to those of earlier events: a provider may report more warnings shortly before the
 * end of the answer. */
static int add_warnings(beluga_response_builder *b, const beluga_event *e)
{
    beluga_response *r = b->response;
    size_t n = r->n_warnings, more = e->u.start.count;
    if (more > BELUGA__MAX_WARNINGS - n) more = BELUGA__MAX_WARNINGS - n;
    if (!more) return 0;
    const char **warnings = keep(b, (n + more) * sizeof *warnings);
    if (!warnings) return b->status;
    for (size_t i = 0; i < n; i++) warnings[i] = r->warnings[i];
    for (size_t i = 0; i < more; i++)
        if (keep_string(b, e->u.start.warnings[i], &warnings[n + i])) return b->status;
    r->warnings = warnings;
    r->n_warnings = (uint32_t)(n + more);
    return 0;
}

static int keep_limits(beluga_response_builder *b, const beluga_rate_limits *limits)
{
    beluga_response *r = b->response;
    if (!r->rate_limits) r->rate_limits = keep(b, sizeof *limits);
    if (r->rate_limits) *r->rate_limits = *limits;
    return b->status;
}

static size_t size_of(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

/* Write a string at `at` and set `*out` to it; if `size` is 0, leave `*out` unchanged. Returns the
 * end of the string. */
static char *put_string(char *at, const char *text, size_t size, const char **out)
{
    if (!size) return at;
    *out = memcpy(at, text, size);
    return at + size;
}

/* Keep the metadata. All strings share one allocation. */
static int add_metadata(beluga_response_builder *b, const beluga_event *e)
{
    beluga_response *r = b->response;
    size_t id = size_of(e->u.metadata.id), model = size_of(e->u.metadata.model);
    size_t provider = size_of(e->u.metadata.provider), request = size_of(e->u.metadata.request_id);
    size_t size = id + model + provider + request;
    r->cached = e->u.metadata.cached;
    r->attempts = e->u.metadata.attempts;
    if (e->u.metadata.created) r->created = e->u.metadata.created;
    if (e->u.metadata.rate_limits && keep_limits(b, e->u.metadata.rate_limits)) return b->status;
    if (charge(b, size)) return b->status;
    char *at = beluga__arena_alloc(&r->arena, size);
    if (!at) return stick(b, BELUGA_ERROR_NO_MEMORY);
    at = put_string(at, e->u.metadata.id, id, &r->id);
    at = put_string(at, e->u.metadata.model, model, &r->model);
    at = put_string(at, e->u.metadata.provider, provider, &r->provider);
    put_string(at, e->u.metadata.request_id, request, &r->request_id);
    return 0;
}

/* Keep the usage. Some servers send it with every chunk, so the memory of its raw JSON is
 * reused. */
static int add_usage(beluga_response_builder *b, const beluga_event *e)
{
    beluga_usage *usage = &b->response->usage;
    size_t n = e->u.usage.raw ? e->u.usage.raw_length : 0;
    *usage = e->u.usage;
    usage->raw = NULL;
    usage->raw_length = n;
    if (!n) return 0;
    if (n >= b->usage_room) {
        if (n >= b->max) return stick(b, BELUGA_ERROR_LIMIT_EXCEEDED);
        b->usage_room = 0;
        b->usage_raw = keep(b, 2 * n);
        if (!b->usage_raw) return b->status;
        b->usage_room = 2 * n;
    }
    memcpy(b->usage_raw, e->u.usage.raw, n);
    b->usage_raw[n] = '\0';
    usage->raw = b->usage_raw;
    return 0;
}

static int end(beluga_response_builder *b, const beluga_event *e)
{
    b->ended = true;
    if (e->kind == BELUGA_EVENT_ERROR) {
        b->failure = e->u.error && e->u.error->code ? e->u.error->code : BELUGA_ERROR_STREAM;
        return 0;
    }
    b->response->complete = beluga_finish_reason_is_whole(e->u.finish.reason);
    b->response->reason = (uint8_t)e->u.finish.reason;
    b->response->raw_reason =
        beluga__finish_word(e->u.finish.reason, e->u.finish.raw, e->u.finish.raw_length);
    if (b->response->raw_reason) return 0;
    return keep_text(b, e->u.finish.raw, e->u.finish.raw_length, &b->response->raw_reason);
}

static int make_response(beluga_response_builder *b)
{
    beluga_response *r = beluga__alloc(b->allocator, b->block_bytes);
    if (!r) return stick(b, BELUGA_ERROR_NO_MEMORY);
    memset(r, 0, sizeof *r);
    r->allocator = *b->allocator;
    r->runtime = b->runtime && b->runtime->own_allocator ? b->runtime : NULL;
    if (r->runtime) r->runtime->ref(r->runtime);
    begin_response(b, r);
    return 0;
}

static int restart(beluga_response_builder *b, const beluga_event *e)
{
    (void)e;
    beluga_response_free(b->response);
    b->response = NULL;
    forget(b);
    return 0;
}

/* The function for each kind of event. Events of kinds without a function, and of kinds that a
 * later version may add, are skipped. */
static int (*const adders[])(beluga_response_builder *b, const beluga_event *e) = {
    [BELUGA_EVENT_START] = add_warnings,
    [BELUGA_EVENT_METADATA] = add_metadata,
    [BELUGA_EVENT_TEXT] = add_text,
    [BELUGA_EVENT_REASONING] = add_reasoning,
    [BELUGA_EVENT_TOOL_CALL_BEGIN] = begin_call,
    [BELUGA_EVENT_TOOL_CALL_END] = end_call,
    [BELUGA_EVENT_USAGE] = add_usage,
    [BELUGA_EVENT_FINISH] = end,
    [BELUGA_EVENT_ERROR] = end,
    [BELUGA_EVENT_RESTART] = restart,
    [BELUGA_EVENT_MEDIA] = add_media,
    [BELUGA_EVENT_STATE] = add_state,
};

int beluga_response_builder_add(beluga_response_builder *b, const beluga_event *event)
{
    if (b->status) return b->status;
    if (b->ended) return 0;
    if (!b->response && make_response(b)) return b->status;
    bool known = event->kind < sizeof adders / sizeof *adders && adders[event->kind];
    return known ? adders[event->kind](b, event) : 0;
}

void beluga_response_builder_set_times(beluga_response_builder *b, int64_t duration_ns,
                                       int64_t first_content_ns)
{
    b->duration_ns = duration_ns;
    b->first_content_ns = first_content_ns;
}

/* --- finishing -------------------------------------------------------------------------------- */

static int collect_calls(beluga_response_builder *b)
{
    beluga_response *r = b->response;
    if (!b->calls) return 0;
    r->calls = beluga__arena_alloc(&r->arena, b->n_calls * sizeof *r->calls);
    if (!r->calls) return stick(b, BELUGA_ERROR_NO_MEMORY);
    for (const beluga__call_piece *c = b->calls; c; c = c->next)
        if (c->ended) r->calls[r->n_calls++] = c->call;
    for (size_t i = 0; i < r->n_calls; i++) {
        if (!r->calls[i].id) r->calls[i].id = "";
        if (!r->calls[i].name) r->calls[i].name = "";
    }
    return 0;
}

static int take(beluga_response_builder *b, beluga_response **out)
{
    if (!b->response && make_response(b)) return b->status;
    if (collect_calls(b)) return b->status;
    beluga__response_set_times(b->response, b->duration_ns, b->first_content_ns);
    *out = b->response;
    b->response = NULL;
    return 0;
}

int beluga_response_builder_finish(beluga_response_builder *b, beluga_response **out)
{
    *out = NULL;
    int status = b->status    ? b->status
                 : b->failure ? b->failure
                 : !b->ended  ? BELUGA_ERROR_STREAM_CLOSED
                              : 0;
    if (status != BELUGA_ERROR_NO_MEMORY) {
        if (status && b->response) b->response->complete = false;
        b->status = 0;
        int taken = take(b, out);
        if (taken) status = taken;
    }
    beluga__response_builder_clear(b);
    return status;
}
