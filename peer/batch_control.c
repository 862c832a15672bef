/* GET /control/batches, through which a test reads the server's state. */
#include "peer/batch_call.h"

#include <string.h>

static const char *shape_name(batch_shape shape)
{
    static const char *const names[BATCH_SHAPES] = {"openai", "together", "anthropic", "gemini",
                                                    "mistral"};
    return names[shape];
}

static const char *state_name(batch_state state)
{
    static const char *const names[JOB_STATES] = {"validating", "running",   "finalizing",
                                                  "cancelling", "completed", "failed",
                                                  "expired",    "cancelled"};
    return names[state];
}

static bool put_created(const batches *b, bytes *out)
{
    size_t n[BATCH_SHAPES] = {0};
    for (size_t i = 0; i < b->n_jobs; i++) n[b->jobs[i]->shape]++;
    bool ok = peer__putf(out, "{\"created\":%zu,\"by_shape\":{", b->n_jobs);
    for (int i = 0; ok && i < BATCH_SHAPES; i++)
        ok = peer__putf(out, "%s\"%s\":%zu", i ? "," : "", shape_name((batch_shape)i), n[i]);
    return ok && peer__put(out, "}");
}

static bool put_outcomes(const batch_job *job, bytes *out)
{
    static const char *const names[LINE_OUTCOMES] = {"waiting", "answered", "refused", "limited",
                                                     "broken",  "unpaid",   "expired", "cancelled"};
    bool ok = peer__putf(out, "\"waiting\":%zu", job->n_lines - job->settled);
    for (int i = LINE_ANSWERED; ok && i < LINE_OUTCOMES; i++)
        ok = peer__putf(out, ",\"%s\":%zu", names[i], job->counts[i]);
    return ok;
}

static bool put_first_id(const batch_job *job, bytes *out)
{
    json id = job->n_lines ? job->lines[0].id : (json){0};
    return id.at ? peer__put_n(out, id.at, id.n) : peer__put(out, "null");
}

static bool put_job(const batch_job *job, bytes *out)
{
    return peer__put(out, "{\"id\":") && peer__put_string(out, job->id) &&
           peer__putf(out, ",\"shape\":\"%s\",\"state\":\"%s\",\"deleted\":%s,\"key\":",
                      shape_name(job->shape), state_name(job->state),
                      job->deleted ? "true" : "false") &&
           peer__put_string(out, job->key) && peer__put(out, ",\"name\":") &&
           peer__batch_put_or_null(out, job->name) && peer__put(out, ",\"metadata\":") &&
           peer__put(out, job->metadata ? job->metadata : "null") &&
           peer__put(out, ",\"first_id\":") && put_first_id(job, out) &&
           peer__putf(out, ",\"lines\":%zu,", job->n_lines) && put_outcomes(job, out) &&
           peer__put(out, "}");
}

static bool put_jobs(batches *b, bytes *out)
{
    bool ok = peer__put(out, ",\"all\":[");
    for (size_t i = 0; ok && i < b->n_jobs; i++)
        ok = (i == 0 || peer__put(out, ",")) && put_job(b->jobs[i], out);
    return ok && peer__put(out, "]}");
}

static bool put_lines(const batches *b, bytes *out)
{
    size_t n[LINE_OUTCOMES] = {0}, all = 0;
    for (size_t i = 0; i < b->n_jobs; i++) {
        all += b->jobs[i]->n_lines;
        for (int k = 0; k < LINE_OUTCOMES; k++) n[k] += b->jobs[i]->counts[k];
    }
    size_t failed = n[LINE_REFUSED] + n[LINE_LIMITED] + n[LINE_BROKEN] + n[LINE_UNPAID];
    return peer__putf(out,
                      ",\"lines\":{\"created\":%zu,\"answered\":%zu,\"failed\":%zu,"
                      "\"expired\":%zu,\"cancelled\":%zu}",
                      all, n[LINE_ANSWERED], failed, n[LINE_EXPIRED], n[LINE_CANCELLED]);
}

static bool put_file(const batch_file *file, bytes *out)
{
    return peer__put(out, "{\"id\":") && peer__put_string(out, file->id) &&
           peer__put(out, ",\"name\":") && peer__put_string(out, file->name ? file->name : "") &&
           peer__putf(out, ",\"kind\":\"%s\",\"bytes\":%zu,\"key\":",
                      file->is_result ? "result" : "upload", file->blob->n) &&
           peer__put_string(out, file->key) && peer__put(out, "}");
}

static bool put_files(const batches *b, bytes *out)
{
    size_t uploads = 0, results = 0;
    bool ok = peer__putf(out, ",\"files\":{\"uploaded\":%lu,\"deleted\":%lu,\"now\":[", b->uploads,
                         b->deleted_files);
    for (size_t i = 0; ok && i < b->n_files; i++) {
        const batch_file *file = b->files[i];
        if (file->deleted || file->is_open) continue;
        ok = (uploads + results == 0 || peer__put(out, ",")) && put_file(file, out);
        uploads += !file->is_result;
        results += file->is_result;
    }
    return ok && peer__putf(out, "],\"uploads_now\":%zu,\"results_now\":%zu}", uploads, results);
}

/* Texts are written as array items and not as members, since shortened texts may be equal. */
static bool put_texts(const batches *b, bytes *out)
{
    bool ok = peer__put(out, ",\"texts\":[");
    size_t n = 0, twice = 0;
    for (size_t i = 0; ok && i < b->cap_texts; i++) {
        const batch_text *text = b->texts[i];
        if (!text) continue;
        twice += text->answered > 1;
        ok = (n++ == 0 || peer__put(out, ",")) && peer__put(out, "{\"text\":") &&
             peer__put_string(out, text->shown) &&
             peer__putf(out, ",\"asked\":%lu,\"answered\":%lu}", text->asked, text->answered);
    }
    return ok && peer__putf(out, "],\"texts_answered_twice\":%zu", twice);
}

static void tell(batch_call *call, const char *id)
{
    bytes text = {0};
    batches *b = call->b;
    (void)id;
    for (size_t i = 0; i < b->n_jobs; i++) peer__batch_advance(b, b->jobs[i]);
    bool ok = peer__putf(&text, "{\"requests\":%lu,\"jobs\":", b->requests) &&
              put_created(b, &text) && put_jobs(b, &text) && put_lines(b, &text) &&
              put_files(b, &text) && put_texts(b, &text) && peer__put(&text, "}");
    peer__batch_send(call, 200, &text, ok);
}

bool peer__batch_control(batch_call *call)
{
    static const batch_route routes[] = {{"GET", "/control/batches", tell}};
    return peer__batch_route(call, routes, sizeof routes / sizeof *routes);
}
