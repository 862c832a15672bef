#include "batch/mark.h"

#include "batch/files.h"
#include "exit.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARK_BYTES 256

/* Returns owned text, or NULL. */
static char *path_of(const char *out)
{
    char *path = NULL;
    return asprintf(&path, "%s.queue", out) < 0 ? NULL : path;
}

static void parse(const char *text, size_t n, batch_mark *mark)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(text, n, &doc, NULL) != 0) return;
    const beluga_json *root = beluga_json_doc_root(doc);
    const char *id = beluga_json_get_string(root, "id", NULL);
    int64_t position = beluga_json_get_int(root, "position", 0);
    if (id && strlen(id) < sizeof mark->id) strcpy(mark->id, id);
    if (*mark->id && position > 0) mark->position = (uint64_t)position;
    mark->lines = (uint64_t)beluga_json_get_int(root, "lines", 0);
    beluga_json_doc_free(doc);
}

void batch_mark_read(const char *out, batch_mark *mark)
{
    char text[MARK_BYTES];
    char *path = path_of(out);
    *mark = (batch_mark){.position = 0};
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    free(path);
    if (fd < 0) return;
    ssize_t n = batch_read_at(fd, text, sizeof text, 0);
    close(fd);
    if (n > 0) parse(text, (size_t)n, mark);
}

static int complain(const char *path)
{
    char text[128];
    out_error("%s can't be written: %s", path, beluga__file_explain(errno, text, sizeof text));
    return CLI_EXIT_OUTPUT;
}

int batch_mark_write(const char *out, const batch_mark *mark)
{
    char text[MARK_BYTES];
    batch_new_file file;
    char *path = path_of(out);
    if (!path) return out_no_memory();
    int n = snprintf(text, sizeof text, "{\"id\":\"%s\",\"position\":%llu,\"lines\":%llu}\n",
                     mark->id, (unsigned long long)mark->position, (unsigned long long)mark->lines);
    int rc = batch_new_file_begin(&file, path, false);
    if (rc == 0) rc = batch_new_file_add(&file, text, (size_t)n);
    if (rc == 0) rc = batch_new_file_finish(&file, NULL);
    if (rc != 0) {
        rc = complain(path);
        batch_new_file_drop(&file);
    }
    free(path);
    return rc;
}

void batch_mark_remove(const char *out)
{
    char *path = path_of(out);
    if (path) unlink(path);
    free(path);
}
