/* beluga embed: turns texts into vectors. */
#include "base/clock.h"
#include "commands/command.h"
#include "embed/texts.h"
#include "embed/vectors.h"
#include "exit.h"
#include "operation.h"
#include "output.h"
#include "report.h"
#include "session.h"

#include <beluga/embedding.h>
#include <beluga/provider/provider.h>

#include <string.h>

typedef struct embed_run {
    const cli_args *args;
    cli_session session;
    texts_source source;
    char model[VECTORS_MODEL_BYTES];
    uint64_t count;
    size_t dimensions;
    int64_t tokens; /* -1: the provider did not report them */
    bool warned, began;
} embed_run;

/* ---- printing -------------------------------------------------------------------------------- */

static void print_floats(const float *vector, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, vector + i, sizeof bits);
        const unsigned char bytes[4] = {bits & 255, bits >> 8 & 255, bits >> 16 & 255, bits >> 24};
        out_bytes(bytes, sizeof bytes);
    }
}

static int print_json_row(embed_run *run, const vectors_row *row)
{
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) vectors_put(w, row);
    int rc = w ? beluga_json_writer_text(w, &text, &length) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) {
        if (run->args->json) out_printf(run->began ? ",\n" : "{\"embeddings\":[\n");
        run->began = true;
        out_json(text, length);
        if (!run->args->json) out_printf("\n");
    }
    beluga_json_writer_free(w);
    if (rc) out_error("a vector can't be written: %s", beluga_error_text(rc));
    return exit_from_error(rc);
}

static int print_vectors(embed_run *run, const texts_chunk *chunk, const beluga_embeddings *e)
{
    const size_t dimensions = beluga_embeddings_dimensions(e);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < chunk->count && !out_failed(); i++) {
        const vectors_row row = {.index = (int64_t)(chunk->first + i),
                                 .id = chunk->ids[i],
                                 .model = run->model,
                                 .text = chunk->texts[i],
                                 .text_length = chunk->lengths[i],
                                 .vector = beluga_embeddings_vector(e, i),
                                 .dimensions = dimensions};
        if (run->args->float32)
            print_floats(row.vector, dimensions);
        else
            rc = print_json_row(run, &row);
    }
    return rc;
}

/* Close the array of --json, and add the facts about all vectors. */
static int print_end(embed_run *run, const beluga_error *err)
{
    const char *text;
    size_t length;
    beluga_json_writer *w = beluga_json_writer_new();
    if (w) {
        beluga_json_begin_object(w, NULL);
        beluga_json_put_string(w, "model", run->model);
        beluga_json_put_int(w, "dimensions", (int64_t)run->dimensions);
        if (run->tokens >= 0)
            beluga_json_put_int(w, "input_tokens", run->tokens);
        else
            beluga_json_put_null(w, "input_tokens");
        if (err)
            report_put_error(w, "error", err);
        else
            beluga_json_put_null(w, "error");
        beluga_json_end_object(w);
    }
    int rc = w ? beluga_json_writer_text(w, &text, &length) : BELUGA_ERROR_NO_MEMORY;
    if (rc == 0) {
        out_printf("\n],");
        /* The opening brace is left out, since it was written before the vectors. */
        out_json(text + 1, length - 1);
        out_printf("\n");
    }
    beluga_json_writer_free(w);
    return rc ? out_no_memory() : 0;
}

/* ---- embedding ------------------------------------------------------------------------------- */

static void add_up(embed_run *run, const beluga_embeddings *e)
{
    int64_t tokens = beluga_embeddings_usage(e)->input_total;
    const char *warning;
    run->tokens = tokens < 0 || run->tokens < 0 ? -1 : run->tokens + tokens;
    run->count += beluga_embeddings_count(e);
    run->dimensions = beluga_embeddings_dimensions(e);
    for (size_t i = 0; !run->warned && (warning = beluga_embeddings_warning(e, i)); i++)
        out_note("warning: %s", warning);
    run->warned = true;
}

/* Report a failure. If vectors were already printed, the JSON object is completed, with the error
 * as its last member. */
static int fail(embed_run *run, const beluga_error *err)
{
    const cli_args to_stderr = {0};
    int code = operation_report(run->began ? &to_stderr : run->args, err, BELUGA_CAPABILITY_EMBED);
    if (run->args->json && run->began) print_end(run, err);
    return code;
}

static int embed_chunk(embed_run *run, const texts_chunk *chunk)
{
    beluga_embeddings *e = NULL;
    beluga_error err = {0};
    beluga_context *context = operation_begin();
    if (!context) return out_no_memory();
    int status = beluga_embed(run->session.model, context, chunk->texts, chunk->lengths,
                              chunk->count, &e, &err);
    operation_end(context);
    if (status) return fail(run, &err);
    add_up(run, e);
    int rc = print_vectors(run, chunk, e);
    beluga_embeddings_free(e);
    return rc ? rc : out_finish(0);
}

/* End the output. @return `rc`, or the exit code of a failed write. */
static int end(embed_run *run, int rc)
{
    beluga_error err;
    if (!run->args->json || !run->began) return rc;
    if (rc) beluga_error_set(&err, BELUGA_ERROR_INVALID_INPUT, "one of the texts can't be read");
    int ended = print_end(run, rc ? &err : NULL);
    return rc ? rc : ended;
}

static int embed_all(embed_run *run)
{
    texts_chunk chunk;
    int64_t started = beluga__now_ns();
    int rc;
    while ((rc = texts_next(&run->source, &chunk)) == 0 && chunk.count)
        if ((rc = embed_chunk(run, &chunk)) != 0) return rc;
    if (rc == 0 && !run->count) return out_usage("there are no texts, so nothing is embedded");
    rc = end(run, rc);
    if (rc == 0 && run->args->usage)
        report_vectors(run->count, run->dimensions, run->tokens, beluga__now_ns() - started);
    return rc;
}

static int run(const cli_args *args)
{
    embed_run run = {.args = args, .source.fd = -1};
    if (args->json && args->float32)
        return out_usage("--json and --float32 exclude each other: give only one");
    if (args->float32 && term_is_out())
        return out_usage(
            "--float32 does not print to a terminal: redirect it into a file with > FILE");
    int rc = texts_open(&run.source, args);
    if (rc == 0) rc = session_load(&run.session, args);
    if (rc == 0) rc = operation_open(&run.session, args, NULL, BELUGA_CAPABILITY_EMBED);
    if (rc == 0) {
        vectors_name_model(run.session.model, run.model);
        rc = embed_all(&run);
    }
    texts_close(&run.source);
    session_free(&run.session);
    return rc;
}

const cli_command cmd_embed = {
    .name = "embed",
    .operands = "[TEXT...]",
    .summary = "Turn texts into vectors, which beluga similar searches.",
    .takes = ARG_SET(ARG_MODEL, ARG_INPUT, ARG_FORMAT, ARG_FLOAT32, ARG_JSON, ARG_USAGE, ARG_CALLS),
    .max_operands = COMMAND_ANY_OPERANDS,
    .run = run,
    .details = "Each operand is a text. Without operands, or with the operand -, the texts are the "
               "lines of stdin, and with --file the lines of a file: plain text, JSON objects with "
               "\"text\" and an optional \"id\", or a CSV with a column \"text\" and an optional "
               "column \"id\". The name of the file, or else its first line, decides which of "
               "these it is, unless --format does. Blank lines are left out. A file may have any "
               "number of lines: 8,192 at a time are embedded, in as many requests as the provider "
               "needs, and printed before the next are read.\n\n"
               "Each vector is a line of JSON: {index, id, model, text, embedding}; id only if the "
               "text has one. With --json a single object is printed: {embeddings: [...], model, "
               "dimensions, input_tokens, error}. With --float32 only the vectors are written, "
               "with 4 bytes for each number, in the order of the texts.\n\n"
               "-o dimensions=N asks for vectors of N numbers, and -o input_type=document or query "
               "for vectors of documents or of search queries, if the provider distinguishes them.",
};
