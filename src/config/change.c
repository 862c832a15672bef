/* Changes values in configuration files. */
#include "base/file.h"
#include "base/limits.h"
#include "base/new_file.h"
#include "base/secret_memory.h"
#include "config/config.h"
#include "config/edit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CHANGES = 256, LOCK_TRIES = 1000, LOCK_WAIT_MS = 10 };

/* The state of changing one file. */
typedef struct change {
    const char *path;
    beluga__new_file file;
    beluga__buf text, next; /* the text of the file, and the text with one value changed */
    beluga_error *err;
} change;

static int system_error(const change *c, int error)
{
    char text[128];
    return beluga_error_set(c->err, BELUGA_ERROR_INVALID_CONFIG, "%s can't be changed: %s", c->path,
                            beluga__file_explain(error, text, sizeof text));
}

static int buffer_error(const change *c, int status)
{
    if (status == BELUGA_ERROR_LIMIT_EXCEEDED)
        return beluga_error_set(c->err, status, "%s would be larger than %u bytes", c->path,
                                BELUGA__MAX_CONFIG_BYTES);
    return beluga_error_set(c->err, BELUGA_ERROR_NO_MEMORY, "%s: no memory to change it", c->path);
}

/* Lock the file's folder, since the file itself is replaced. On a file system without locks this
 * does nothing. */
static int lock(const change *c)
{
    const struct timespec wait = {.tv_nsec = LOCK_WAIT_MS * 1000000L};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(c->file.folder, LOCK_EX | LOCK_NB) == 0) return 0;
        if (errno != EWOULDBLOCK && errno != EINTR) return 0;
        nanosleep(&wait, NULL);
    }
    return beluga_error_set(c->err, BELUGA_ERROR_INVALID_CONFIG,
                            "%s can't be changed: another process keeps its folder locked",
                            c->path);
}

static int read_text(change *c)
{
    int status = beluga__file_read(c->path, &c->text, c->err);
    if (status == BELUGA_ERROR_NOT_FOUND) return 0;
    if (status == BELUGA_ERROR_INVALID_INPUT) {
        status = BELUGA_ERROR_INVALID_CONFIG;
        if (c->err) c->err->code = status;
    }
    return status ? status : beluga__config_try(c->path, &c->text, c->err);
}

static int apply(change *c, const char *pointer, const char *value)
{
    beluga__edit_path path;
    char why[160] = "";
    int line = 1;
    if (!pointer || !beluga__edit_path_read(&path, pointer))
        return beluga_error_set(c->err, BELUGA_ERROR_INVALID_INPUT,
                                "%.60s is not a JSON Pointer with at most %d names",
                                pointer ? pointer : "NULL", BELUGA__EDIT_NAMES);
    int status = beluga__edit_text(c->text.data, c->text.length, &path, value, &c->next, &line, why,
                                   sizeof why);
    if (status == BELUGA_ERROR_NOT_SUPPORTED || status == BELUGA_ERROR_INVALID_CONFIG)
        return beluga_error_set(c->err, status, "%s:%d: %s", c->path, line, why);
    if (status) return buffer_error(c, status);
    beluga__buf other = c->text;
    c->text = c->next;
    c->next = other;
    return 0;
}

static int write_text(change *c)
{
    if (beluga__file_write(c->file.fd, c->text.data, c->text.length) || fsync(c->file.fd) ||
        beluga__new_file_replace(&c->file))
        return system_error(c, errno);
    /* The change has been made. If its folder entry can't be made durable, a power cut can at most
     * bring back the old file. */
    (void)beluga__new_file_sync_folder(&c->file);
    return 0;
}

static int change_all(change *c, const char *const *changes, size_t n)
{
    if (beluga__new_file_begin(&c->file, c->path, true)) return system_error(c, errno);
    int status = lock(c);
    if (!status) status = read_text(c);
    for (size_t i = 0; i < n && !status; i++) status = apply(c, changes[2 * i], changes[2 * i + 1]);
    if (!status) status = beluga__config_try(c->path, &c->text, c->err);
    if (!status) status = write_text(c);
    beluga__new_file_end(&c->file);
    return status;
}

int beluga_config_change_file(const char *path, const char *const *changes, size_t n,
                              beluga_error *err)
{
    if (!path || !changes || n > MAX_CHANGES)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "path or changes is NULL, or there are more than %d changes",
                                MAX_CHANGES);
    change c = {.path = path, .err = err};
    beluga__buf_init(&c.text, beluga__secret_allocator(), BELUGA__MAX_CONFIG_BYTES);
    beluga__buf_init(&c.next, beluga__secret_allocator(), BELUGA__MAX_CONFIG_BYTES);
    int status = change_all(&c, changes, n);
    beluga__buf_free(&c.text);
    beluga__buf_free(&c.next);
    return status;
}
