#include "attach.h"

#include "attach_part.h"
#include "exit.h"
#include "input.h"
#include "report.h"
#include "text.h"

#include <string.h>

static bool is_stdin(const char *what)
{
    return strcmp(what, "-") == 0;
}

/* Add the text on stdin as an attachment. @param reported Receives the exit code if a failure was
 * already reported; otherwise 0. */
static int add_stdin(beluga_message *message, beluga_error *err, int *reported)
{
    cli_text text = {0};
    *reported = input_read_stdin(MAX_PROMPT_BYTES, text_begin(&text));
    int rc = *reported ? 0 : attach_content(message, "stdin", &text, err);
    text_free(&text);
    return rc;
}

static int add(const cli_args *args, beluga_message *message, const char *what)
{
    beluga_error err = {0};
    int rc, reported = 0;
    if (is_stdin(what))
        rc = add_stdin(message, &err, &reported);
    else
        rc = attach_one(message, what, &err);
    if (rc == 0) return reported;
    if (!err.code) beluga_error_set(&err, rc, "stdin: %s", beluga_error_text(rc));
    return report_file_error(args, &err, CLI_EXIT_USAGE);
}

int attach_add(const cli_args *args, beluga_message *message)
{
    int rc = 0;
    for (size_t i = 0; i < args->attachments.count && rc == 0; i++)
        rc = add(args, message, args->attachments.items[i]);
    return rc;
}

/* ---- what a provider accepts ----------------------------------------------------------------- */

bool attach_is_strict(const cli_args *args)
{
    return args->attachments.count && !args->attach_anyway;
}

bool attach_is_refused(const cli_args *args, const beluga_error *err)
{
    return attach_is_strict(args) && err->code == BELUGA_ERROR_NOT_SUPPORTED && !err->http_status;
}

int attach_check(const cli_args *args, const cli_session *session, const beluga_message *message)
{
    beluga_error err;
    const char *name;
    if (!attach_is_strict(args)) return 0;
    const char *what = attach_find_untaken(message, session_capabilities(session), &name);
    if (!what) return 0;
    beluga_error_set(&err, BELUGA_ERROR_NOT_SUPPORTED,
                     "%.80s was not sent: provider %s is not known to accept %s; try another model "
                     "with -m, or send it anyway with --attach-anyway",
                     name, beluga_provider_name(session->model), what);
    return report_file_error(args, &err, CLI_EXIT_USAGE);
}
