#include "schema/response.h"

#include "base/mem.h"

#include <beluga/batch_job.h>
#include <beluga/message.h>

void beluga_response_free(beluga_response *r)
{
    if (!r) return;
    beluga_allocator allocator = r->allocator;
    beluga__runtime *runtime = r->runtime;
    beluga_embeddings_free(r->embeddings);
    beluga__arena_free(&r->arena);
    if (r->text.owned) beluga__release(&allocator, r->text.data);
    if (r->reasoning.owned) beluga__release(&allocator, r->reasoning.data);
    beluga__release(&allocator, r);
    if (runtime) runtime->unref(runtime);
}

void beluga__response_set_times(beluga_response *r, int64_t duration_ns, int64_t first_content_ns)
{
    r->duration_ns = duration_ns;
    r->first_content_ns = first_content_ns;
}

void beluga__response_set_usage(beluga_response *r, const beluga_usage *usage)
{
    beluga_usage own = *usage;
    own.raw = r->usage.raw;
    own.raw_length = r->usage.raw_length;
    r->usage = own;
}

void beluga__response_set_complete(beluga_response *r, bool complete)
{
    r->complete = complete;
}

static const char *known(const char *text)
{
    return text ? text : "";
}

const char *beluga_response_text(const beluga_response *r, size_t *length)
{
    if (length) *length = r->text.length;
    return known(r->text.data);
}

const char *beluga_response_reasoning(const beluga_response *r, size_t *length)
{
    if (length) *length = r->reasoning.length;
    return known(r->reasoning.data);
}

size_t beluga_response_tool_call_count(const beluga_response *r)
{
    return r->n_calls;
}

const beluga_tool_call *beluga_response_tool_call(const beluga_response *r, size_t index)
{
    return index < r->n_calls ? &r->calls[index] : NULL;
}

size_t beluga_response_media_count(const beluga_response *r)
{
    size_t n = 0;
    for (const beluga__media_piece *media = r->media; media; media = media->next) n++;
    return n;
}

const beluga_part *beluga_response_media(const beluga_response *r, size_t index)
{
    const beluga__media_piece *media = r->media;
    while (media && index--) media = media->next;
    return media ? &media->part : NULL;
}

const beluga_embeddings *beluga_response_embeddings(const beluga_response *r)
{
    return r->embeddings;
}

const beluga_usage *beluga_response_usage(const beluga_response *r)
{
    return &r->usage;
}

const beluga_rate_limits *beluga_response_rate_limits(const beluga_response *r)
{
    static const beluga_rate_limits unknown = BELUGA_RATE_LIMITS_INIT;
    return r->rate_limits ? r->rate_limits : &unknown;
}

beluga_finish_reason beluga_response_finish_reason(const beluga_response *r)
{
    return (beluga_finish_reason)r->reason;
}

const char *beluga_response_raw_finish_reason(const beluga_response *r)
{
    return known(r->raw_reason);
}

bool beluga_response_is_complete(const beluga_response *r)
{
    return r->complete;
}

uint32_t beluga_response_attempts(const beluga_response *r)
{
    return r->attempts;
}

bool beluga_response_is_cached(const beluga_response *r)
{
    return r->cached;
}

const char *beluga_response_id(const beluga_response *r)
{
    return known(r->id);
}

const char *beluga_response_model(const beluga_response *r)
{
    return known(r->model);
}

const char *beluga_response_provider(const beluga_response *r)
{
    return known(r->provider);
}

const char *beluga_response_request_id(const beluga_response *r)
{
    return known(r->request_id);
}

int64_t beluga_response_created(const beluga_response *r)
{
    return r->created;
}

const char *beluga_response_warning(const beluga_response *r, size_t index)
{
    return index < r->n_warnings ? known(r->warnings[index]) : NULL;
}

int64_t beluga_response_duration_ns(const beluga_response *r)
{
    return r->duration_ns;
}

int64_t beluga_response_first_content_ns(const beluga_response *r)
{
    return r->first_content_ns;
}

static int add_media(beluga_message *m, const beluga_part *part)
{
    const char *type = part->media_type ? part->media_type : "application/octet-stream";
    if (part->url)
        return beluga_message_add_url(m, (beluga_part_kind)part->kind, part->url, part->media_type);
    return beluga_message_add_data(m, (beluga_part_kind)part->kind, type, part->data,
                                   part->data_length, NULL);
}

static int add_content(beluga_message *m, const beluga_response *r, const beluga__piece *p)
{
    if (p->kind == BELUGA_EVENT_TEXT)
        return p->length ? beluga_message_add_text(m, r->text.data + p->start, p->length) : 0;
    if (p->kind == BELUGA_EVENT_REASONING)
        return beluga_message_add_reasoning(m, known(r->reasoning.data) + p->start, p->length,
                                            p->signature, p->signature_length);
    if (p->kind == BELUGA_EVENT_MEDIA) return p->u.media ? add_media(m, p->u.media) : 0;
    const beluga_tool_call *call = &p->call->call;
    return beluga_message_add_tool_call(m, known(call->id), known(call->name), call->arguments,
                                        call->length);
}

static int add_piece(beluga_message *m, const beluga_response *r, const beluga__piece *p)
{
    const beluga__state *state = p->kind == BELUGA_EVENT_MEDIA ? NULL : p->u.state;
    if (p->call && !p->call->ended) return 0; /* an incomplete tool call can't be answered */
    if (p->kind == BELUGA_EVENT_STATE)
        return state ? beluga_message_add_state(m, state->provider, state->json, state->length) : 0;
    int status = add_content(m, r, p);
    if (status || !state) return status;
    return beluga_message_set_state(m, state->provider, state->json, state->length);
}

beluga_message *beluga_response_message(const beluga_response *r)
{
    const beluga__piece *first = r->pieces;
    if (first && !first->next && first->kind == BELUGA_EVENT_TEXT && first->length &&
        !first->u.state)
        return beluga_ai_message_n(r->text.data, r->text.length);
    beluga_message *m = beluga_message_new(BELUGA_ROLE_AI);
    int status = 0;
    for (const beluga__piece *p = first; m && p && !status; p = p->next)
        status = add_piece(m, r, p);
    if (status != BELUGA_ERROR_NO_MEMORY) return m;
    beluga_message_unref(m);
    return NULL;
}
