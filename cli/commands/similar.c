/* beluga similar: finds the vectors of a file that are nearest to a text. */
#include "batch/reader.h"
#include "commands/command.h"
#include "embed/nearest.h"
#include "embed/vectors.h"
#include "exit.h"
#include "input.h"
#include "logbook/logbook.h"
#include "operation.h"
#include "output.h"
#include "report.h"
#include "session.h"
#include "terminal/table.h"

#include <beluga/embedding.h>
#include <beluga/provider/provider.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_COUNT 20

typedef struct similar_run {
    const cli_args *args;
    const char *path;
    int fd; /* -1: none */
    batch_reader reader;
    batch_record record;
    vectors_line line;
    cli_session session;
    cli_text text; /* the text to compare with */
    char model[VECTORS_MODEL_BYTES];
    beluga_embeddings *query;
    nearest best;
} similar_run;

/* ---- the file -------------------------------------------------------------------------------- */

static int complain(const similar_run *run, const char *what)
{
    out_error("%s:%" PRIu64 ": %s", run->path, run->record.line, what);
    return CLI_EXIT_USAGE;
}

static int complain_file(const similar_run *run, int error)
{
    out_error("%s can't be read: %s", run->path, strerror(error));
    return error == ENOMEM ? CLI_EXIT_OTHER : CLI_EXIT_USAGE;
}

/* Read the next vector. @return 1; 0 at the end; -1 with the exit code in *rc. */
static int next_line(similar_run *run, int *rc)
{
    const char *why = "";
    int got = batch_reader_next(&run->reader, &run->record);
    if (got < 0) *rc = complain_file(run, run->reader.error);
    if (got <= 0) return got;
    int status = *run->record.fault
                     ? BELUGA_ERROR_INVALID_INPUT
                     : vectors_read(&run->line, run->record.bytes, run->record.length, &why);
    if (status == 0) return 1;
    *rc = status == BELUGA_ERROR_NO_MEMORY
              ? out_no_memory()
              : complain(run, *run->record.fault ? run->record.fault : why);
    return -1;
}

static int open_file(similar_run *run)
{
    int rc = 0;
    run->fd = open(run->path, O_RDONLY | O_CLOEXEC);
    if (run->fd < 0) return complain_file(run, errno);
    run->reader = (batch_reader){.format = BATCH_JSONL, .fd = run->fd, .streamed = true};
    if (next_line(run, &rc) != 0) return rc;
    return out_usage("%s is empty: write vectors into it with beluga embed", run->path);
}

/* ---- the text -------------------------------------------------------------------------------- */

/* Make the text to compare with, from the operands after the first, or from stdin. */
static int read_text(similar_run *run)
{
    cli_args rest = *run->args;
    rest.operands.items++;
    rest.operands.count--;
    if (!input_has_prompt(&rest))
        return out_usage("no text: give one after the file, or send one on stdin");
    return input_read_prompt(&rest, &run->text);
}

static int embed_text(similar_run *run)
{
    beluga_error err = {0};
    const char *text = run->text.data, *warning;
    beluga_context *context = operation_begin();
    if (!context) return out_no_memory();
    int status =
        beluga_embed(run->session.model, context, &text, &run->text.length, 1, &run->query, &err);
    operation_end(context);
    if (status) return operation_report(run->args, &err, BELUGA_CAPABILITY_EMBED);
    for (size_t i = 0; (warning = beluga_embeddings_warning(run->query, i)); i++)
        out_note("warning: %s", warning);
    return 0;
}

/* Open the model of the command line, or else the one that the file names. */
static int open_model(similar_run *run)
{
    int rc = session_load(&run->session, run->args);
    if (rc == 0)
        rc = operation_open(&run->session, run->args, run->args->model ? NULL : run->line.row.model,
                            BELUGA_CAPABILITY_EMBED);
    if (rc == 0) vectors_name_model(run->session.model, run->model);
    return rc;
}

/* ---- searching ------------------------------------------------------------------------------- */

/* Refuse a vector of another model, since it can't be compared. */
static int check_model(const similar_run *run)
{
    const char *model = run->line.row.model;
    if (!model || strcmp(model, run->model) == 0) return 0;
    out_error("%s:%" PRIu64 ": its vector was made by %s, and can't be compared with a vector of "
              "%s: leave out -m, or embed the texts again",
              run->path, run->record.line, model, run->model);
    return CLI_EXIT_USAGE;
}

static int check_dimensions(const similar_run *run)
{
    size_t has = run->line.row.dimensions, wanted = beluga_embeddings_dimensions(run->query);
    if (has == wanted) return 0;
    out_error("%s:%" PRIu64 ": its vector has %zu numbers, but the vector of the text has %zu: try "
              "-o dimensions=%zu, or embed the texts again with %s",
              run->path, run->record.line, has, wanted, has, run->model);
    return CLI_EXIT_USAGE;
}

static int score_line(similar_run *run)
{
    const vectors_row *row = &run->line.row;
    int rc = check_model(run);
    if (rc == 0) rc = check_dimensions(run);
    if (rc != 0) return rc;
    double score =
        beluga_similarity(beluga_embeddings_vector(run->query, 0), row->vector, row->dimensions);
    return nearest_add(&run->best, score, run->record.line, row) ? out_no_memory() : 0;
}

/* Compare the text with all lines. The first line was already read. */
static int search(similar_run *run)
{
    int rc = score_line(run);
    while (rc == 0 && next_line(run, &rc) > 0) rc = score_line(run);
    nearest_sort(&run->best);
    return rc;
}

/* ---- printing -------------------------------------------------------------------------------- */

static int print_json(const similar_run *run)
{
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return out_no_memory();
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "model", run->model);
    beluga_json_begin_array(w, "matches");
    for (size_t i = 0; i < run->best.count; i++) {
        const nearest_row *row = &run->best.rows[i];
        beluga_json_begin_object(w, NULL);
        beluga_json_put_double(w, "score", row->score);
        beluga_json_put_int(w, "line", (int64_t)row->line);
        if (row->index >= 0) beluga_json_put_int(w, "index", row->index);
        if (row->id) beluga_json_put_string(w, "id", row->id);
        if (row->text) beluga_json_put_string(w, "text", row->text);
        beluga_json_end_object(w);
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return report_json(w);
}

static int print_table(const similar_run *run)
{
    static const char *const titles[] = {"SCORE", "ID", "TEXT"};
    term_table table;
    table_begin(&table, 3, titles);
    for (size_t i = 0; i < run->best.count; i++) {
        const nearest_row *row = &run->best.rows[i];
        char score[32], line[32];
        snprintf(score, sizeof score, "%.4f", row->score);
        snprintf(line, sizeof line, "%" PRIu64, row->line);
        table_add(&table, score);
        table_add(&table, row->id ? row->id : line);
        table_add(&table, row->text);
    }
    return table_print(&table);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int take_options(similar_run *run)
{
    int64_t count = DEFAULT_COUNT;
    const cli_args *args = run->args;
    if (!args->operands.count) return out_usage("name the file of vectors, followed by a text");
    if (args->count && (!logbook_read_number(args->count, &count) || count < 0))
        return out_usage("--count: %s is not a number (expected 0 or more)", args->count);
    run->path = args->operands.items[0];
    run->best.most = (size_t)count;
    return 0;
}

static int run(const cli_args *args)
{
    similar_run run = {.args = args, .fd = -1};
    int rc = take_options(&run);
    if (rc == 0) rc = read_text(&run);
    if (rc == 0) rc = open_file(&run);
    if (rc == 0) rc = open_model(&run);
    if (rc == 0) rc = check_model(&run); /* checked before the text is sent */
    if (rc == 0) rc = embed_text(&run);
    if (rc == 0) rc = search(&run);
    if (rc == 0) rc = args->json ? print_json(&run) : print_table(&run);
    if (run.fd >= 0) close(run.fd);
    nearest_free(&run.best);
    beluga_embeddings_free(run.query);
    batch_reader_free(&run.reader);
    vectors_free(&run.line);
    text_free(&run.text);
    session_free(&run.session);
    return rc;
}

const cli_command cmd_similar = {
    .name = "similar",
    .operands = "FILE [TEXT...]",
    .summary = "Find the vectors in a file that are nearest to a text.",
    .takes = ARG_SET(ARG_MODEL, ARG_MOST, ARG_JSON, ARG_CALLS),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details =
        "FILE contains vectors as beluga embed writes them, one on each line. The text is made of "
        "the operands, joined by spaces, or of stdin, and is embedded by the model that the file "
        "names. Then the lines with the nearest vectors are printed, the nearest first: the cosine "
        "of the angle (1: the same direction, 0: nothing in common), the id or else the number of "
        "the line, and the text. The file is read once, and is never kept in memory.\n\n"
        "Vectors of another model or another length can't be compared with the vector of the text, "
        "and are an error. Give the same -o dimensions=N that the file was made with. If documents "
        "were embedded with -o input_type=document, give -o input_type=query here.\n\n"
        "With --json: {model, matches: [{score, line, index, id, text}]}.",
};
