#include "batch/results.h"

#include "base/clock.h"
#include "base/new_file.h"
#include "base/sum.h"
#include "batch/files.h"
#include "batch/reader.h"
#include "exit.h"
#include "output.h"

#include <beluga/provider/json.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Results are made durable at most once in SYNC_MS, and so rarely that this takes at most
 * 1/SYNC_SHARE of the time. */
#define SYNC_MS    100
#define SYNC_SHARE 10
#define WORD_BITS  64

static int complain(const char *path, int error)
{
    if (error == ENOMEM) return out_no_memory();
    if (error == BATCH_OUTPUT_LOST) {
        out_error("%s was removed, renamed or replaced while this run wrote to it: move the file "
                  "back, or run the same command again, which asks for what is missing",
                  path);
        return CLI_EXIT_OUTPUT;
    }
    char text[128];
    out_error("%s can't be written: %s", path, beluga__file_explain(error, text, sizeof text));
    return CLI_EXIT_OUTPUT;
}

int batch_output_complain(const batch_output *out)
{
    return complain(out->path, out->error);
}

/* ---- finished lines -------------------------------------------------------------------------- */

bool batch_output_has(const batch_output *out, uint64_t line)
{
    return line <= out->max_line && out->bits[line / WORD_BITS] >> line % WORD_BITS & 1;
}

uint64_t batch_output_count(const batch_output *out, uint64_t last)
{
    uint64_t n = 0;
    if (last > out->max_line) last = out->max_line;
    for (uint64_t i = 0; i < last / WORD_BITS; i++)
        n += (unsigned)__builtin_popcountll(out->bits[i]);
    for (uint64_t line = last - last % WORD_BITS; line <= last; line++)
        n += batch_output_has(out, line);
    return n;
}

void batch_totals_add(batch_totals *t, const batch_entry *entry)
{
    if (entry->failed)
        t->failed++;
    else
        t->done++;
    t->unfinished += entry->unfinished;
    t->misfits += entry->misfit;
    if (entry->input_tokens > 0)
        t->input_tokens = beluga__add(t->input_tokens, entry->input_tokens);
    if (entry->output_tokens > 0)
        t->output_tokens = beluga__add(t->output_tokens, entry->output_tokens);
    if (entry->cost >= 0)
        t->cost += entry->cost;
    else if (!entry->failed || entry->input_tokens > 0 || entry->output_tokens > 0)
        t->unpriced++;
}

static void count(batch_output *out, const batch_entry *entry)
{
    out->bits[entry->line / WORD_BITS] |= UINT64_C(1) << entry->line % WORD_BITS;
    if (entry->line < out->last_line) out->unordered = true;
    out->last_line = entry->line;
    batch_totals_add(&out->totals, entry);
}

static int forget(batch_output *out)
{
    free(out->bits);
    out->bits = calloc(out->max_line / WORD_BITS + 1, sizeof *out->bits);
    out->totals = (batch_totals){0};
    out->unordered = false;
    out->last_line = 0;
    out->end = 0;
    out->strange = 0;
    return out->bits ? 0 : -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Return whether the path still names the open file. Another run may have replaced the file. */
static bool is_in_place(int fd, const char *path)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static int refuse_busy(const char *path)
{
    out_error("another beluga batch is writing %s: wait until it ends, or choose another --out",
              path);
    return CLI_EXIT_USAGE;
}

int batch_output_open(batch_output *out, const char *path)
{
    struct stat status;
    *out = (batch_output){.fd = -1, .path = strdup(path)};
    if (!out->path) return out_no_memory();
    out->fd = beluga__file_open(path, O_RDWR | O_NONBLOCK, BELUGA__PRIVATE_MODE);
    if (out->fd < 0 || fstat(out->fd, &status) != 0) return complain(path, errno);
    if (!S_ISREG(status.st_mode))
        return out_usage("--out: %s: choose a regular file, since a stopped run can't be continued "
                         "from anything else",
                         path);
    if (flock(out->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? refuse_busy(path) : complain(path, errno);
    return is_in_place(out->fd, path) ? 0 : refuse_busy(path);
}

void batch_output_close(batch_output *out)
{
    if (out->fd >= 0) close(out->fd);
    free(out->bits);
    free(out->path);
    *out = (batch_output){.fd = -1};
}

/* ---- reading the existing output ------------------------------------------------------------- */

/* State of one pass through the file. */
typedef struct read_pass {
    batch_output *out;
    batch_again again;
    batch_new_file *copy; /* NULL: the pass only reads */
    bool torn;            /* the last line, from out->end on, is not complete */
    bool unended;         /* the last line is complete except for its newline */
} read_pass;

bool batch_is_whole(const char *finish_reason)
{
    return !finish_reason || strcmp(finish_reason, "stop") == 0 ||
           strcmp(finish_reason, "tool_calls") == 0;
}

static bool is_asked_again(const read_pass *pass, const batch_entry *entry)
{
    return pass->again && (entry->failed || (pass->again == BATCH_AGAIN_UNFINISHED &&
                                             (entry->unfinished || entry->misfit)));
}

bool batch_entry_read(const char *bytes, size_t n, batch_entry *entry)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(bytes, n, &doc, NULL) != 0) return false;
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *own = beluga_json_get(root, "beluga"); /* only in results in OpenAI's form */
    if (own) root = own;
    const beluga_json *cost = beluga_json_get(root, "cost");
    const beluga_json *usage = beluga_json_get(root, "usage");
    int64_t line = beluga_json_get_int(root, "line", 0);
    *entry = (batch_entry){.line = line > 0 ? (uint64_t)line : 0,
                           .failed = beluga_json_is_object(beluga_json_get(root, "error")),
                           .cost = beluga_json_double(cost, -1),
                           .input_tokens = beluga_json_get_int(usage, "input_total", -1),
                           .output_tokens = beluga_json_get_int(usage, "output_total", -1)};
    entry->unfinished =
        !entry->failed && !batch_is_whole(beluga_json_get_string(root, "finish_reason", NULL));
    const char *digest = beluga_json_get_string(root, "digest", NULL);
    entry->digest = digest ? strtoull(digest, NULL, 16) : 0;
    entry->misfit = !entry->failed && beluga_json_get_string(root, "misfit", NULL);
    beluga_json_doc_free(doc);
    return entry->line != 0;
}

static bool read_entry(const batch_record *record, batch_entry *entry)
{
    return !*record->fault && batch_entry_read(record->bytes, record->length, entry);
}

/* Return whether the line has changed since it got this result. */
static bool is_changed(const batch_output *out, const batch_entry *entry)
{
    return out->digests && (entry->line > out->max_line || !entry->digest ||
                            out->digests[entry->line] != entry->digest);
}

static int drop_changed(read_pass *pass, const batch_entry *entry)
{
    batch_output *out = pass->out;
    pass->torn = pass->unended = false;
    if (entry->failed)
        out->changed += !pass->copy;
    else
        out->strange = entry->line;
    return 0;
}

static int take(read_pass *pass, const batch_record *record)
{
    batch_output *out = pass->out;
    batch_entry entry;
    bool whole = read_entry(record, &entry);
    if (whole && is_changed(out, &entry)) return drop_changed(pass, &entry);
    whole = whole && entry.line <= out->max_line && !batch_output_has(out, entry.line);
    pass->torn = !whole && !record->ended;
    pass->unended = whole && !record->ended;
    if (!whole) {
        out->damaged += !pass->copy && record->ended;
        return 0;
    }
    if (is_asked_again(pass, &entry)) {
        out->retried += !pass->copy;
        return 0;
    }
    count(out, &entry);
    out->end = record->offset + record->size + !record->ended;
    if (!pass->copy) return 0;
    if (batch_new_file_add(pass->copy, record->bytes, record->length) != 0) return -1;
    return batch_new_file_add(pass->copy, "\n", 1);
}

/* Returns 0, or -1 with errno. */
static int go_through(read_pass *pass)
{
    batch_reader reader = {.format = BATCH_JSONL, .fd = pass->out->fd};
    batch_record record;
    int got, rc = forget(pass->out);
    if (pass->out->fd < 0) return rc;
    while (rc == 0 && (got = batch_reader_next(&reader, &record)) != 0)
        rc = got > 0 ? take(pass, &record) : (errno = reader.error, -1);
    batch_reader_free(&reader);
    return rc;
}

/* Replace the file with a file that has only the lines to keep. */
static int rewrite(read_pass *pass)
{
    batch_output *out = pass->out;
    batch_new_file copy;
    int fd = -1, rc = batch_new_file_begin(&copy, out->path, true);
    pass->copy = &copy;
    if (rc == 0) rc = go_through(pass);
    if (rc == 0) rc = batch_new_file_finish(&copy, &fd);
    if (rc != 0) {
        batch_new_file_drop(&copy);
        return -1;
    }
    out->end = (uint64_t)lseek(fd, 0, SEEK_END);
    close(out->fd); /* closed only now, since the descriptor holds the lock */
    out->fd = fd;
    return 0;
}

static int cut(batch_output *out, const read_pass *pass)
{
    if (pass->unended) return batch_write_at(out->fd, "\n", 1, out->end - 1);
    return ftruncate(out->fd, (off_t)out->end);
}

/* Returns 0, or -1 with errno. */
static int read_once(read_pass *pass, uint64_t max_line)
{
    batch_output *out = pass->out;
    out->max_line = max_line;
    out->damaged = out->retried = out->changed = 0;
    return go_through(pass);
}

int batch_output_read(batch_output *out, uint64_t max_line, batch_again again)
{
    read_pass pass = {.out = out, .again = again};
    return read_once(&pass, max_line) ? complain(out->path, errno) : 0;
}

int batch_output_recover(batch_output *out, uint64_t max_line, batch_again again)
{
    read_pass pass = {.out = out, .again = again};
    int rc = read_once(&pass, max_line);
    if (rc == 0 && (out->damaged || out->retried || out->changed))
        rc = rewrite(&pass);
    else if (rc == 0)
        rc = cut(out, &pass);
    if (rc == 0) rc = fsync(out->fd);
    if (rc != 0) return complain(out->path, errno);
    if (out->damaged)
        out_note("%s: %" PRIu64
                 " line%s damaged; the lines of the input that they answered are asked again",
                 out->path, out->damaged, out->damaged == 1 ? " was" : "s were");
    return 0;
}

int batch_output_look(batch_output *out, const char *path)
{
    *out = (batch_output){.path = strdup(path), .only_read = true};
    if (!out->path) return out_no_memory();
    out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return 0;
}

int batch_output_forget(batch_output *out, uint64_t max_line)
{
    out->max_line = max_line;
    if (!out->only_read && ftruncate(out->fd, 0) != 0) return complain(out->path, errno);
    return forget(out) ? out_no_memory() : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Remove a line that may have been written only in part, so that the file ends with a complete
 * line. */
static int fail(batch_output *out)
{
    out->error = errno;
    if (ftruncate(out->fd, (off_t)out->end) != 0) out->dirty = true;
    return -1;
}

int batch_output_add(batch_output *out, const batch_entry *entry, const char *text, size_t n)
{
    if (out->error) return -1;
    if (batch_write_at(out->fd, text, n, out->end) != 0) return fail(out);
    out->end += n;
    if (!out->dirty)
        out->next_sync_ms = beluga__now_ms() + (out->sync_ms > SYNC_MS ? out->sync_ms : SYNC_MS);
    out->dirty = true;
    count(out, entry);
    return 0;
}

/* Return whether the path no longer names the open file. What is written to it then is lost when it
 * is closed, so the run must not go on, nor remove the answers from where they came. */
static bool is_lost(const batch_output *out)
{
    struct stat a, b;
    if (out->only_read || out->fd < 0 || fstat(out->fd, &a) != 0) return false;
    if (stat(out->path, &b) != 0) return errno == ENOENT;
    return a.st_dev != b.st_dev || a.st_ino != b.st_ino;
}

int batch_output_sync(batch_output *out, bool now)
{
    int64_t before = beluga__now_ms();
    bool due = out->dirty && (now || before >= out->next_sync_ms);
    if ((due || now) && is_lost(out)) {
        if (!out->error) out->error = BATCH_OUTPUT_LOST;
        return -1;
    }
    if (!due) return 0;
    out->dirty = false;
    if (fdatasync(out->fd) != 0) {
        if (!out->error) out->error = errno;
        return -1;
    }
    out->sync_ms = (beluga__now_ms() - before) * SYNC_SHARE;
    return 0;
}

/* ---- files that are made at the end ---------------------------------------------------------- */

static int copy_failed(batch_output *out, batch_new_file *file)
{
    batch_reader reader = {.format = BATCH_JSONL, .fd = out->fd};
    batch_record record;
    batch_entry entry;
    int got, rc = 0;
    while (rc == 0 && (got = batch_reader_next(&reader, &record)) != 0) {
        if (got < 0)
            rc = (errno = reader.error, -1);
        else if (read_entry(&record, &entry) && entry.failed)
            rc = batch_new_file_add(file, record.bytes, record.length) ||
                         batch_new_file_add(file, "\n", 1)
                     ? -1
                     : 0;
    }
    batch_reader_free(&reader);
    return rc;
}

int batch_output_collect(batch_output *out, const char *path)
{
    batch_new_file file;
    int rc = batch_new_file_begin(&file, path, true);
    if (rc == 0) rc = copy_failed(out, &file);
    if (rc == 0) rc = batch_new_file_finish(&file, NULL);
    if (rc == 0) return 0;
    batch_new_file_drop(&file);
    return complain(path, errno);
}

/* The position of a line's result in the file. The table takes 16 bytes for each line, and is
 * needed only if results are out of order. */
typedef struct result_place {
    uint64_t offset;
    uint64_t length; /* with its newline; 0: the line has no result */
} result_place;

static int find_places(batch_output *out, result_place *places)
{
    batch_reader reader = {.format = BATCH_JSONL, .fd = out->fd};
    batch_record record;
    batch_entry entry;
    int got;
    while ((got = batch_reader_next(&reader, &record)) > 0)
        if (read_entry(&record, &entry) && entry.line <= out->max_line)
            places[entry.line] = (result_place){record.offset, record.size};
    if (got < 0) errno = reader.error;
    batch_reader_free(&reader);
    return got;
}

static int copy_place(int from, batch_new_file *to, result_place place)
{
    char bytes[16384];
    while (place.length) {
        size_t most = place.length < sizeof bytes ? place.length : sizeof bytes;
        ssize_t n = batch_read_at(from, bytes, most, place.offset);
        if (n == 0) errno = EIO;
        if (n <= 0 || batch_new_file_add(to, bytes, (size_t)n) != 0) return -1;
        place.offset += (uint64_t)n;
        place.length -= (uint64_t)n;
    }
    return 0;
}

static int write_sorted(batch_output *out, result_place *places)
{
    batch_new_file file;
    int fd = -1, rc = batch_new_file_begin(&file, out->path, true);
    if (rc == 0) rc = find_places(out, places);
    for (uint64_t i = 0; i <= out->max_line && rc == 0; i++)
        rc = copy_place(out->fd, &file, places[i]);
    if (rc == 0) rc = batch_new_file_finish(&file, &fd);
    if (rc != 0) {
        batch_new_file_drop(&file);
        return -1;
    }
    close(out->fd);
    out->fd = fd;
    out->unordered = false;
    return 0;
}

int batch_output_sort(batch_output *out)
{
    result_place *places = out->unordered ? calloc(out->max_line + 1, sizeof *places) : NULL;
    if (!out->unordered) return 0;
    if (!places) return out_no_memory();
    int rc = write_sorted(out, places);
    free(places);
    return rc ? complain(out->path, errno) : 0;
}
