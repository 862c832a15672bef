/* The report of beluga check: failures and counts for people, or every check as JSON. */
#ifndef BELUGA_CLI_COMMANDS_CHECK_REPORT_H
#define BELUGA_CLI_COMMANDS_CHECK_REPORT_H

#include "args.h"
#include "kit/check.h"

#include <beluga/provider/json.h>

enum {
    CHECK_REPORT_LINES = 64,  /* maximum number of lines of a category */
    CHECK_REPORT_BYTES = 1024 /* size of a line; longer lines are not wrapped */
};

/* The counts of a category so far. */
typedef struct check_tally {
    size_t passed, failed, skipped, written;
} check_tally;

typedef struct check_line {
    check_result result; /* its strings are copies in `words` */
    char *words;
} check_line;

typedef struct check_report {
    const cli_args *args;
    beluga_json_writer *w; /* NULL: text */
    check_tally all, category;
    /* the provider and category that are currently printed; "" before the first */
    char provider[128], name[64];
    check_line lines[CHECK_REPORT_LINES]; /* lines of the category, printed below its counts */
    size_t n_lines;
    beluga_error error; /* error of the first provider that could not be checked */
} check_report;

/* Begin a report. @return 0, or an exit code after reporting the error. */
int check_report_begin(check_report *report, const cli_args *args);
/* Add the result of a check. This is the callback `tell` of check_settings, whose payload is the
 * report. */
void check_report_tell(void *payload, const check_result *result);
/* Report the end of the checks of an operand; `code` and `err` are their result. */
void check_report_end_operand(check_report *report, int code, const beluga_error *err);
/* Print the lines that were not printed yet, and the totals. @return the exit code. */
int check_report_end(check_report *report);

#endif
