/* Reads the requests of a job: lines of a file, or items of a list. */
#include "peer/batch.h"

#include <stdlib.h>
#include <string.h>

/* ---- limits of a job ------------------------------------------------------------------------- */

/* The limits are from the documentation of OpenAI (50,000), Together (50,000), Anthropic (100,000)
 * and Mistral (1,000,000). */
static size_t most_lines(batch_shape shape)
{
    static const size_t most[BATCH_SHAPES] = {50000, 50000, 100000, 1000000, 1000000};
    return most[shape];
}

static void note_problem(batch_job *job, const char *code, const char *message, size_t line)
{
    if (job->n_problems == BATCH_MAX_PROBLEMS) return;
    job->problems[job->n_problems++] = (batch_problem){code, message, line};
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Append the text of a message's content: a string, or an array of strings, or of parts, some of
 * which have text. */
static bool put_content(json content, bytes *text)
{
    if (content.at && *content.at == '"') return peer__json_text(content, text);
    for (json part = {0}; peer__json_next(content, &part);) {
        json words = *part.at == '"' ? part : peer__json_get(part, "text");
        if (words.at && *words.at == '"' && !peer__json_text(words, text)) return false;
    }
    return true;
}

/* Find the content of the user's last message; a message without a role counts as the user's. */
static json last_user(json messages, const char *content)
{
    json last = {0};
    if (messages.at && *messages.at == '"') return messages;
    for (json item = {0}; peer__json_next(messages, &item);) {
        json role = peer__json_get(item, "role");
        if (!role.at || peer__json_is(role, "user")) last = item;
    }
    return peer__json_get(last, content);
}

bool peer__batch_embeds(const batch_job *job)
{
    return job->endpoint && strstr(job->endpoint, "/embeddings");
}

static json find_said(const batch_job *job, json request)
{
    bool is_response = job->endpoint && strstr(job->endpoint, "/responses");
    if (peer__batch_embeds(job))
        return job->shape == BATCH_GEMINI
                   ? peer__json_get(peer__json_get(request, "content"), "parts")
                   : peer__json_get(request, "input");
    if (job->shape == BATCH_GEMINI) return last_user(peer__json_get(request, "contents"), "parts");
    return last_user(peer__json_get(request, is_response ? "input" : "messages"), "content");
}

bool peer__batch_line_text(const batch_line *line, bytes *text)
{
    return put_content(line->said, text);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const char *id_name(batch_shape shape)
{
    return shape == BATCH_GEMINI ? "key" : "custom_id";
}

static const char *request_name(batch_shape shape)
{
    if (shape == BATCH_ANTHROPIC) return "params";
    return shape == BATCH_GEMINI ? "request" : "body";
}

/* A set of the ids' hashes, kept half empty, so that a repeated id is found quickly. */
typedef struct id_set {
    uint64_t *at;
    size_t cap;
} id_set;

static bool id_set_new(id_set *set, size_t n)
{
    for (set->cap = 64; set->cap < 2 * n;) set->cap *= 2;
    set->at = calloc(set->cap, sizeof *set->at);
    return set->at != NULL;
}

/* Returns false if the set already has the id. */
static bool id_set_add(id_set *set, json id)
{
    uint64_t hash = peer__batch_mix(peer__batch_hash(id.at, id.n)) | 1;
    size_t i = (size_t)(hash >> 8) & (set->cap - 1);
    for (; set->at[i]; i = (i + 1) & (set->cap - 1))
        if (set->at[i] == hash) return false;
    set->at[i] = hash;
    return true;
}

/* All lines of an OpenAI job must use the same model. The error message is from Alibaba's service,
 * which has the same API. */
static void check_model(batch_job *job, const batch_line *line, size_t number)
{
    json first = peer__json_get(job->lines[0].request, "model");
    json model = peer__json_get(line->request, "model");
    if (job->shape != BATCH_OPENAI || !first.at) return;
    if (!model.at || model.n != first.n || memcmp(model.at, first.at, first.n) != 0)
        note_problem(job, "mismatched_model",
                     "The model for this request does not match the rest of the batch. Each batch "
                     "must contain requests for a single model.",
                     number);
}

/* OpenAI's lines contain method and path, and its job contains the path of all lines. Azure's page
 * calls a wrong path "url_mismatch". */
static void check_route(batch_job *job, json value, size_t number)
{
    json url = peer__json_get(value, "url");
    if (job->shape != BATCH_OPENAI) return;
    if (!peer__json_is(peer__json_get(value, "method"), "POST"))
        note_problem(job, "invalid_method", "The method must be POST.", number);
    if (!url.at)
        note_problem(job, "missing_required_parameter", "Missing required parameter: 'url'.",
                     number);
    else if (job->endpoint && !peer__json_is(url, job->endpoint))
        note_problem(job, "invalid_url",
                     "The URL provided for this request does not match the batch endpoint.",
                     number);
}

static void check_stream(batch_job *job, const batch_line *line, size_t number)
{
    json stream = peer__json_get(line->request, "stream");
    if (job->shape == BATCH_OPENAI && stream.n == 4 && memcmp(stream.at, "true", 4) == 0)
        note_problem(job, "streaming_unsupported", "Streaming is not supported in batches.",
                     number);
}

/* Anthropic's ids are 1 to 64 letters, digits, '_' and '-'; Together's ids are 1 to 64 characters
 * of any kind. */
static bool is_good_id(batch_shape shape, json id)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (shape != BATCH_ANTHROPIC && shape != BATCH_TOGETHER) return true;
    if (id.n < 3 || id.n > 66) return false;
    for (size_t i = 1; shape == BATCH_ANTHROPIC && i + 1 < id.n; i++)
        if (!memchr(letters, id.at[i], sizeof letters - 1)) return false;
    return true;
}

/* Gemini accepts lines without a key, and Mistral lines without an id. */
static bool needs_id(batch_shape shape)
{
    return shape != BATCH_GEMINI && shape != BATCH_MISTRAL;
}

static void check_line(batch_job *job, batch_line *line, json value, id_set *ids, size_t number)
{
    bool has_id = line->id.at && *line->id.at == '"';
    if (!has_id && needs_id(job->shape))
        note_problem(job, "missing_required_parameter", "Missing required parameter: 'custom_id'.",
                     number);
    if (!line->request.at || *line->request.at != '{')
        note_problem(job, "missing_required_parameter", "Missing required parameter: 'body'.",
                     number);
    if (has_id && !is_good_id(job->shape, line->id))
        note_problem(job, "invalid_custom_id",
                     "custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'", number);
    if (has_id && !id_set_add(ids, line->id))
        note_problem(job, "duplicate_custom_id",
                     "The custom_id for this request is a duplicate of another request. The "
                     "custom_id parameter must be unique for each request in a batch.",
                     number);
    check_route(job, value, number);
    check_stream(job, line, number);
    check_model(job, line, number);
}

/* Find the entry of the line's text. At Gemini, which returns no results of an expired job, a word
 * in the text may make the whole job expire. */
static bool note_text(batches *b, batch_job *job, batch_line *line)
{
    bytes text = {0};
    line->said = find_said(job, line->request);
    bool ok = peer__batch_line_text(line, &text) && peer__put_n(&text, "", 1);
    if (ok) line->text = peer__batch_text(b, text.data, text.len - 1);
    ok = ok && line->text;
    if (ok && job->shape == BATCH_GEMINI &&
        peer__batch_text_expires(line->text, text.data, text.len - 1))
        job->expires = true;
    peer__bytes_free(&text);
    return ok;
}

/* Read a line. Returns false if out of memory. */
static bool read_line(batches *b, batch_job *job, json value, id_set *ids)
{
    batch_line *line = &job->lines[job->n_lines++];
    line->id = peer__json_get(value, id_name(job->shape));
    line->request = peer__json_get(value, request_name(job->shape));
    line->metadata = peer__json_get(value, "metadata");
    if (!value.at || *value.at != '{') {
        note_problem(job, "invalid_json_line", "This line is not parseable as valid JSON.",
                     job->n_lines);
        return true;
    }
    check_line(job, line, value, ids, job->n_lines);
    return note_text(b, job, line);
}

/* Allocate n lines and the set of their ids. Returns false if out of memory. */
static bool begin_lines(batch_job *job, id_set *ids, size_t n)
{
    if (n == 0) note_problem(job, "empty_file", "The input file has no requests.", 0);
    if (n > most_lines(job->shape))
        note_problem(job, "too_many_tasks", "The batch has too many requests.", 0);
    job->lines = calloc(n ? n : 1, sizeof *job->lines);
    return job->lines && id_set_new(ids, n);
}

/* ---- reading a file or a list ---------------------------------------------------------------- */

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strchr(" \t\r", line[i])) return false;
    return true;
}

/* Find the next line that is not blank. Returns false after the last line. */
static bool take_line(const char **at, const char *end, const char **line, size_t *n)
{
    while (*at < end) {
        const char *newline = memchr(*at, '\n', (size_t)(end - *at));
        *line = *at;
        *n = (size_t)((newline ? newline : end) - *at);
        *at = newline ? newline + 1 : end;
        if (!is_blank(*line, *n)) return true;
    }
    return false;
}

static size_t count_lines(const char *at, const char *end)
{
    const char *line;
    size_t n = 0, len;
    while (take_line(&at, end, &line, &len)) n++;
    return n;
}

bool peer__batch_read_lines(batches *b, batch_job *job)
{
    const char *at = job->blob->bytes.data + job->blob->from, *end = at + job->blob->n, *line;
    size_t n = count_lines(at, end), len;
    id_set ids = {0};
    bool ok = begin_lines(job, &ids, n);
    while (ok && !job->n_problems && job->n_lines < n && take_line(&at, end, &line, &len))
        ok = read_line(b, job, peer__json_parse(line, len), &ids);
    free(ids.at);
    return ok;
}

bool peer__batch_read_items(batches *b, batch_job *job, json array)
{
    id_set ids = {0};
    size_t n = 0;
    for (json item = {0}; peer__json_next(array, &item);) n++;
    bool ok = begin_lines(job, &ids, n);
    for (json item = {0}; ok && job->n_lines < n && peer__json_next(array, &item);)
        ok = read_line(b, job, item, &ids);
    free(ids.at);
    return ok;
}
