/* The input of `beluga batch`: it is read once as a whole, and again while its lines are asked. */
#include "commands/batch.h"
#include "exit.h"
#include "output.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

static int complain_of_input(const batch_command *b, const char *why)
{
    out_error("%s: %s", batch_input_name(b->path), why);
    return CLI_EXIT_USAGE;
}

static int begin_reading(batch_command *b)
{
    char why[BATCH_FAULT_BYTES];
    b->reader = batch_layout_reader(&b->layout, b->input);
    b->reader.seen = batch_digest_bytes;
    b->reader.payload = &b->digest;
    batch_digest_begin(&b->digest);
    b->plan.reader = &b->reader;
    if (batch_reader_begin(&b->reader, why) == 0 && batch_plan_columns(&b->plan, why) == 0)
        return 0;
    return complain_of_input(b, why);
}

int batch_check_input(batch_command *b)
{
    char digest[BATCH_DIGEST_TEXT];
    if (!b->reader.at_end) return 0;
    batch_digest_finish(&b->digest, digest);
    if (strcmp(digest, b->survey.digest) == 0) return 0;
    out_error("%s changed while its lines were asked: some results may belong to lines that no "
              "longer exist",
              b->path);
    return CLI_EXIT_USAGE;
}

static int find_layout(batch_command *b)
{
    char why[BATCH_FAULT_BYTES];
    const char *path = b->path;
    batch_layout_find(&b->layout, path, b->input, b->args->prompt_column);
    const char *column = b->args->prompt_column   ? "prompt"
                         : b->args->attach_column ? "attach"
                                                  : NULL;
    if (column && b->layout.format == BATCH_TEXT)
        return out_usage("--%s-column: %s is plain text, which has no columns; use --format csv to "
                         "read it as CSV",
                         column, batch_input_name(path));
    if (batch_layout_check(&b->layout, b->input, why) != 0) return complain_of_input(b, why);
    const char *name = batch_delimiter_name(b->layout.delimiter);
    if (!b->args->delimiter && name && b->layout.delimiter != ',')
        out_note(
            "the columns of %s are separated by %s (choose another separator with --delimiter)",
            batch_input_name(path), name);
    return 0;
}

/* Use the system text of --system, or else that of the model's alias. A mistake in the model's name
 * is ignored here, and reported when the model is opened. */
int batch_choose_system(batch_command *b)
{
    beluga_error err;
    const char *text = b->args->system;
    if (!text && b->session.chosen_by && session_resolve(&b->session, NULL, &err) == 0)
        text = beluga_config_system(b->session.config);
    if (!text) return 0;
    b->system = strdup(text);
    return b->system ? 0 : out_no_memory();
}

int batch_read_input(batch_command *b)
{
    const char *beside = *b->out ? b->out : "beluga-batch";
    b->plan = (batch_plan){.template = b->args->template ? &b->template : NULL,
                           .system = b->system,
                           .prompt_name = b->args->prompt_column,
                           .attach_name = b->args->attach_column,
                           .takes = UINT64_MAX};
    int rc = batch_input_open(b->path, beside, &b->input);
    if (rc == 0) rc = find_layout(b);
    if (rc == 0)
        rc = batch_survey_make(&b->survey, b->path, beside, b->input, &b->layout, &b->plan,
                               b->limit);
    return rc ? rc : begin_reading(b);
}
