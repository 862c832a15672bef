#include "base/limits.h"
#include "base/mem.h"
#include "schema/response.h"

#include <beluga/error.h>

enum { FIRST_TEXT = 1000 }; /* the text of most answers fits into this */

static const beluga_usage no_usage = BELUGA_USAGE_INIT;
static const beluga_rate_limits no_limits = BELUGA_RATE_LIMITS_INIT;

static void reset_response(beluga_response *r)
{
    beluga_allocator allocator = r->allocator;
    beluga__runtime *runtime = r->runtime;
    memset(r, 0, offsetof(beluga_response, room));
    r->allocator = allocator;
    r->runtime = runtime;
    r->usage = no_usage;
    r->rate_limits = no_limits;
    r->duration_ns = r->first_content_ns = -1;
    beluga__arena_init(&r->arena, &r->allocator, r->room, sizeof r->room, SIZE_MAX / 2);
}

void beluga__response_builder_init(beluga_response_builder *b, beluga__runtime *runtime,
                                   size_t max_bytes)
{
    const beluga_allocator *allocator = runtime ? &runtime->allocator : beluga_allocator_default();
    size_t max = max_bytes ? max_bytes : BELUGA__MAX_RESPONSE_BYTES;
    *b = (beluga_response_builder){.runtime = runtime,
                                   .allocator = allocator,
                                   .max = max,
                                   .duration_ns = -1,
                                   .first_content_ns = -1};
    beluga__buf_init(&b->text, allocator, max);
    beluga__buf_init(&b->reasoning, allocator, max);
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
    beluga__buf_free(&b->text);
    beluga__buf_free(&b->reasoning);
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

/* --- memory, counted -------------------------------------------------------------------------- */

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

/* Keep a copy of a text. NULL leaves `*out` unchanged. */
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

static int append(beluga_response_builder *b, beluga__buf *buf, const char *text, size_t n)
{
    /* nearly all texts take this path */
    if (n < buf->capacity - buf->length && n <= b->max - b->total) {
        memcpy(buf->data + buf->length, text, n);
        buf->length += n;
        buf->data[buf->length] = '\0';
        b->total += n;
        return 0;
    }
    if (charge(b, n)) return b->status;
    size_t first = n > FIRST_TEXT ? n : b->max < FIRST_TEXT ? b->max : FIRST_TEXT;
    if (!buf->capacity && beluga__buf_reserve(buf, first)) return stick(b, buf->status);
    return beluga__buf_append(buf, text, n) ? stick(b, buf->status) : 0;
}

static int add_text(beluga_response_builder *b, const beluga_event *e)
{
    size_t n = e->u.text.length;
    if (!n) return 0;
    beluga__piece *piece = b->last;
    if (!piece || piece->kind != BELUGA_EVENT_TEXT || piece->u.state)
        piece = new_piece(b, BELUGA_EVENT_TEXT, e->index, b->text.length);
    if (!piece || append(b, &b->text, e->u.text.text, n)) return b->status;
    piece->length += n;
    return 0;
}

/* Returns whether reasoning continues the last piece: the block is the same, and text does not
 * follow a signature or a state. */
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
        piece = new_piece(b, BELUGA_EVENT_REASONING, e->index, b->reasoning.length);
    if (!piece) return b->status;
    if (n && append(b, &b->reasoning, e->u.reasoning.text, n)) return b->status;
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

/* Returns the newest call of a block that has not ended. */
static beluga__call_piece *open_call(const beluga_response_builder *b, uint32_t index)
{
    beluga__call_piece *found = NULL;
    for (beluga__call_piece *c = b->calls; c; c = c->next)
        if (c->index == index && !c->ended) found = c;
    return found;
}

/* The end of a call has all arguments, so the deltas, which are for live display, are not kept. */
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

/* Returns the piece to which a state belongs, perhaps a new one. */
static beluga__piece *piece_of_state(beluga_response_builder *b, const beluga_event *e)
{
    beluga__piece *found = NULL, *last = b->last;
    switch (e->u.state.of) {
    case BELUGA_PART_TEXT: return last && last->kind == BELUGA_EVENT_TEXT ? last : NULL;
    case BELUGA_PART_REASONING:
        return continues(last, e->index, false)
                   ? last
                   : new_piece(b, BELUGA_EVENT_REASONING, e->index, b->reasoning.length);
    case BELUGA_PART_TOOL_CALL:
        for (beluga__piece *p = b->response->pieces; p; p = p->next)
            if (p->kind == BELUGA_EVENT_TOOL_CALL_BEGIN && p->index == e->index) found = p;
        return found;
    case BELUGA_PART_STATE: return new_piece(b, BELUGA_EVENT_STATE, 0, 0);
    }
    return NULL; /* a later version may send other kinds */
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

/* Warnings may come in several events, since a provider's late ones come before the end. */
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
    r->n_warnings = n + more;
    return 0;
}

static int add_metadata(beluga_response_builder *b, const beluga_event *e)
{
    beluga_response *r = b->response;
    r->cached = e->u.metadata.cached;
    if (e->u.metadata.created) r->created = e->u.metadata.created;
    if (e->u.metadata.rate_limits) r->rate_limits = *e->u.metadata.rate_limits;
    int status = keep_string(b, e->u.metadata.id, &r->id);
    if (!status) status = keep_string(b, e->u.metadata.model, &r->model);
    if (!status) status = keep_string(b, e->u.metadata.provider, &r->provider);
    if (!status) status = keep_string(b, e->u.metadata.request_id, &r->request_id);
    return status;
}

/* Some servers send usage with every piece, so the memory of its JSON is reused. */
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
    b->response->reason = e->u.finish.reason;
    return keep_text(b, e->u.finish.raw, e->u.finish.raw_length, &b->response->raw_reason);
}

static int make_response(beluga_response_builder *b)
{
    beluga_response *r = beluga__alloc(b->allocator, sizeof *r);
    if (!r) return stick(b, BELUGA_ERROR_NO_MEMORY);
    r->allocator = *b->allocator;
    r->runtime = b->runtime && b->runtime->own_allocator ? b->runtime : NULL;
    if (r->runtime) r->runtime->ref(r->runtime);
    reset_response(r);
    b->response = r;
    return 0;
}

/* Forget everything, but keep the memory. */
static int restart(beluga_response_builder *b, const beluga_event *e)
{
    (void)e;
    beluga__arena_free(&b->response->arena);
    reset_response(b->response);
    beluga__buf_clear(&b->text);
    beluga__buf_clear(&b->reasoning);
    forget(b);
    return 0;
}

/* Kinds without a function are skipped, and so are kinds of later versions. */
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

/* --- handing over ---------------------------------------------------------------------------- */

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
    beluga_response *r = b->response;
    if (b->text.length) r->text = beluga__buf_steal(&b->text, &r->text_length);
    if (b->reasoning.length) r->reasoning = beluga__buf_steal(&b->reasoning, &r->reasoning_length);
    beluga__response_set_times(r, b->duration_ns, b->first_content_ns);
    b->response = NULL;
    *out = r;
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
        b->text.status = b->reasoning.status = 0;
        int taken = take(b, out);
        if (taken) status = taken;
    }
    beluga__response_builder_clear(b);
    return status;
}
