#include "context/context.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "context/quote.h"
#include "context/walk.h"
#include "exit.h"
#include "output.h"
#include "size.h"
#include "terminal/term.h"

#include <beluga/allocator.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes of text for one token, as in beluga_message_estimate_tokens. */
#define TOKEN_BYTES 4
/* The maximum number of files that the note about left-out files names. */
#define MAX_NAMED 3

typedef struct reading {
    const cli_args *args;
    cli_text *text;
    size_t max_bytes, bytes, files;
    size_t n_binary;
    cli_text binary; /* names of the first files that are not text */
    size_t links, others, hidden;
} reading;

/* ---- sizes ----------------------------------------------------------------------------------- */

static int read_size(const char *given, size_t *size)
{
    if (!given || size_read(given, CONTEXT_MOST_BYTES, size)) return 0;
    return out_usage(
        "--max-context must be a number of bytes, such as 200k or 2M, and at most %zuM",
        CONTEXT_MOST_BYTES / (1024 * 1024));
}

typedef struct shown_size {
    char text[32];
} shown_size;

static shown_size show_size(size_t bytes)
{
    shown_size shown;
    if (bytes < 1024)
        snprintf(shown.text, sizeof shown.text, "%zu bytes", bytes);
    else
        snprintf(shown.text, sizeof shown.text, "%zu KiB", (bytes + 1023) / 1024);
    return shown;
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool is_text(const beluga__buf *file)
{
    return beluga__utf8_valid(file->data, file->length) == file->length &&
           !memchr(file->data, '\0', file->length);
}

/* Return the name of a file that the model gets: the path that the user typed. Of an absolute path
 * the model gets only the last name, and the path below it if it is a folder, since the folders
 * above could reveal something private. */
static const char *shown_name(const char *path, size_t folder)
{
    while (strncmp(path, "./", 2) == 0) {
        path += 2;
        folder = folder > 2 ? folder - 2 : 0;
    }
    if (*path != '/') return path;
    size_t end = folder ? folder : strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    while (end && path[end - 1] != '/') end--;
    return path + end;
}

static void note_binary(reading *r, const char *name)
{
    if (r->n_binary++ < MAX_NAMED)
        text_printf(&r->binary, "%s%s", r->binary.length ? ", " : "", name);
}

/* Add the text of a file, unless the files have become too large. The sizes of all files are added
 * up even then, so that the message can say which limit would be enough. */
static int take(reading *r, const char *name, const beluga__buf *file)
{
    r->files++;
    r->bytes += file->length;
    if (r->bytes > r->max_bytes) return 0;
    if (r->text->length) text_puts(r->text, "\n");
    return quote_file(r->text, name, file->data, file->length) ? out_no_memory() : 0;
}

static int complain(const beluga_error *err)
{
    if (err->code == BELUGA_ERROR_NO_MEMORY) return out_no_memory();
    out_error("%s", err->message);
    return CLI_EXIT_USAGE;
}

/* Add a file. `folder` is the length of the part of the path that names a folder of -f; 0: -f names
 * the file itself. */
static int add_file(reading *r, const char *path, size_t folder)
{
    beluga__buf file;
    beluga_error err;
    const char *name = shown_name(path, folder);
    beluga__buf_init(&file, beluga_allocator_default(), CONTEXT_MOST_BYTES);
    int rc = folder ? beluga__file_read_regular(path, &file, &err)
                    : beluga__file_read(path, &file, &err);
    if (rc)
        rc = complain(&err);
    else if (!folder && !file.length)
        rc = out_usage("%s is empty", path);
    else if (is_text(&file))
        rc = take(r, name, &file);
    else if (folder)
        note_binary(r, name);
    else
        rc = out_usage("%s is not UTF-8 text; use -a to send other files, such as pictures", path);
    beluga__buf_free(&file);
    return rc;
}

static int add_folder(reading *r, const char *folder)
{
    walk_list list = {0};
    int rc = walk_folder(folder, &list);
    for (size_t i = 0; i < list.count && rc == 0; i++)
        rc = add_file(r, list.paths[i], strlen(folder));
    if (rc == 0 && !list.count)
        rc = out_usage("%s has no files that can be sent: it is empty, or .gitignore or a leading "
                       "dot hides its files",
                       folder);
    r->links += list.links;
    r->others += list.others;
    r->hidden += list.hidden;
    walk_free(&list);
    return rc;
}

static int add(reading *r, const char *path)
{
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (there && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)))
        return out_usage("%s is a device, not a file", path);
    return there && S_ISDIR(info.st_mode) ? add_folder(r, path) : add_file(r, path, 0);
}

/* ---- the report ------------------------------------------------------------------------------ */

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static int check_size(const reading *r)
{
    if (r->bytes <= r->max_bytes) return 0;
    return out_usage(
        "the files of -f have %s in %zu file%s, about %zu tokens, but the limit is %s: name fewer "
        "files, exclude some with a .gitignore, or raise the limit with --max-context %zuk",
        show_size(r->bytes).text, r->files, plural(r->files), r->bytes / TOKEN_BYTES,
        show_size(r->max_bytes).text, (r->bytes + 1023) / 1024);
}

static void note_left_out(const reading *r)
{
    if (r->n_binary)
        out_note("-f leaves out %zu file%s that %s not UTF-8 text: %s%s", r->n_binary,
                 plural(r->n_binary), r->n_binary == 1 ? "is" : "are", text_get(&r->binary),
                 r->n_binary > MAX_NAMED ? ", ..." : "");
    if (r->hidden)
        out_note("-f leaves out %zu name%s that begin%s with a dot; name such a file to send it",
                 r->hidden, plural(r->hidden), r->hidden == 1 ? "s" : "");
    if (r->links) out_note("-f leaves out %zu symbolic link%s", r->links, plural(r->links));
    if (r->others)
        out_note("-f leaves out %zu special file%s (pipes, sockets or devices)", r->others,
                 plural(r->others));
}

static void note_size(const reading *r)
{
    if (term_is_err())
        out_note("-f: %zu file%s, %s, about %zu tokens", r->files, plural(r->files),
                 show_size(r->bytes).text, r->bytes / TOKEN_BYTES);
}

int context_read(const cli_args *args, cli_text *text)
{
    reading r = {.args = args, .text = text, .max_bytes = CONTEXT_DEFAULT_BYTES};
    int rc = read_size(args->max_context, &r.max_bytes);
    for (size_t i = 0; i < args->contexts.count && rc == 0; i++)
        rc = add(&r, args->contexts.items[i]);
    if (rc == 0) rc = check_size(&r);
    if (rc == 0) note_left_out(&r);
    if (rc == 0 && args->contexts.count) note_size(&r);
    if (rc == 0 && text->length && text_puts(text, "\n")) rc = out_no_memory();
    text_free(&r.binary);
    return rc;
}
