/*
 * Writes the results of lines in the format of each API. Sources: OpenAI's guide to batches (lines
 * of the output file, and of expired requests) and issue 302 of openai-openapi (a refused request
 * has a response, in the error file); Anthropic's API reference; Google's reference of the Batch
 * API (a line has the key of its request, and a response or a Status); the types of Mistral's
 * client.
 */
#include "peer/batch.h"

#include <string.h>

/* ---- answers of models ----------------------------------------------------------------------- */

/* The parts of an answer. */
typedef struct answer {
    const char *model, *text;
    size_t n; /* bytes of the text */
    unsigned input, output;
    unsigned long long id;
    long long created;
} answer;

static bool put_chat(bytes *out, const answer *a)
{
    return peer__putf(out, "{\"id\":\"chatcmpl-%016llx\",\"object\":\"chat.completion\",", a->id) &&
           peer__putf(out, "\"created\":%lld,\"model\":", a->created) &&
           peer__put_string(out, a->model) &&
           peer__put(out, ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                          "\"content\":") &&
           peer__put_string_n(out, a->text, a->n) &&
           peer__put(out, ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],") &&
           peer__putf(out,
                      "\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,"
                      "\"total_tokens\":%u}}",
                      a->input, a->output, a->input + a->output);
}

static bool put_response(bytes *out, const answer *a)
{
    return peer__putf(out, "{\"id\":\"resp_%016llx\",\"object\":\"response\",", a->id) &&
           peer__putf(out, "\"created_at\":%lld,\"status\":\"completed\",\"error\":null,",
                      a->created) &&
           peer__put(out, "\"incomplete_details\":null,\"instructions\":null,\"model\":") &&
           peer__put_string(out, a->model) &&
           peer__putf(out, ",\"output\":[{\"type\":\"message\",\"id\":\"msg_%016llx\",", a->id) &&
           peer__put(out, "\"status\":\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":"
                          "\"output_text\",\"annotations\":[],\"text\":") &&
           peer__put_string_n(out, a->text, a->n) &&
           peer__put(out, "}]}],\"parallel_tool_calls\":true,\"tool_choice\":\"auto\",\"tools\":[],"
                          "\"metadata\":{},") &&
           peer__putf(out,
                      "\"usage\":{\"input_tokens\":%u,\"input_tokens_details\":{"
                      "\"cached_tokens\":0,\"cache_write_tokens\":0},\"output_tokens\":%u,\"output_"
                      "tokens_details\":{"
                      "\"reasoning_tokens\":0},\"total_tokens\":%u}}",
                      a->input, a->output, a->input + a->output);
}

static bool put_message(bytes *out, const answer *a)
{
    return peer__putf(out, "{\"id\":\"msg_%016llx\",\"type\":\"message\",", a->id) &&
           peer__put(out, "\"role\":\"assistant\",\"model\":") && peer__put_string(out, a->model) &&
           peer__put(out, ",\"content\":[{\"type\":\"text\",\"text\":") &&
           peer__put_string_n(out, a->text, a->n) &&
           peer__put(out, "}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,") &&
           peer__putf(out,
                      "\"usage\":{\"input_tokens\":%u,\"cache_creation_input_tokens\":0,"
                      "\"cache_read_input_tokens\":0,\"output_tokens\":%u,"
                      "\"service_tier\":\"batch\"}}",
                      a->input, a->output);
}

static bool put_content(bytes *out, const answer *a)
{
    return peer__put(out, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":") &&
           peer__put_string_n(out, a->text, a->n) &&
           peer__put(out, "}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],") &&
           peer__putf(out,
                      "\"usageMetadata\":{\"promptTokenCount\":%u,\"candidatesTokenCount\":%u,"
                      "\"totalTokenCount\":%u},\"modelVersion\":",
                      a->input, a->output, a->input + a->output) &&
           peer__put_string(out, a->model) &&
           peer__putf(out, ",\"responseId\":\"%016llx\"}", a->id);
}

/* Write an answer in the format that the line requests. */
static bool put_answer(const batch_job *job, bytes *out, const answer *a)
{
    if (job->shape == BATCH_ANTHROPIC) return put_message(out, a);
    if (job->shape == BATCH_GEMINI) return put_content(out, a);
    return job->endpoint && strstr(job->endpoint, "/responses") ? put_response(out, a)
                                                                : put_chat(out, a);
}

static unsigned tokens_of(size_t n)
{
    return (unsigned)(n / 4 + 1);
}

/* Append the name of the model that answers: the line's model, else the job's model, else a
 * default. */
static bool put_model(const batch_job *job, const batch_line *line, bytes *model)
{
    bool ok = peer__json_text(peer__json_get(line->request, "model"), model) ||
              peer__put(model, job->model ? job->model : "peer-batch");
    return ok && peer__put_n(model, "", 1);
}

static bool put_line_answer(const batch_job *job, const batch_line *line, bytes *out)
{
    bytes text = {0}, model = {0};
    bool ok = peer__put(&text, "echo: ") && peer__batch_line_text(line, &text) &&
              put_model(job, line, &model);
    /* Gemini's answers name the model without its collection. */
    bool is_path = ok && strncmp(model.data, "models/", 7) == 0;
    answer a = {.model = is_path ? model.data + 7 : model.data,
                .text = text.data,
                .n = text.len,
                .input = tokens_of(text.len),
                .output = tokens_of(text.len),
                .id = peer__batch_hash(line->id.at, line->id.n) ^
                      peer__batch_hash(job->id, strlen(job->id)),
                .created = (long long)job->created};
    if (ok && peer__batch_embeds(job))
        ok = peer__batch_put_vectors(job, line, a.model, out);
    else
        ok = ok && put_answer(job, out, &a);
    peer__bytes_free(&text);
    peer__bytes_free(&model);
    return ok;
}

/* ---- errors ---------------------------------------------------------------------------------- */

typedef struct failure {
    int status;                 /* HTTP status */
    const char *type, *code;    /* error type and code of OpenAI and Mistral */
    const char *anthropic_type; /* Anthropic's type */
    int rpc;                    /* the number in google.rpc.Code */
    const char *message;        /* the error message of all APIs except Anthropic's */
    const char *anthropic_message;
} failure;

static const failure failures[LINE_OUTCOMES] = {
    [LINE_REFUSED] = {400, "invalid_request_error", "invalid_value", "invalid_request_error", 3,
                      "The request is wrong, as its text asks for.",
                      "The request is wrong, as its text asks for."},
    [LINE_LIMITED] = {429, "requests", "rate_limit_exceeded", "rate_limit_error", 8,
                      "Rate limit reached. Please try again later.",
                      "This request would exceed your rate limit."},
    [LINE_BROKEN] = {500, "server_error", "server_error", "api_error", 13,
                     "The server had an error while processing your request.",
                     "Internal server error"},
    [LINE_UNPAID] = {429, "insufficient_quota", "insufficient_quota", "invalid_request_error", 8,
                     "You exceeded your current quota, please check your plan and billing details.",
                     "Your credit balance is too low to access the Anthropic API. Please go to "
                     "Plans & Billing to upgrade or purchase credits."},
    [LINE_EXPIRED] = {0, NULL, "batch_expired", NULL, 0,
                      "This request could not be executed before the completion window expired.",
                      NULL},
    [LINE_CANCELLED] = {0, NULL, "batch_cancelled", NULL, 0,
                        "This request was not executed because the batch was cancelled.", NULL},
};

static bool put_openai_error(bytes *out, const failure *f)
{
    return peer__put(out, "{\"error\":{\"message\":") && peer__put_string(out, f->message) &&
           peer__putf(out, ",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}}", f->type, f->code);
}

static bool put_mistral_error(bytes *out, const failure *f)
{
    return peer__put(out, "{\"object\":\"error\",\"message\":") &&
           peer__put_string(out, f->message) &&
           peer__putf(out, ",\"type\":\"%s\",\"param\":null,\"code\":\"%s\"}", f->type, f->code);
}

static bool put_anthropic_error(bytes *out, const failure *f)
{
    return peer__putf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":",
                      f->anthropic_type) &&
           peer__put_string(out, f->anthropic_message) && peer__put(out, "},\"request_id\":null}");
}

/* A google.rpc.Status, which has no word for its number, other than the error of a request. */
static bool put_status(bytes *out, const failure *f)
{
    return peer__putf(out, "{\"code\":%d,\"message\":", f->rpc) &&
           peer__put_string(out, f->message) && peer__put(out, "}");
}

/* ---- lines of results ------------------------------------------------------------------------ */

static bool put_id(bytes *out, json id)
{
    return id.at ? peer__put_n(out, id.at, id.n) : peer__put(out, "null");
}

/* A line that was not tried has no response. */
static bool put_untried(bytes *out, const failure *f)
{
    return peer__putf(out, ",\"response\":null,\"error\":{\"code\":\"%s\",\"message\":", f->code) &&
           peer__put_string(out, f->message) && peer__put(out, "}}");
}

static bool put_tried(const batch_job *job, const batch_line *line, const failure *f, bytes *out)
{
    int status = f->status ? f->status : 200;
    bool ok = peer__putf(out,
                         ",\"response\":{\"status_code\":%d,\"request_id\":\"req-%016llx\","
                         "\"body\":",
                         status, (unsigned long long)peer__batch_hash(line->id.at, line->id.n));
    if (ok && status == 200)
        ok = put_line_answer(job, line, out);
    else if (ok)
        ok = job->shape == BATCH_MISTRAL ? put_mistral_error(out, f) : put_openai_error(out, f);
    return ok && peer__put(out, "},\"error\":null}");
}

static bool put_openai_result(const batch_job *job, const batch_line *line, bytes *out)
{
    const failure *f = &failures[line->outcome];
    bool untried = line->outcome == LINE_EXPIRED || line->outcome == LINE_CANCELLED;
    unsigned long long id = peer__batch_hash(line->id.at, line->id.n);
    return peer__putf(out, "{\"id\":\"batch_req_%016llx\",\"custom_id\":", id) &&
           put_id(out, line->id) && (untried ? put_untried(out, f) : put_tried(job, line, f, out));
}

static bool put_anthropic_result(const batch_job *job, const batch_line *line, bytes *out)
{
    bool ok = peer__put(out, "{\"custom_id\":") && put_id(out, line->id) &&
              peer__put(out, ",\"result\":{\"type\":");
    if (!ok) return false;
    switch (line->outcome) {
    case LINE_ANSWERED:
        return peer__put(out, "\"succeeded\",\"message\":") && put_line_answer(job, line, out) &&
               peer__put(out, "}}");
    case LINE_EXPIRED: return peer__put(out, "\"expired\"}}");
    case LINE_WAITS:
    case LINE_CANCELLED: return peer__put(out, "\"canceled\"}}");
    default:
        return peer__put(out, "\"errored\",\"error\":") &&
               put_anthropic_error(out, &failures[line->outcome]) && peer__put(out, "}}");
    }
}

/* Write the member that shows which request a result answers: the key for a line of a file, the
 * request's metadata for an item of a list. */
static bool put_gemini_name(const batch_job *job, const batch_line *line, bytes *out)
{
    json name = job->is_inline ? line->metadata : line->id;
    if (!name.at) return true;
    return peer__put(out, job->is_inline ? "\"metadata\":" : "\"key\":") && put_id(out, name) &&
           peer__put(out, ",");
}

static bool put_gemini_result(const batch_job *job, const batch_line *line, bytes *out)
{
    bool ok = peer__put(out, "{") && put_gemini_name(job, line, out);
    if (ok && line->outcome == LINE_ANSWERED)
        ok = peer__put(out, "\"response\":") && put_line_answer(job, line, out);
    else if (ok)
        ok = peer__put(out, "\"error\":") && put_status(out, &failures[line->outcome]);
    return ok && peer__put(out, "}");
}

bool peer__batch_put_result(const batch_job *job, const batch_line *line, bytes *out)
{
    if (job->shape == BATCH_ANTHROPIC) return put_anthropic_result(job, line, out);
    if (job->shape == BATCH_GEMINI) return put_gemini_result(job, line, out);
    return put_openai_result(job, line, out);
}
