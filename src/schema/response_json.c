#include "base/json.h"
#include "base/limits.h"
#include "schema/response.h"

#include <string.h>

static void put_known(beluga_json_writer *w, const char *key, const char *text)
{
    beluga_json_put_string(w, key, *text ? text : NULL);
}

/* Values that a model wrote may nest less deeply than the parser allows, since programs put an
 * answer's JSON a few levels deep into JSON of their own and must still be able to parse the
 * result. */
enum { DEEPEST_VALUE = BELUGA__MAX_JSON_DEPTH - 16 };

/* Write a text that should be JSON: in compact form if it is valid and not too deep, otherwise as a
 * string, so that the text is not lost. */
static void put_json_or_string(beluga_json_writer *w, const char *key, const char *text, size_t n,
                               bool object_only)
{
    beluga_json_doc *doc = NULL;
    int status = beluga_json_parse(text, n, &doc, NULL);
    const beluga_json *root = status ? NULL : beluga_json_doc_root(doc);
    bool fits = root && !beluga__json_nests_deeper(text, n, DEEPEST_VALUE);
    if (fits && (!object_only || beluga_json_is_object(root))) {
        const char *compact = beluga_json_text(doc, root, &n);
        if (compact)
            beluga__json_put_valid(w, key, compact, n);
        else
            status = BELUGA_ERROR_NO_MEMORY;
    } else {
        beluga_json_put_string_n(w, key, text, n);
    }
    if (status == BELUGA_ERROR_NO_MEMORY && !w->status) w->status = status;
    beluga_json_doc_free(doc);
}

static void put_calls(beluga_json_writer *w, const beluga_response *r)
{
    beluga_json_begin_array(w, "tool_calls");
    for (size_t i = 0; i < r->n_calls; i++) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "id", r->calls[i].id);
        beluga_json_put_string(w, "name", r->calls[i].name);
        put_json_or_string(w, "arguments", r->calls[i].arguments, r->calls[i].length, true);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static void put_media(beluga_json_writer *w, const beluga_response *r)
{
    const beluga__media_piece *media = r->media;
    if (!media) return;
    beluga_json_begin_array(w, "media");
    for (; media; media = media->next) {
        const beluga_part *part = &media->part;
        const char *kind = part->kind == BELUGA_PART_IMAGE   ? "image"
                           : part->kind == BELUGA_PART_AUDIO ? "audio"
                                                             : "file";
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "kind", kind);
        beluga_json_put_string(w, "media_type", part->media_type);
        if (part->url)
            beluga_json_put_string(w, "url", part->url);
        else
            beluga_json_put_base64(w, "data", "", part->data, part->data_length);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
}

static const char *part_name(const beluga__piece *piece)
{
    switch (piece->kind) {
    case BELUGA_EVENT_TEXT: return "text";
    case BELUGA_EVENT_REASONING: return "reasoning";
    case BELUGA_EVENT_TOOL_CALL_BEGIN: return "tool_call";
    default: return "state";
    }
}

/* Write the providers' states. Only the provider that made a state can use it; "of" names the part
 * of the answer to which the state belongs. */
static void put_states(beluga_json_writer *w, const beluga_response *r)
{
    bool open = false;
    for (const beluga__piece *p = r->pieces; p; p = p->next) {
        const beluga__state *state = p->kind == BELUGA_EVENT_MEDIA ? NULL : p->u.state;
        if (!state) continue;
        if (!open) beluga_json_begin_array(w, "state");
        open = true;
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "of", part_name(p));
        if (p->call) beluga_json_put_string(w, "id", p->call->call.id);
        beluga_json_put_string(w, "provider", state->provider);
        put_json_or_string(w, "json", state->json, state->length, false);
        beluga_json_end_object(w);
    }
    if (open) beluga_json_end_array(w);
}

typedef struct named_number {
    const char *name;
    int64_t value;
} named_number;

/* Write the numbers that are known. */
static void put_numbers(beluga_json_writer *w, const named_number *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].value >= 0) beluga_json_put_int(w, rows[i].name, rows[i].value);
}

static void put_usage(beluga_json_writer *w, const beluga_usage *usage)
{
    const named_number rows[] = {
        {"input_total", usage->input_total},
        {"input_cache_read", usage->input_cache_read},
        {"input_cache_write", usage->input_cache_write},
        {"output_total", usage->output_total},
        {"output_reasoning", usage->output_reasoning},
    };
    beluga_json_begin_object(w, "usage");
    put_numbers(w, rows, sizeof rows / sizeof *rows);
    if (usage->raw) put_json_or_string(w, "raw", usage->raw, usage->raw_length, false);
    beluga_json_end_object(w);
}

static void put_rate_limits(beluga_json_writer *w, const beluga_rate_limits *limits)
{
    const named_number rows[] = {
        {"requests_limit", limits->requests_limit},
        {"requests_remaining", limits->requests_remaining},
        {"requests_reset_ms", limits->requests_reset_ms},
        {"tokens_limit", limits->tokens_limit},
        {"tokens_remaining", limits->tokens_remaining},
        {"tokens_reset_ms", limits->tokens_reset_ms},
    };
    beluga_json_begin_object(w, "rate_limits");
    put_numbers(w, rows, sizeof rows / sizeof *rows);
    beluga_json_end_object(w);
}

static void put_ms(beluga_json_writer *w, const char *key, int64_t ns)
{
    if (ns < 0)
        beluga_json_put_null(w, key);
    else
        beluga_json_put_double(w, key, (double)ns / 1e6);
}

static void put_text(beluga_json_writer *w, const beluga_response *r)
{
    size_t n;
    const char *text = beluga_response_text(r, &n);
    beluga_json_put_string_n(w, "text", text, n);
}

static void put_ids(beluga_json_writer *w, const beluga_response *r)
{
    put_known(w, "id", beluga_response_id(r));
    put_known(w, "model", beluga_response_model(r));
    put_known(w, "provider", beluga_response_provider(r));
    put_known(w, "request_id", beluga_response_request_id(r));
    if (r->created)
        beluga_json_put_int(w, "created", r->created);
    else
        beluga_json_put_null(w, "created");
}

static void put_warnings(beluga_json_writer *w, const beluga_response *r)
{
    beluga_json_begin_array(w, "warnings");
    for (size_t i = 0; i < r->n_warnings; i++)
        beluga_json_put_string(w, NULL, beluga_response_warning(r, i));
    beluga_json_end_array(w);
}

static void put_reason(beluga_json_writer *w, const beluga_response *r)
{
    beluga_json_put_string(w, "finish_reason", beluga_finish_reason_name(r->reason));
}

static void put_end(beluga_json_writer *w, const beluga_response *r)
{
    put_reason(w, r);
    put_known(w, "raw_finish_reason", beluga_response_raw_finish_reason(r));
    put_warnings(w, r);
    beluga_json_begin_object(w, "timing");
    put_ms(w, "duration_ms", r->duration_ns);
    put_ms(w, "first_content_ms", r->first_content_ns);
    beluga_json_end_object(w);
}

static void put_response(beluga_json_writer *w, const beluga_response *r)
{
    size_t n;
    beluga_json_begin_object(w, NULL);
    put_ids(w, r);
    beluga_json_put_bool(w, "complete", r->complete);
    put_text(w, r);
    const char *reasoning = beluga_response_reasoning(r, &n);
    beluga_json_put_string_n(w, "reasoning", reasoning, n);
    put_calls(w, r);
    put_media(w, r);
    put_states(w, r);
    put_usage(w, &r->usage);
    put_rate_limits(w, beluga_response_rate_limits(r));
    put_end(w, r);
    beluga_json_end_object(w);
}

static void put_any(beluga_json_writer *w, const char *key, const char *text)
{
    if (text && *text) beluga_json_put_string(w, key, text);
}

void beluga_response_put_json(const beluga_response *r, beluga_json_writer *w)
{
    put_text(w, r);
    put_media(w, r);
    if (r->n_calls) put_calls(w, r);
    put_reason(w, r);
    put_usage(w, &r->usage);
    put_any(w, "model", r->model);
    put_any(w, "provider", r->provider);
    put_any(w, "request_id", r->request_id);
    if (r->n_warnings) put_warnings(w, r);
}

int beluga_response_to_json(const beluga_response *r, char **json, size_t *length)
{
    beluga__buf buf;
    beluga_json_writer w;
    *json = NULL;
    if (length) *length = 0;
    beluga__buf_init(&buf, beluga_allocator_default(), BELUGA__MAX_CALL_BYTES);
    beluga__json_writer_init(&w, &buf);
    put_response(&w, r);
    const char *text;
    int status = beluga_json_writer_text(&w, &text, length);
    if (!status) *json = beluga__buf_steal(&buf, length);
    beluga__buf_free(&buf);
    return status;
}
