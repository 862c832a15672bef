/* The rules for each kind of event on its way from a provider to the sink. */
#include "model/emit_rules.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/line.h"
#include "model/course.h"
#include "model/span.h"
#include "schema/event.h"

/* --- text and reasoning ----------------------------------------------------------------------- */

static int emit_text(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_text(emit, event->u.text.text, event->u.text.length);
    if (status || !event->u.text.length) return status;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return beluga__emit_event(emit, event);
}

static int emit_reasoning(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check_text(emit, event->u.reasoning.text, event->u.reasoning.length);
    if (!status)
        status = beluga__emit_check_text(emit, event->u.reasoning.signature,
                                         event->u.reasoning.signature_length);
    if (status || event->u.reasoning.length + event->u.reasoning.signature_length == 0)
        return status;
    if (!event->u.reasoning.text) event->u.reasoning.text = "";
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    event->index = emit->reasoning_block;
    return beluga__emit_event(emit, event);
}

static int end_reasoning(beluga_emit *emit, beluga_event *event)
{
    (void)event;
    emit->reasoning_block++;
    return beluga__emit_check(emit);
}

/* --- media ------------------------------------------------------------------------------------ */

static int check_media(beluga_emit *emit, const beluga_event *event)
{
    uint32_t kind = event->u.media.kind;
    int status = beluga__emit_check_content(emit);
    bool known = kind == BELUGA_PART_IMAGE || kind == BELUGA_PART_AUDIO || kind == BELUGA_PART_FILE;
    if (status) return status;
    if (!known || (!event->u.media.bytes && !event->u.media.url)) return BELUGA_ERROR_INVALID_INPUT;
    size_t length = event->u.media.url ? strlen(event->u.media.url) : event->u.media.length;
    if (length > BELUGA__MAX_PART_BYTES)
        return beluga__emit_broken(emit, BELUGA_ERROR_LIMIT_EXCEEDED,
                                   "the answer's media is too large");
    if (beluga__emit_is_utf8(event->u.media.media_type) && beluga__emit_is_utf8(event->u.media.url))
        return 0;
    return beluga__emit_broke_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                                   "the answer's media is not valid UTF-8");
}

static int send_media(beluga_emit *emit, beluga_event *event)
{
    const char *type = event->u.media.media_type;
    if (type && !*type) event->u.media.media_type = NULL;
    event->kind = BELUGA_EVENT_MEDIA;
    emit->brought |= BELUGA__BROUGHT_CONTENT;
    return beluga__emit_event(emit, event);
}

static int send_base64(beluga_emit *emit, beluga_event *event)
{
    beluga__buf bytes;
    beluga__buf_init(&bytes, emit->call->arena.allocator, BELUGA__MAX_PART_BYTES);
    int status = beluga__base64_decode(&bytes, event->u.media.bytes, event->u.media.length);
    event->u.media.bytes = bytes.data;
    event->u.media.length = bytes.length;
    if (status == BELUGA_ERROR_INVALID_INPUT)
        status = beluga__emit_broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE,
                                     "the answer's media is not base64");
    else if (status)
        status = beluga__emit_broken(emit, status, "the answer's media can't be stored");
    else
        status = send_media(emit, event);
    beluga__buf_free(&bytes);
    return status;
}

static int emit_media(beluga_emit *emit, beluga_event *event)
{
    int status = check_media(emit, event);
    if (status) return status;
    return event->kind == BELUGA__EVENT_MEDIA_BASE64 ? send_base64(emit, event)
                                                     : send_media(emit, event);
}

/* --- state ------------------------------------------------------------------------------------ */

static int check_state(beluga_emit *emit, const beluga_event *event)
{
    uint32_t of = event->u.state.of;
    beluga_json_doc *doc = NULL;
    int status = beluga__emit_check_text(emit, event->u.state.json, event->u.state.length);
    if (status) return status;
    if (of != BELUGA_PART_TEXT && of != BELUGA_PART_REASONING && of != BELUGA_PART_TOOL_CALL &&
        of != BELUGA_PART_STATE)
        return BELUGA_ERROR_INVALID_INPUT;
    if (of == BELUGA_PART_TOOL_CALL && !beluga__emit_knows_tool(emit, event->index))
        return beluga__emit_broken(
            emit, BELUGA_ERROR_MALFORMED_RESPONSE,
            "the provider emitted state for a tool call that it never began");
    status = beluga_json_parse(event->u.state.json, event->u.state.length, &doc, NULL);
    beluga_json_doc_free(doc);
    if (status == BELUGA_ERROR_NO_MEMORY) return beluga__emit_no_memory(emit);
    return status ? beluga__emit_broken(emit, BELUGA_ERROR_MALFORMED_RESPONSE,
                                        "the provider emitted state that is not JSON")
                  : 0;
}

static int emit_state(beluga_emit *emit, beluga_event *event)
{
    int status = check_state(emit, event);
    if (status) return status;
    if (event->u.state.of == BELUGA_PART_REASONING) event->index = emit->reasoning_block;
    event->u.state.provider = emit->call->target->provider->name;
    /* Users never see a state, so it does not count as content. */
    emit->brought |= BELUGA__BROUGHT_OTHER;
    return beluga__emit_event(emit, event);
}

/* --- metadata, usage and warnings ------------------------------------------------------------- */

static bool is_new(const char *known, const char *name)
{
    return !known && name && *name;
}

static int keep_name(beluga_emit *emit, const char *name, const char **out)
{
    size_t n = strlen(name);
    if (beluga__utf8_valid(name, n) != n)
        return beluga__emit_broke_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                                       "the answer's metadata is not valid UTF-8");
    *out = beluga__arena_copy(&emit->call->arena, name, n);
    return *out ? 0 : beluga__emit_no_memory(emit);
}

static int emit_metadata(beluga_emit *emit, beluga_event *event)
{
    const char *id = event->u.metadata.id, *model = event->u.metadata.model;
    int status = beluga__emit_check(emit);
    bool new_id = is_new(emit->id, id), new_model = is_new(emit->model, model);
    bool new_time = !emit->created && event->u.metadata.created > 0;
    if (status || !(new_id || new_model || new_time)) return status;
    if (new_id) status = keep_name(emit, id, &emit->id);
    if (new_model && model == emit->call->model_name)
        emit->model = model; /* the copy lives as long as the call */
    else if (new_model && !status)
        status = keep_name(emit, model, &emit->model);
    if (status) return status;
    if (new_time) emit->created = event->u.metadata.created;
    emit->brought |= BELUGA__BROUGHT_OTHER;
    return beluga__emit_head(emit);
}

/* Replace an impossible count by -1, which means "unknown". Negative counts are impossible, and
 * counts so large that a sum of them could overflow. */
static void clean_count(int64_t *count)
{
    if (*count < 0 || *count > BELUGA__MAX_TOKENS) *count = -1;
}

static bool counts_nothing(const beluga_usage *usage)
{
    return usage->input_total <= 0 && usage->output_total <= 0 && usage->input_cache_read <= 0 &&
           usage->input_cache_write <= 0 && usage->output_reasoning <= 0;
}

static int emit_usage(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check(emit);
    if (status) return status;
    bool empty = counts_nothing(&event->u.usage);
    emit->brought |= BELUGA__BROUGHT_OTHER;
    /* a usage without counts does not replace a usage with counts */
    if (empty && emit->has_usage) return 0;
    emit->has_usage = !empty;
    clean_count(&event->u.usage.input_total);
    clean_count(&event->u.usage.input_cache_read);
    clean_count(&event->u.usage.input_cache_write);
    clean_count(&event->u.usage.output_total);
    clean_count(&event->u.usage.output_reasoning);
    return beluga__emit_event(emit, event);
}

static int emit_warning(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check(emit);
    if (status) return status;
    char line[BELUGA__MAX_WARNING_BYTES];
    beluga__line(line, sizeof line, event->u.text.text, event->u.text.length, BELUGA__BREAKS_BLANK);
    const char *warning = beluga__arena_copy(&emit->call->arena, line, strlen(line));
    if (!warning) return beluga__emit_no_memory(emit);
    beluga__emit_start(emit, &warning, 1);
    return beluga__emit_check(emit);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Keep the server's own word for the finish reason. Some servers repeat the word in every chunk, so
 * it is copied only once. */
static int keep_word(beluga_emit *emit, const char *raw, size_t n)
{
    const char *kept = emit->raw_finish;
    const char *own = beluga__finish_word(emit->finish_reason, raw, n);
    if (own) {
        emit->raw_finish = own;
        return 0;
    }
    if (beluga__utf8_valid(raw, n) != n) n = 0;
    /* In a list of models this field has the next page's token, and in a token count the next
     * request's token, so don't overwrite it with an empty word. */
    if (!n && !beluga__call_is_answer(emit->call)) return 0;
    if (n && kept && strlen(kept) == n && memcmp(kept, raw, n) == 0) return 0;
    emit->raw_finish = n ? beluga__arena_copy(&emit->call->arena, raw, n) : NULL;
    return n && !emit->raw_finish ? beluga__emit_no_memory(emit) : 0;
}

static int both_ends(beluga_emit *emit)
{
    return beluga__emit_broke_rule(
        emit, BELUGA__RULE_ONE_END, BELUGA_ERROR_INVALID_RESPONSE,
        "the provider emitted a finish and also asked for another request");
}

/* Record the finish, which beluga__emit_deliver delivers later: an HTTP server may still send
 * another finish reason, and the last one counts. */
static int emit_finish(beluga_emit *emit, beluga_event *event)
{
    int status = beluga__emit_check(emit);
    if (status || (emit->finished && emit->full)) return status;
    if (beluga__course_goes_on(emit->call)) return both_ends(emit);
    if (!beluga__call_is_answer(emit->call)) status = beluga__emit_check_whole(emit);
    if (status) return status;
    emit->finish_reason = event->u.finish.reason;
    emit->finished = true;
    emit->brought |= BELUGA__BROUGHT_REASON;
    return keep_word(emit, event->u.finish.raw, event->u.finish.raw_length);
}

/* Record the error; beluga__emit_deliver delivers it later. */
static int emit_error(beluga_emit *emit, beluga_event *event)
{
    const beluga_error *error = event->u.error;
    int status = beluga__emit_check(emit);
    if (status) return status;
    if (!error || error->code >= 0)
        return beluga__emit_broke_rule(emit, BELUGA__RULE_ERROR_CODE, BELUGA_ERROR_INTERNAL,
                                       "the provider emitted an error without a code");
    beluga__emit_fail(emit, error->code, error);
    /* The service itself reports that the job failed, so polling again would bring the same
     * answer. */
    beluga__course_end(emit->call);
    return error->code;
}

/* Returns a copy of the token that lives as long as the call. A call that polls uses the same token
 * each time, so an earlier copy of an equal token is reused. */
static const char *keep_token(beluga_emit *emit, const beluga__course *course, const char *token)
{
    bool same = course->token && strcmp(course->token, token) == 0;
    return same ? course->token : beluga__emit_keep(emit, token);
}

int beluga__emit_ask(beluga_emit *emit, const char *token, int64_t wait_ms)
{
    int status = beluga__emit_check(emit);
    if (status) return status;
    if (emit->finished) return both_ends(emit);
    if (strlen(token) > BELUGA__MAX_TOKEN_BYTES)
        return beluga__emit_broken(emit, BELUGA_ERROR_LIMIT_EXCEEDED,
                                   "the token of the next request is larger than 16 KiB");
    beluga__course *course = beluga__course_of(emit->call);
    if (course) course->asked = keep_token(emit, course, token);
    if (!course || !course->asked) return beluga__emit_no_memory(emit);
    course->wait_ms = wait_ms < BELUGA__MAX_REQUEST_WAIT_MS ? wait_ms : BELUGA__MAX_REQUEST_WAIT_MS;
    emit->brought |= BELUGA__BROUGHT_OTHER;
    return 0;
}

/* Returns whether the answer is empty for no known reason. A filtered answer may be empty, too, but
 * its finish reason explains that. */
static bool is_nothing(const beluga_emit *emit)
{
    return !((emit->seen | emit->brought) & BELUGA__BROUGHT_CONTENT) &&
           emit->finish_reason != BELUGA_FINISH_CONTENT_FILTER &&
           beluga__call_is_answer(emit->call);
}

void beluga__emit_complete(beluga_emit *emit)
{
    static const char *const nothing =
        "the answer is empty: the model ended without text, reasoning or a tool call";
    if (!emit->sink || emit->failed || !emit->finished) return;
    if (!beluga__emit_end_tools(emit) && is_nothing(emit)) beluga__emit_start(emit, &nothing, 1);
}

int beluga__emit_keep_page(beluga_emit *emit, const char *token)
{
    int status = beluga__emit_check_text(emit, token, strlen(token));
    if (status) return status;
    emit->raw_finish = beluga__emit_keep(emit, token);
    return emit->raw_finish ? 0 : beluga__emit_no_memory(emit);
}

/* --- lists of models and telemetry ------------------------------------------------------------ */

/* Deliver a model's name as a TEXT event of one line, so that a list of models takes the same path
 * as an answer. */
static int emit_model(beluga_emit *emit, beluga_event *event)
{
    if (emit->call->kind != BELUGA_CALL_MODELS) return BELUGA_ERROR_INVALID_INPUT;
    char line[BELUGA__MAX_LISTED_BYTES];
    event->kind = BELUGA_EVENT_TEXT;
    if (!beluga__is_line(event->u.text.text, event->u.text.length)) {
        beluga__line(line, sizeof line, event->u.text.text, event->u.text.length,
                     BELUGA__BREAKS_ESCAPED);
        event->u.text.text = line;
        event->u.text.length = strlen(line);
    }
    return event->u.text.length ? emit_text(emit, event) : beluga__emit_check(emit);
}

static int emit_attribute(beluga_emit *emit, beluga_event *event)
{
    beluga__span_apply(emit->call, event);
    return beluga__emit_check(emit);
}

static int emit_measurement(beluga_emit *emit, beluga_event *event)
{
    beluga__measure_apply(emit->call, event);
    return beluga__emit_check(emit);
}

/* The rule of each kind of event. A provider may not emit a kind that is not listed. */
static int (*const rules[BELUGA__EVENT_KINDS])(beluga_emit *emit, beluga_event *event) = {
    [BELUGA_EVENT_METADATA] = emit_metadata,
    [BELUGA_EVENT_REASONING] = emit_reasoning,
    [BELUGA_EVENT_TOOL_CALL_BEGIN] = beluga__emit_tool_begin,
    [BELUGA_EVENT_TOOL_CALL_DELTA] = beluga__emit_tool_delta,
    [BELUGA_EVENT_TOOL_CALL_END] = beluga__emit_tool_end,
    [BELUGA_EVENT_USAGE] = emit_usage,
    [BELUGA_EVENT_FINISH] = emit_finish,
    [BELUGA_EVENT_ERROR] = emit_error,
    [BELUGA_EVENT_MEDIA] = emit_media,
    [BELUGA_EVENT_STATE] = emit_state,
    [BELUGA_EVENT_EMBEDDING] = beluga__emit_vector,
    [BELUGA_EVENT_TOKEN_COUNT] = beluga__emit_count,
    [BELUGA_EVENT_BATCH_JOB] = beluga__emit_job,
    [BELUGA_EVENT_BATCH_RESULT] = beluga__emit_job_result,
    [BELUGA__EVENT_WARNING] = emit_warning,
    [BELUGA__EVENT_MODEL] = emit_model,
    [BELUGA__EVENT_REASONING_END] = end_reasoning,
    [BELUGA__EVENT_MEDIA_BASE64] = emit_media,
    [BELUGA__EVENT_ATTRIBUTE] = emit_attribute,
    [BELUGA__EVENT_STRING_ATTRIBUTE] = emit_attribute,
    [BELUGA__EVENT_MEASUREMENT] = emit_measurement,
};

int beluga__emit_apply(beluga_emit *emit, beluga_event *event)
{
    /* a shortcut, since nearly all events are texts */
    if (event->kind == BELUGA_EVENT_TEXT) return emit_text(emit, event);
    bool known = event->kind < BELUGA__EVENT_KINDS && rules[event->kind];
    return known ? rules[event->kind](emit, event) : BELUGA_ERROR_INVALID_INPUT;
}
