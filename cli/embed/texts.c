#include "embed/texts.h"

#include "batch/layout.h"
#include "exit.h"
#include "output.h"
#include "terminal/term.h"

#include <beluga/provider/json.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value of an offset if the line has no id. */
#define NO_ID ((size_t)-1)

/* ---- opening --------------------------------------------------------------------------------- */

static bool are_operands(const cli_args *args)
{
    return args->operands.count && strcmp(args->operands.items[0], "-") != 0;
}

static int complain(const texts_source *source, int error)
{
    out_error("%s can't be read: %s", source->name, strerror(error));
    return error == ENOMEM ? CLI_EXIT_OTHER : CLI_EXIT_USAGE;
}

static int complain_line(const texts_source *source, const char *what)
{
    out_error("%s:%" PRIu64 ": %s", source->name, source->record.line, what);
    return CLI_EXIT_USAGE;
}

/* Find the columns "text" and "id" of a CSV. A CSV without a column "text" is refused, and so is
 * one without a header. */
static int find_columns(texts_source *source)
{
    char columns[128];
    const batch_reader *r = &source->reader;
    source->id_column = batch_reader_column(r, "id", 2);
    source->text_column = batch_reader_column(r, "text", 4);
    if (r->format != BATCH_CSV || source->text_column >= 0) return 0;
    batch_reader_list_columns(r, columns, sizeof columns);
    out_error("%s: the CSV has no column \"text\"; give this name to the column with the texts "
              "(the columns are %s)",
              source->name, columns);
    return CLI_EXIT_USAGE;
}

static int open_file(texts_source *source, const char *path, batch_format format)
{
    char why[BATCH_FAULT_BYTES];
    bool is_stdin = strcmp(path, "-") == 0;
    source->name = is_stdin ? "stdin" : path;
    source->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0) return complain(source, errno);
    batch_layout layout = {.format = format ? format : batch_format_from_path(path)};
    if (layout.format == BATCH_CSV) batch_layout_find(&layout, path, source->fd, NULL);
    source->reader = batch_layout_reader(&layout, source->fd);
    source->reader.streamed = true;
    if (batch_reader_begin(&source->reader, why) == 0) return find_columns(source);
    out_error("%s: %s", source->name, why);
    return CLI_EXIT_USAGE;
}

static int make_room(texts_source *source)
{
    source->at = calloc(2 * TEXTS_MAX_COUNT, sizeof *source->at);
    source->lengths = calloc(TEXTS_MAX_COUNT, sizeof *source->lengths);
    source->pointers = calloc(2 * TEXTS_MAX_COUNT, sizeof *source->pointers);
    return source->at && source->lengths && source->pointers ? 0 : out_no_memory();
}

int texts_open(texts_source *source, const cli_args *args)
{
    batch_format format = args->format ? batch_format_from_name(args->format) : BATCH_AUTO;
    *source = (texts_source){.args = args, .fd = -1};
    if (args->format && format == BATCH_AUTO)
        return out_usage("--format: must be jsonl, csv or text, not %s", args->format);
    if (args->file && args->operands.count)
        return out_usage("give either texts or a file of texts (--file), not both");
    if (!args->file && !args->operands.count && term_is_in())
        return out_usage("no texts: give texts, a file of texts (--file), or lines on stdin");
    int rc = make_room(source);
    if (rc || are_operands(args)) return rc;
    if (args->operands.count > 1)
        return out_usage("-, which stands for stdin, can't be combined with other texts");
    return open_file(source, args->file ? args->file : "-", format);
}

void texts_close(texts_source *source)
{
    if (source->fd > STDIN_FILENO) close(source->fd);
    batch_reader_free(&source->reader);
    text_free(&source->bytes);
    free(source->at);
    free(source->lengths);
    free(source->pointers);
    *source = (texts_source){.fd = -1};
}

/* ---- one text -------------------------------------------------------------------------------- */

static size_t keep(texts_source *source, const char *bytes, size_t n)
{
    size_t at = source->bytes.length;
    text_add(&source->bytes, bytes, n);
    text_add(&source->bytes, "", 1);
    return at;
}

static int add(texts_source *source, texts_chunk *chunk, const char *text, size_t n, const char *id,
               size_t id_length)
{
    if (!n) return complain_line(source, "its text is empty, so there is no vector for it");
    if (id && memchr(id, '\0', id_length))
        return complain_line(source, "its id contains a NUL byte");
    source->lengths[chunk->count] = n;
    source->at[chunk->count] = keep(source, text, n);
    source->at[TEXTS_MAX_COUNT + chunk->count] = id ? keep(source, id, id_length) : NO_ID;
    chunk->count++;
    return source->bytes.status ? out_no_memory() : 0;
}

static int add_object(texts_source *source, texts_chunk *chunk, beluga_json_doc *doc)
{
    size_t n, id_length = 0;
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *id = beluga_json_get(root, "id");
    const char *text = beluga_json_string(root, &n);
    if (!text) text = beluga_json_string(beluga_json_get(root, "text"), &n);
    if (!text)
        return complain_line(source, "it has no \"text\": a line must be {\"text\": \"...\"}, with "
                                     "an optional \"id\", or a string");
    const char *id_text = beluga_json_string(id, &id_length);
    if (!id_text && beluga_json_is_number(id)) id_text = beluga_json_text(doc, id, &id_length);
    if (id && !id_text && !beluga_json_is_null(id))
        return complain_line(source, "its id must be a string or a number");
    return add(source, chunk, text, n, id_text, id_length);
}

static int add_json(texts_source *source, texts_chunk *chunk)
{
    beluga_json_doc *doc = NULL;
    beluga_error err = {0};
    if (beluga_json_parse(source->record.bytes, source->record.length, &doc, &err) != 0)
        return complain_line(source, err.message);
    int rc = add_object(source, chunk, doc);
    beluga_json_doc_free(doc);
    return rc;
}

static int add_record(texts_source *source, texts_chunk *chunk)
{
    const batch_record *r = &source->record;
    if (*r->fault) return complain_line(source, r->fault);
    if (source->reader.format == BATCH_AUTO)
        source->reader.format = batch_format_from_text(r->bytes);
    if (source->reader.format == BATCH_JSONL) return add_json(source, chunk);
    if (source->reader.format == BATCH_TEXT)
        return add(source, chunk, r->bytes, r->length, NULL, 0);
    const batch_field *text = &r->fields[source->text_column];
    const batch_field *id = source->id_column < 0 ? NULL : &r->fields[source->id_column];
    bool has_id = id && id->length;
    return add(source, chunk, text->bytes, text->length, has_id ? id->bytes : NULL,
               has_id ? id->length : 0);
}

/* ---- some texts ------------------------------------------------------------------------------ */

/* Read a record, unless the record that was read last was not used yet. @return 1; 0 at the end; -1
 * with the exit code in *rc. */
static int next_record(texts_source *source, int *rc)
{
    int got = source->has_record ? 1 : batch_reader_next(&source->reader, &source->record);
    source->has_record = got > 0;
    if (got < 0) *rc = complain(source, source->reader.error);
    return got;
}

static int read_lines(texts_source *source, texts_chunk *chunk)
{
    int rc = 0;
    while (rc == 0 && chunk->count < TEXTS_MAX_COUNT && next_record(source, &rc) > 0) {
        size_t length = source->record.length;
        if (chunk->count && source->bytes.length + length > TEXTS_MAX_BYTES) break;
        rc = add_record(source, chunk);
        source->has_record = false;
    }
    return rc;
}

static int read_operands(texts_source *source, texts_chunk *chunk)
{
    const arg_list *operands = &source->args->operands;
    int rc = 0;
    for (size_t i = source->seen; rc == 0 && i < operands->count; i++) {
        if (chunk->count == TEXTS_MAX_COUNT) break;
        const char *text = operands->items[i];
        rc = *text ? add(source, chunk, text, strlen(text), NULL, 0)
                   : out_usage("text %zu is empty, so there is no vector for it", i + 1);
    }
    return rc;
}

/* Compute the chunk's pointers from the offsets. This is done last, since the buffer moves when it
 * grows. */
static void point(texts_source *source, texts_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++) {
        size_t id = source->at[TEXTS_MAX_COUNT + i];
        source->pointers[i] = source->bytes.data + source->at[i];
        source->pointers[TEXTS_MAX_COUNT + i] = id == NO_ID ? NULL : source->bytes.data + id;
    }
    chunk->texts = source->pointers;
    chunk->ids = source->pointers + TEXTS_MAX_COUNT;
    chunk->lengths = source->lengths;
}

int texts_next(texts_source *source, texts_chunk *chunk)
{
    *chunk = (texts_chunk){.first = source->seen};
    source->bytes.length = 0;
    int rc = source->name ? read_lines(source, chunk) : read_operands(source, chunk);
    if (rc) return rc;
    point(source, chunk);
    source->seen += chunk->count;
    return 0;
}
