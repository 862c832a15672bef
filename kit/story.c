#include "kit/story.h"

#include <beluga/message.h>

#include <string.h>

static void put_quoted(check_text *out, const char *bytes, size_t n)
{
    check_text_puts(out, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c == '"' || c == '\\')
            check_text_printf(out, "\\x%02x", c);
        else
            check_text_add(out, bytes + i, 1);
    }
    check_text_puts(out, "\"\n");
}

/* Replace an id that the library made up, since it differs each time. */
static const char *known_id(const char *id)
{
    size_t n = strspn(strncmp(id, "call_", 5) == 0 ? id + 5 : "", "0123456789abcdef");
    return n == 16 && !id[21] ? "(made up)" : id;
}

static void put_warnings(check_text *out, const beluga_event *event)
{
    for (size_t i = 0; i < event->u.start.count; i++)
        check_text_printf(out, "warning %s\n", event->u.start.warnings[i]);
}

static void put_metadata(check_text *out, const char *id, const char *model, int64_t created,
                         const char *request_id, const beluga_rate_limits *limits)
{
    check_text_printf(out, "metadata id=%s model=%s created=%lld", id && *id ? id : "-",
                      model && *model ? model : "-", (long long)created);
    if (request_id && *request_id) check_text_printf(out, " request=%s", request_id);
    if (limits && (limits->requests_limit >= 0 || limits->tokens_limit >= 0))
        check_text_printf(out, " requests=%lld/%lld tokens=%lld/%lld",
                          (long long)limits->requests_remaining, (long long)limits->requests_limit,
                          (long long)limits->tokens_remaining, (long long)limits->tokens_limit);
    check_text_puts(out, "\n");
}

static void put_reasoning(check_text *out, const beluga_event *event)
{
    if (event->u.reasoning.signature) {
        check_text_printf(out, "signature %u ", (unsigned)event->index);
        put_quoted(out, event->u.reasoning.signature, event->u.reasoning.signature_length);
    } else {
        check_text_puts(out, "reasoning ");
        put_quoted(out, event->u.reasoning.text, event->u.reasoning.length);
    }
}

static void put_tool_call(check_text *out, const beluga_event *event)
{
    const char *kind = strrchr(beluga_event_kind_name(event->kind), '_') + 1;
    check_text_printf(out, "tool %u %s ", (unsigned)event->index, kind);
    if (event->kind == BELUGA_EVENT_TOOL_CALL_BEGIN)
        check_text_printf(out, "%s %s\n", known_id(event->u.tool_call.id), event->u.tool_call.name);
    else
        put_quoted(out, event->u.tool_call.arguments, event->u.tool_call.length);
}

static void put_usage(check_text *out, const beluga_usage *u)
{
    check_text_printf(out,
                      "usage input=%lld read=%lld write=%lld output=%lld reasoning=%lld raw=%.*s\n",
                      (long long)u->input_total, (long long)u->input_cache_read,
                      (long long)u->input_cache_write, (long long)u->output_total,
                      (long long)u->output_reasoning, (int)u->raw_length, u->raw ? u->raw : "");
}

static void put_finish(check_text *out, uint32_t reason, const char *raw)
{
    check_text_printf(out, "finish %s (%s)\n", beluga_finish_reason_name(reason), raw ? raw : "-");
}

void check_story_error(check_text *out, const beluga_error *err)
{
    check_text_printf(out, "error %s%s: %s", beluga_error_name(err->code),
                      err->retryable ? " (retryable)" : "", err->message);
    if (*err->provider_code) check_text_printf(out, " [%s]", err->provider_code);
    if (*err->cause) check_text_printf(out, " <%s>", err->cause);
    check_text_puts(out, "\n");
}

void check_story_http(check_text *out, const beluga_error *err)
{
    if (err->http_status) check_text_printf(out, "http %d\n", (int)err->http_status);
    if (*err->request_id) check_text_printf(out, "request id %s\n", err->request_id);
    if (err->retry_after_ms >= 0)
        check_text_printf(out, "retry after %lld ms\n", (long long)err->retry_after_ms);
}

static void put_state(check_text *out, uint32_t of, uint32_t index, const char *json, size_t n)
{
    static const char *const names[] = {[BELUGA_PART_TEXT] = "of text",
                                        [BELUGA_PART_REASONING] = "of reasoning",
                                        [BELUGA_PART_TOOL_CALL] = "of tool"};
    const char *name = of < sizeof names / sizeof *names ? names[of] : NULL;
    check_text_printf(out, "state ");
    if (of == BELUGA_PART_TOOL_CALL)
        check_text_printf(out, "%s %u ", name, (unsigned)index);
    else if (name)
        check_text_printf(out, "%s ", name);
    put_quoted(out, json, n);
}

static void put_media(check_text *out, uint32_t kind, const char *media_type, const char *url,
                      const char *bytes, size_t n)
{
    const char *what = kind == BELUGA_PART_IMAGE   ? "image"
                       : kind == BELUGA_PART_AUDIO ? "audio"
                                                   : "file";
    check_text_printf(out, "media %s %s ", what, media_type ? media_type : "-");
    if (url)
        check_text_printf(out, "at %s\n", url);
    else
        put_quoted(out, bytes, n);
}

static void put_vector(check_text *out, uint32_t index, const float *values, size_t n)
{
    check_text_printf(out, "embedding %u [", (unsigned)index);
    for (size_t i = 0; i < n; i++)
        check_text_printf(out, "%s%.6g", i ? " " : "", (double)values[i]);
    check_text_puts(out, "]\n");
}

void check_story_event(check_text *out, const beluga_event *event)
{
    switch (event->kind) {
    case BELUGA_EVENT_START: put_warnings(out, event); break;
    case BELUGA_EVENT_METADATA:
        put_metadata(out, event->u.metadata.id, event->u.metadata.model, event->u.metadata.created,
                     event->u.metadata.request_id, event->u.metadata.rate_limits);
        break;
    case BELUGA_EVENT_TEXT:
        check_text_puts(out, "text ");
        put_quoted(out, event->u.text.text, event->u.text.length);
        break;
    case BELUGA_EVENT_REASONING: put_reasoning(out, event); break;
    case BELUGA_EVENT_TOOL_CALL_BEGIN:
    case BELUGA_EVENT_TOOL_CALL_DELTA:
    case BELUGA_EVENT_TOOL_CALL_END: put_tool_call(out, event); break;
    case BELUGA_EVENT_MEDIA:
        put_media(out, event->u.media.kind, event->u.media.media_type, event->u.media.url,
                  event->u.media.bytes, event->u.media.length);
        break;
    case BELUGA_EVENT_STATE:
        put_state(out, event->u.state.of, event->index, event->u.state.json, event->u.state.length);
        break;
    case BELUGA_EVENT_EMBEDDING:
        put_vector(out, event->index, event->u.embedding.values, event->u.embedding.count);
        break;
    case BELUGA_EVENT_TOKEN_COUNT:
        check_text_printf(out, "tokens %lld\n", (long long)event->u.tokens);
        break;
    case BELUGA_EVENT_USAGE: put_usage(out, &event->u.usage); break;
    case BELUGA_EVENT_FINISH: put_finish(out, event->u.finish.reason, event->u.finish.raw); break;
    case BELUGA_EVENT_ERROR: check_story_error(out, event->u.error); break;
    default: check_text_printf(out, "%s\n", beluga_event_kind_name(event->kind));
    }
}

static void put_content(check_text *out, const beluga_part *part, unsigned *calls)
{
    if (part->kind == BELUGA_PART_TEXT) {
        check_text_puts(out, "text ");
        put_quoted(out, part->text, part->text_length);
    } else if (part->kind == BELUGA_PART_REASONING) {
        if (part->text_length) {
            check_text_puts(out, "reasoning ");
            put_quoted(out, part->text, part->text_length);
        }
        if (!part->signature) return;
        check_text_puts(out, "signature ");
        put_quoted(out, part->signature, part->signature_length);
    } else if (part->kind == BELUGA_PART_TOOL_CALL) {
        check_text_printf(out, "tool %u begin %s %s\ntool %u end ", *calls, known_id(part->id),
                          part->name, *calls);
        put_quoted(out, part->text, part->text_length);
        ++*calls;
    } else if (part->kind != BELUGA_PART_STATE) {
        put_media(out, part->kind, part->media_type, part->url, part->data, part->data_length);
    }
}

static void put_part(check_text *out, const beluga_part *part, unsigned *calls)
{
    unsigned call = *calls;
    put_content(out, part, calls);
    if (part->state) put_state(out, part->kind, call, part->state, part->state_length);
}

static void put_parts(check_text *out, const beluga_response *response)
{
    const beluga_part *part;
    unsigned calls = 0;
    beluga_message *message = beluga_response_message(response);
    if (!message) check_text_begin(out)->status = BELUGA_ERROR_NO_MEMORY;
    for (size_t i = 0; message && (part = beluga_message_part(message, i)); i++)
        put_part(out, part, &calls);
    beluga_message_unref(message);
}

void check_story_response(check_text *out, const beluga_response *response)
{
    const char *warning;
    for (size_t i = 0; (warning = beluga_response_warning(response, i)); i++)
        check_text_printf(out, "warning %s\n", warning);
    put_metadata(out, beluga_response_id(response), beluga_response_model(response),
                 beluga_response_created(response), beluga_response_request_id(response),
                 beluga_response_rate_limits(response));
    put_parts(out, response);
    put_usage(out, beluga_response_usage(response));
    const char *raw = beluga_response_raw_finish_reason(response);
    put_finish(out, beluga_response_finish_reason(response), *raw ? raw : NULL);
}

/* ---- joining --------------------------------------------------------------------------------- */

/* Return the length of the prefix that two lines of joinable events share, such as "text \"", or
 * 0. */
static size_t shared_head(const char *line, const char *next)
{
    static const char *const heads[] = {"text \"", "reasoning \""};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        size_t n = strlen(heads[i]);
        if (strncmp(line, heads[i], n) == 0 && strncmp(next, heads[i], n) == 0) return n;
    }
    return 0;
}

void check_story_join(check_text *story)
{
    check_text joined = {0};
    size_t head = 0;
    for (const char *line = check_text_get(story); *line;) {
        size_t n = strcspn(line, "\n");
        n += line[n] == '\n'; /* a story that is too long may end in the middle of a line */
        size_t more = shared_head(line, line + n);
        check_text_add(&joined, line + head, n - head - (more ? 2 : 0));
        head = more;
        line += n;
    }
    if (story->status) joined.status = story->status;
    check_text_free(story);
    *story = joined;
}
