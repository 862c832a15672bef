#include "jobs/journal.h"

#include "base/new_file.h"
#include "batch/digest.h"
#include "batch/files.h"
#include "batch/reader.h"
#include "exit.h"
#include "output.h"

#include <beluga/provider/json.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION 1
/* The last member of a line: ,"sum":"0123456789abcdef"} */
#define SUM_FORMAT ",\"sum\":\"%016" PRIx64 "\"}"
#define SUM_BYTES  (sizeof ",\"sum\":\"0123456789abcdef\"}" - 1)
#define MAX_TRIES  UINT8_MAX

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool is_open(const batch_noted_job *job)
{
    return job->phase == BATCH_JOB_UNSURE || job->phase == BATCH_JOB_OPEN;
}

size_t batch_journal_open_jobs(const batch_journal *j, uint64_t *lines)
{
    size_t n = 0;
    *lines = 0;
    for (size_t i = 0; i < j->count; i++) {
        if (!is_open(&j->jobs[i])) continue;
        *lines += j->jobs[i].lines.lines;
        n++;
    }
    return n;
}

size_t batch_journal_count(const batch_journal *j, batch_job_phase phase)
{
    size_t n = 0;
    for (size_t i = 0; i < j->count; i++) n += j->jobs[i].phase == phase;
    return n;
}

bool batch_journal_has(const batch_journal *j, uint64_t line)
{
    for (size_t i = 0; i < j->count; i++)
        if (is_open(&j->jobs[i]) && batch_ranges_has(&j->jobs[i].lines, line)) return true;
    return false;
}

double batch_journal_reserved(const batch_journal *j)
{
    double sum = 0;
    for (size_t i = 0; i < j->count; i++)
        if (is_open(&j->jobs[i])) sum += j->jobs[i].reserved;
    return sum;
}

bool batch_journal_knows(const batch_journal *j, const char *id)
{
    for (size_t i = 0; i < j->count; i++)
        if (strcmp(j->jobs[i].id, id) == 0) return true;
    return false;
}

unsigned batch_journal_tries(const batch_journal *j, uint64_t line)
{
    return j->tries && line <= j->max_line ? j->tries[line] : 0;
}

static batch_noted_job *find_job(const batch_journal *j, const char *name)
{
    for (size_t i = 0; i < j->count; i++)
        if (strcmp(j->jobs[i].name, name) == 0) return &j->jobs[i];
    return NULL;
}

static void free_job(batch_noted_job *job)
{
    batch_ranges_free(&job->lines);
    text_free(&job->others);
}

/* ---- applying events ------------------------------------------------------------------------- */

/* An event that was read. Functions that apply it return 0, or -1 with errno; EINVAL: the event is
 * not one that this version writes. */
typedef struct journal_event {
    const beluga_json *root;
    const char *name; /* name of the job; "" if the event is not about a job */
    batch_noted_job *job;
} journal_event;

static const char *text_of(const journal_event *e, const char *key)
{
    const char *text = beluga_json_get_string(e->root, key, NULL);
    return text ? text : "";
}

static int copy(char *to, size_t size, const char *text)
{
    size_t n = strlen(text);
    if (!n || n >= size) return errno = EINVAL, -1;
    memcpy(to, text, n + 1);
    return 0;
}

static int make_room(batch_journal *j)
{
    if (j->count < j->room) return 0;
    size_t room = j->room ? 2 * j->room : 8;
    batch_noted_job *jobs = reallocarray(j->jobs, room, sizeof *jobs);
    if (!jobs) return -1;
    j->jobs = jobs;
    j->room = room;
    return 0;
}

static int take_intent(batch_journal *j, const journal_event *e)
{
    batch_noted_job job = {.phase = BATCH_JOB_UNSURE};
    if (e->job) return errno = EINVAL, -1;
    int rc = copy(job.name, sizeof job.name, e->name);
    if (rc == 0) rc = copy(job.model, sizeof job.model, text_of(e, "model"));
    if (rc == 0) rc = batch_ranges_parse(&job.lines, text_of(e, "lines"));
    if (rc == 0) rc = make_room(j);
    job.bytes = (uint64_t)beluga_json_get_int(e->root, "bytes", 0);
    job.time = beluga_json_get_int(e->root, "time", 0);
    job.reserved = beluga_json_double(beluga_json_get(e->root, "reserved"), 0);
    if (rc == 0)
        j->jobs[j->count++] = job;
    else
        free_job(&job);
    return rc;
}

static int take_created(batch_journal *j, const journal_event *e)
{
    (void)j;
    if (copy(e->job->id, sizeof e->job->id, text_of(e, "id")) != 0) return -1;
    e->job->phase = BATCH_JOB_OPEN;
    e->job->looked_ms = 0;
    return 0;
}

static int take_free(batch_journal *j, const journal_event *e)
{
    (void)j;
    e->job->phase = BATCH_JOB_FILES;
    batch_ranges_free(&e->job->lines);
    return 0;
}

static int take_deleted(batch_journal *j, const journal_event *e)
{
    (void)j;
    e->job->phase = BATCH_JOB_CLOSED;
    batch_ranges_free(&e->job->lines);
    return 0;
}

static int take_looked(batch_journal *j, const journal_event *e)
{
    (void)j;
    e->job->looked_ms = beluga_json_get_int(e->root, "at", 0);
    return 0;
}

static int take_other(batch_journal *j, const journal_event *e)
{
    (void)j;
    return text_printf(&e->job->others, "%s%s\n", e->job->others.length ? "" : "\n",
                       text_of(e, "id"))
               ? (errno = ENOMEM, -1)
               : 0;
}

static int take_cancelled(batch_journal *j, const journal_event *e)
{
    (void)j;
    e->job->cancelled = true;
    return 0;
}

static int count_tries(batch_journal *j, const batch_ranges *lines)
{
    if (!j->tries && lines->count) j->tries = calloc(j->max_line + 1, sizeof *j->tries);
    if (!j->tries) return lines->count ? -1 : 0;
    for (size_t i = 0; i < lines->count; i++)
        for (uint64_t n = lines->items[i].first; n <= lines->items[i].last && n <= j->max_line; n++)
            j->tries[n] += j->tries[n] < MAX_TRIES;
    return 0;
}

static int take_collected(batch_journal *j, const journal_event *e)
{
    batch_ranges again;
    int rc = batch_ranges_parse(&again, text_of(e, "again"));
    if (rc == 0) rc = count_tries(j, &again);
    batch_ranges_free(&again);
    batch_ranges_free(&e->job->lines);
    e->job->phase = BATCH_JOB_FILES;
    return rc;
}

static int take_retry(batch_journal *j, const journal_event *e)
{
    (void)e;
    free(j->tries);
    j->tries = NULL;
    return 0;
}

static int take_begin(batch_journal *j, const journal_event *e)
{
    (void)j;
    return beluga_json_get_int(e->root, "version", 0) == VERSION ? 0 : (errno = EPROTO, -1);
}

static const struct {
    const char *name;
    int (*take)(batch_journal *journal, const journal_event *event);
    bool of_a_job; /* the event is about a job, which must have an intent */
} events[] = {
    {"begin", take_begin, false},        {"intent", take_intent, false},
    {"refused", take_free, true},        {"created", take_created, true},
    {"looked", take_looked, true},       {"other", take_other, true},
    {"lost", take_free, true},           {"cancelled", take_cancelled, true},
    {"collected", take_collected, true}, {"deleted", take_deleted, true},
    {"kept", take_deleted, true},        {"retry", take_retry, false},
};

/* Apply an event. Only the first event of the file contains the version. */
static int take_event(batch_journal *j, const beluga_json *root, bool first)
{
    journal_event e = {.root = root};
    const char *name = text_of(&e, "event");
    e.name = text_of(&e, "name");
    e.job = find_job(j, e.name);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (strcmp(events[i].name, name) != 0) continue;
        if (first != (i == 0) || (events[i].of_a_job && !e.job)) break;
        return events[i].take(j, &e);
    }
    return errno = EINVAL, -1;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static uint64_t sum_of(const char *bytes, size_t n)
{
    uint64_t digest[2];
    batch_digest_short(bytes, n, digest);
    return digest[0];
}

/* Check a line, without its newline, against its digest, and apply its event. */
static int take_line(batch_journal *j, const char *bytes, size_t n, bool first)
{
    char sum[SUM_BYTES + 1];
    beluga_json_doc *doc = NULL;
    if (n < SUM_BYTES) return errno = EINVAL, -1;
    snprintf(sum, sizeof sum, SUM_FORMAT, sum_of(bytes, n - SUM_BYTES));
    if (memcmp(bytes + n - SUM_BYTES, sum, SUM_BYTES) != 0) return errno = EINVAL, -1;
    int rc = beluga_json_parse(bytes, n, &doc, NULL);
    if (rc) return errno = rc == BELUGA_ERROR_NO_MEMORY ? ENOMEM : EINVAL, -1;
    rc = take_event(j, beluga_json_doc_root(doc), first);
    beluga_json_doc_free(doc);
    return rc;
}

static int append(batch_journal *j, const cli_text *line)
{
    int rc = batch_write_at(j->fd, line->data, line->length, j->end);
    if (rc == 0) rc = fsync(j->fd);
    if (rc == 0) {
        j->end += line->length;
        return 0;
    }
    j->error = errno;
    /* Remove the part of the line that was written, which the next reader would take for a torn
     * last line. */
    if (ftruncate(j->fd, (off_t)j->end) != 0) j->error = errno;
    return -1;
}

/* End the JSON of an event, write it, and apply it. */
static int write_event(batch_journal *j, beluga_json_writer *w)
{
    const char *text;
    size_t n;
    cli_text line = {0};
    if (w) beluga_json_end_object(w);
    int rc = w ? beluga_json_writer_text(w, &text, &n) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) rc = text_add(&line, text, n - 1); /* without the brace */
    if (rc == 0) rc = text_printf(&line, SUM_FORMAT "\n", sum_of(text, n - 1));
    beluga_json_writer_free(w);
    if (rc) j->error = ENOMEM;
    if (j->error) rc = -1;
    bool first = j->end == 0;
    if (rc == 0) rc = append(j, &line);
    if (rc == 0 && take_line(j, line.data, line.length - 1, first) != 0) {
        j->error = errno;
        rc = -1;
    }
    text_free(&line);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int refuse(const batch_journal *j, const batch_record *record)
{
    if (errno == ENOMEM) return out_no_memory();
    if (errno == EPROTO)
        out_error("%s was written by another version of beluga; use that version to continue",
                  j->path);
    else
        out_error("%s, which lists the jobs under way, is damaged in line %" PRIu64
                  ". Look up the jobs on the provider's own page, cancel them there, and then "
                  "remove this file to ask their lines again",
                  j->path, record->line);
    return CLI_EXIT_USAGE;
}

static int read_lines(batch_journal *j)
{
    batch_reader reader = {.format = BATCH_JSONL, .fd = j->fd};
    batch_record record;
    int got, rc = 0;
    while (rc == 0 && (got = batch_reader_next(&reader, &record)) > 0) {
        if (!record.ended) break;
        errno = EINVAL;
        if (*record.fault || take_line(j, record.bytes, record.length, j->end == 0) != 0)
            rc = refuse(j, &record);
        j->end = record.offset + record.size;
    }
    j->error = reader.error;
    batch_reader_free(&reader);
    return rc || !j->error ? rc : batch_journal_complain(j);
}

static int open_file(batch_journal *j, bool writes)
{
    struct stat info;
    if (lstat(j->path, &info) != 0) return errno == ENOENT ? 0 : (j->error = errno, -1);
    if (!S_ISREG(info.st_mode)) return j->error = S_ISLNK(info.st_mode) ? ELOOP : EINVAL, -1;
    j->fd = writes
                ? beluga__file_open(j->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, BELUGA__PRIVATE_MODE)
                : open(j->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    return j->fd < 0 ? (j->error = errno, -1) : 0;
}

int batch_journal_open(batch_journal *j, const char *out, uint64_t max_line, bool writes)
{
    *j = (batch_journal){.fd = -1, .max_line = max_line};
    if (asprintf(&j->path, "%s.jobs", out) < 0) return j->path = NULL, out_no_memory();
    if (open_file(j, writes) != 0) return batch_journal_complain(j);
    int rc = j->fd < 0 ? 0 : read_lines(j);
    if (rc == 0 && j->fd >= 0 && writes && ftruncate(j->fd, (off_t)j->end) != 0) {
        j->error = errno;
        rc = batch_journal_complain(j);
    }
    if (j->fd >= 0 && !writes) {
        close(j->fd);
        j->fd = -1;
    }
    return rc;
}

/* ---- writing --------------------------------------------------------------------------------- */

static beluga_json_writer *begin_event(const char *event, const char *name)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return NULL;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "event", event);
    if (name) beluga_json_put_string(w, "name", name);
    return w;
}

static int write_begin(batch_journal *j)
{
    beluga_json_writer *w = begin_event("begin", NULL);
    if (w) beluga_json_put_int(w, "version", VERSION);
    return write_event(j, w);
}

/* Create the file if it does not exist, and write its first line if it is empty. */
static int make_file(batch_journal *j)
{
    batch_new_file file;
    if (j->fd >= 0) return j->end ? 0 : write_begin(j);
    int rc = batch_new_file_begin(&file, j->path, false);
    if (rc == 0) rc = batch_new_file_finish(&file, &j->fd);
    if (rc == 0) return write_begin(j);
    j->error = errno;
    batch_new_file_drop(&file);
    return -1;
}

static void put_ranges(beluga_json_writer *w, const char *key, const cli_text *text)
{
    beluga_json_put_string_n(w, key, text_get(text), text->length);
}

static int write_intent(batch_journal *j, const batch_noted_job *job, const cli_text *lines)
{
    beluga_json_writer *w = begin_event("intent", job->name);
    if (w) {
        beluga_json_put_string(w, "model", job->model);
        beluga_json_put_int(w, "count", (int64_t)job->lines.lines);
        put_ranges(w, "lines", lines);
        beluga_json_put_int(w, "bytes", (int64_t)job->bytes);
        beluga_json_put_int(w, "time", job->time);
        beluga_json_put_double(w, "reserved", job->reserved);
    }
    return write_event(j, w);
}

int batch_journal_intend(batch_journal *j, const batch_noted_job *job)
{
    cli_text lines = {0};
    int rc = make_file(j);
    if (rc == 0 && batch_ranges_write(&job->lines, &lines) != 0) rc = (j->error = ENOMEM, -1);
    if (rc == 0) rc = write_intent(j, job, &lines);
    text_free(&lines);
    return rc;
}

static int write_simple(batch_journal *j, const char *event, const batch_noted_job *job)
{
    return write_event(j, begin_event(event, job->name));
}

static int write_with_id(batch_journal *j, const char *event, const batch_noted_job *job,
                         const char *id)
{
    beluga_json_writer *w = begin_event(event, job->name);
    if (w) beluga_json_put_string(w, "id", id);
    return write_event(j, w);
}

int batch_journal_refused(batch_journal *j, batch_noted_job *job)
{
    return write_simple(j, "refused", job);
}

int batch_journal_created(batch_journal *j, batch_noted_job *job, const char *id)
{
    if (!*id || strlen(id) >= sizeof job->id) return j->error = EOVERFLOW, -1;
    return write_with_id(j, "created", job, id);
}

int batch_journal_looked(batch_journal *j, batch_noted_job *job, int64_t at_ms)
{
    beluga_json_writer *w = begin_event("looked", job->name);
    if (w) beluga_json_put_int(w, "at", at_ms);
    return write_event(j, w);
}

int batch_journal_other(batch_journal *j, batch_noted_job *job, const char *id)
{
    return write_with_id(j, "other", job, id);
}

int batch_journal_lost(batch_journal *j, batch_noted_job *job)
{
    return write_simple(j, "lost", job);
}

int batch_journal_cancelled(batch_journal *j, batch_noted_job *job)
{
    return write_simple(j, "cancelled", job);
}

int batch_journal_collected(batch_journal *j, batch_noted_job *job, const batch_ranges *again)
{
    cli_text lines = {0};
    if (batch_ranges_write(again, &lines) != 0) return j->error = ENOMEM, -1;
    beluga_json_writer *w = begin_event("collected", job->name);
    if (w) put_ranges(w, "again", &lines);
    text_free(&lines);
    return write_event(j, w);
}

int batch_journal_deleted(batch_journal *j, batch_noted_job *job, bool kept)
{
    return write_simple(j, kept ? "kept" : "deleted", job);
}

int batch_journal_retry(batch_journal *j)
{
    return j->tries ? write_event(j, begin_event("retry", NULL)) : 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

int batch_journal_complain(const batch_journal *j)
{
    char text[128];
    if (j->error == ENOMEM) return out_no_memory();
    if (j->error == EOVERFLOW) {
        out_error(
            "%s can't store the id of a job, which has more than %d characters: cancel the job on "
            "the provider's own page, and then remove this file to ask its lines again",
            j->path, BATCH_JOB_ID_BYTES - 1);
        return CLI_EXIT_OUTPUT;
    }
    out_error("%s can't be used: %s", j->path, beluga__file_explain(j->error, text, sizeof text));
    return CLI_EXIT_OUTPUT;
}

/* Returns whether a job may need further steps in a run with this model. A job of another model
 * that was never created needs none: only a run with that model could look for its file. */
static bool is_unfinished(const batch_noted_job *job, const char *model)
{
    if (job->phase == BATCH_JOB_FILES && !*job->id) return strcmp(job->model, model) == 0;
    return job->phase != BATCH_JOB_CLOSED;
}

void batch_journal_remove(batch_journal *j, const char *model)
{
    for (size_t i = 0; i < j->count; i++)
        if (is_unfinished(&j->jobs[i], model)) return;
    if (j->fd >= 0 && !j->error) unlink(j->path);
}

void batch_journal_free(batch_journal *j)
{
    for (size_t i = 0; i < j->count; i++) free_job(&j->jobs[i]);
    free(j->jobs);
    free(j->tries);
    free(j->path);
    if (j->fd >= 0) close(j->fd);
    *j = (batch_journal){.fd = -1};
}
