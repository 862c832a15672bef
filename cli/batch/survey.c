#include "survey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../exit.h"
#include "../output.h"
#include "files.h"

static int complain(const char *path, int error)
{
    if (error == ENOMEM) return out_no_memory();
    out_error("%s can't be read: %s", strcmp(path, "-") == 0 ? "stdin" : path, strerror(error));
    return CLI_EXIT_USAGE;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int make_nameless(const char *beside)
{
    char *path = NULL;
    if (asprintf(&path, "%s.stdin.XXXXXX", beside) < 0) return -1;
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    free(path);
    return fd;
}

static int keep(int from, int to)
{
    char bytes[65536];
    uint64_t offset = 0;
    for (;;) {
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? complain("-", errno) : 0;
        if (batch_write_at(to, bytes, (size_t)n, offset) != 0) {
            out_error("stdin can't be kept beside the output: %s", strerror(errno));
            return CLI_EXIT_OUTPUT;
        }
        offset += (uint64_t)n;
    }
}

/* A pipe is kept as stdin is. */
static int open_kept(int from, const char *out, int *fd)
{
    *fd = make_nameless(out);
    if (*fd >= 0) return keep(from, *fd);
    out_error("stdin can't be kept beside the output: %s", strerror(errno));
    return CLI_EXIT_OUTPUT;
}

int batch_input_open(const char *path, const char *out, int *fd)
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
    int rc = S_ISDIR(status.st_mode) ? complain(path, EISDIR) : open_kept(from, out, fd);
    if (!is_stdin) close(from);
    return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void on_bytes(void *payload, const char *bytes, size_t n)
{
    batch_digest_add(payload, bytes, n);
}

int batch_survey_make(struct batch_survey *survey, const char *path, int fd,
                      enum batch_format format)
{
    struct batch_digest digest;
    struct batch_reader reader = {.format = format, .fd = fd, .seen = on_bytes, .payload = &digest};
    struct batch_record record;
    char why[BATCH_FAULT_BYTES];
    int got = 0, rc = 0;
    *survey = (struct batch_survey){0};
    batch_digest_begin(&digest);
    if (batch_reader_begin(&reader, why) != 0) {
        out_error("%s: %s", path, why);
        rc = CLI_EXIT_USAGE;
    }
    while (rc == 0 && (got = batch_reader_next(&reader, &record)) > 0) {
        survey->records++;
        survey->last_line = record.line;
    }
    if (got < 0) rc = complain(path, reader.error);
    if (batch_digest_finish(&digest, survey->digest) != 0 && rc == 0) rc = out_no_memory();
    batch_reader_free(&reader);
    return rc;
}
