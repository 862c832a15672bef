#include "batch/survey.h"

#include "base/new_file.h"
#include "batch/files.h"
#include "batch/unpack.h"
#include "exit.h"
#include "output.h"

#include <beluga/error.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *batch_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "stdin" : path;
}

static int complain(const char *path, int error)
{
    if (error == ENOMEM) return out_no_memory();
    out_error("%s can't be read: %s", batch_input_name(path), strerror(error));
    return CLI_EXIT_USAGE;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int cant_copy(const char *path)
{
    out_error("%s can't be copied to a file beside the output: %s", batch_input_name(path),
              strerror(errno));
    return CLI_EXIT_OUTPUT;
}

static int keep(const char *path, int from, int to)
{
    char bytes[65536];
    uint64_t offset = 0;
    for (;;) {
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? complain(path, errno) : 0;
        if (batch_write_at(to, bytes, (size_t)n, offset) != 0) return cant_copy(path);
        offset += (uint64_t)n;
    }
}

/* Copy stdin or another pipe to a file, so that it can be read twice. */
static int open_kept(const char *path, int from, const char *out, int *fd)
{
    *fd = beluga__file_nameless(out);
    return *fd >= 0 ? keep(path, from, *fd) : cant_copy(path);
}

static int open_plain(const char *path, const char *out, int *fd)
{
    struct stat status;
    bool is_stdin = strcmp(path, "-") == 0;
    int from = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    *fd = -1;
    if (from < 0 || fstat(from, &status) != 0) return complain(path, errno);
    if (S_ISREG(status.st_mode) && !is_stdin) {
        *fd = from;
        return 0;
    }
    int rc = S_ISDIR(status.st_mode) ? complain(path, EISDIR) : open_kept(path, from, out, fd);
    if (!is_stdin) close(from);
    return rc;
}

int batch_input_open(const char *path, const char *out, int *fd)
{
    char why[BATCH_UNPACK_BYTES];
    bool was_utf16 = false;
    int rc = open_plain(path, out, fd);
    if (rc) return rc;
    rc = batch_unpack(fd, out, &was_utf16, why);
    if (rc) out_error("%s: %s", batch_input_name(path), why);
    if (was_utf16) out_note("%s is UTF-16, and is read as UTF-16", batch_input_name(path));
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The ids of the lines, for comparing them; none are stored if no line has an id of its own. */
typedef struct id_survey {
    const batch_plan *plan;
    batch_ids found;
    bool any, wanted;
} id_survey;

static int note_id(id_survey *ids, const batch_record *record)
{
    batch_item item;
    if (!ids->wanted) return 0;
    int rc = batch_item_parse_id(ids->plan, record, &item);
    ids->any |= item.has_id;
    rc = rc == BELUGA_ERROR_NO_MEMORY
             ? (errno = ENOMEM, -1)
             : batch_ids_add(&ids->found, item.id, !item.has_id, record->line);
    batch_item_free(&item);
    return rc;
}

static int complain_of_ids(void)
{
    out_error("the ids can't be stored in a file beside the output: %s", strerror(errno));
    return errno == ENOMEM ? CLI_EXIT_OTHER : CLI_EXIT_OUTPUT;
}

static int read_through(batch_survey *survey, const char *path, batch_reader *reader,
                        id_survey *ids, uint64_t limit)
{
    batch_record record;
    int got;
    while ((got = batch_reader_next(reader, &record)) > 0) {
        survey->records++;
        survey->last_line = record.line;
        if (!limit || survey->wanted < limit) {
            survey->wanted++;
            survey->last_wanted = record.line;
        }
        if (note_id(ids, &record) != 0) return complain_of_ids();
    }
    if (got < 0) return complain(path, reader->error);
    if (ids->any && batch_ids_find_taken(&ids->found, survey->last_line, &survey->taken) != 0)
        return complain_of_ids();
    return 0;
}

static int begin(const char *path, batch_reader *reader, batch_plan *plan)
{
    char why[BATCH_FAULT_BYTES];
    if (batch_reader_begin(reader, why) == 0 && batch_plan_columns(plan, why) == 0) return 0;
    out_error("%s: %s", batch_input_name(path), why);
    return CLI_EXIT_USAGE;
}

int batch_survey_make(batch_survey *survey, const char *path, const char *out, int fd,
                      const batch_layout *layout, const batch_plan *like, uint64_t limit)
{
    batch_digest digest;
    batch_reader reader = batch_layout_reader(layout, fd);
    batch_plan plan = *like;
    id_survey ids = {.plan = &plan, .found.fd = -1};
    *survey = (batch_survey){0};
    plan.reader = &reader;
    reader.seen = batch_digest_bytes;
    reader.payload = &digest;
    batch_digest_begin(&digest);
    int rc = begin(path, &reader, &plan);
    ids.wanted = layout->format == BATCH_JSONL || plan.id_column >= 0;
    if (rc == 0 && ids.wanted && batch_ids_begin(&ids.found, out) != 0) rc = complain_of_ids();
    if (rc == 0) rc = read_through(survey, path, &reader, &ids, limit);
    batch_digest_finish(&digest, survey->digest);
    batch_ids_free(&ids.found);
    batch_reader_free(&reader);
    return rc;
}

int batch_survey_digests(const batch_survey *survey, const char *path, int fd,
                         const batch_layout *layout, uint64_t **digests)
{
    char why[BATCH_FAULT_BYTES];
    batch_record record;
    batch_reader reader = batch_layout_reader(layout, fd);
    int got = 1, begun = batch_reader_begin(&reader, why);
    *digests = calloc(survey->last_line + 1, sizeof **digests);
    while (begun == 0 && *digests && (got = batch_reader_next(&reader, &record)) > 0)
        if (record.line <= survey->last_line) (*digests)[record.line] = record.digest;
    int rc = !*digests ? out_no_memory() : begun || got < 0 ? complain(path, reader.error) : 0;
    batch_reader_free(&reader);
    return rc;
}

bool batch_survey_is_behind(const batch_survey *survey, uint64_t line)
{
    return survey->wanted < survey->records && line > survey->last_wanted;
}

void batch_survey_free(batch_survey *survey)
{
    batch_lines_free(&survey->taken);
}
