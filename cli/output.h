/*
 * All printing: answers go to stdout, everything else to stderr. Only this file writes to them. A
 * terminal gets no control characters except our own: texts are converted by term_show, and JSON by
 * term_show_json. A pipe or a file gets data unchanged. Notes, warnings, errors and names in a list
 * always stay on one line.
 */
#ifndef BELUGA_CLI_OUTPUT_H
#define BELUGA_CLI_OUTPUT_H

#include "terminal/term.h"

#include <beluga/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct cli_args cli_args;

/* Apply --quiet and the name of the command, and ignore SIGPIPE, since a failed write reports a
 * closed pipe. */
void out_init(const cli_args *args);

/* Set the command whose --help a usage error recommends. The parser calls this, since out_init
 * comes later. */
void out_name_command(const char *name);

bool out_is_quiet(void);

/* ---- stderr ---------------------------------------------------------------------------------- */

typedef enum out_kind {
    OUT_NOTE,    /* a note on one line; left out with --quiet */
    OUT_WARNING, /* a warning on one line, even with --quiet */
    OUT_ERROR,   /* a failure, on one line */
    OUT_DETAIL   /* one or several lines without a prefix, such as those of --verbose */
} out_kind;

/* Print a message; arguments as for printf. */
void out_say(out_kind kind, const char *format, ...) BELUGA_PRINTF(2, 3);
#define out_note(...)    out_say(OUT_NOTE, __VA_ARGS__)
#define out_warning(...) out_say(OUT_WARNING, __VA_ARGS__)
#define out_error(...)   out_say(OUT_ERROR, __VA_ARGS__)
#define out_detail(...)  out_say(OUT_DETAIL, __VA_ARGS__)
/* Print a text of any length, and a newline if it does not end with one. */
void out_detail_text(const char *text, size_t n);
/* Print a line of JSON of any length. */
void out_detail_json(const char *json, size_t n);
/* Report a mistake in the command line, and how to get help. @return CLI_EXIT_USAGE. Arguments as
 * for printf. */
int out_usage(const char *format, ...) BELUGA_PRINTF(1, 2);
/* Report that memory ran out. @return CLI_EXIT_OTHER. */
int out_no_memory(void);

/* Print lines with styles, which trace/draw.c or markdown/ has made safe, on stdout or stderr. */
void out_drawn(int fd, const char *bytes, size_t n);

/* Set a function that is called before each line on stderr; NULL: none. The function may erase text
 * on stdout that would be in the way of the line. */
void out_before_notes(void (*step_aside)(void *payload), void *payload);
/* Print bytes on stdout that erase text, and leave the cursor at the beginning of an empty row. */
void out_erased(const char *bytes, size_t n);

/* ---- stdout ---------------------------------------------------------------------------------- */

/*
 * All output goes through a buffer. If the reader of the pipe has ended, this process ends by
 * SIGPIPE, like other filters. out_finish reports any other failure, and later writes do nothing.
 */
/* Print a model's text at once; it may come in pieces. */
void out_text(const char *text, size_t n);
void out_printf(const char *format, ...) BELUGA_PRINTF(1, 2);
/* Print a text as one line, converted as by beluga_text_to_line; NULL counts as empty. */
void out_name(const char *text);
void out_json(const char *json, size_t n);
/* Print bytes unchanged. The caller must have checked that stdout is not a terminal. */
void out_bytes(const void *bytes, size_t n);
/* Begin a style; TERM_PLAIN ends the current style. */
void out_style(term_look style);
/* Write the buffer to stdout. Each message on stderr and the end of the program do this, too. */
void out_flush(void);
/* Print words from column `column` on, wrapped at the end of the terminal (or at 100 columns),
 * with later lines indented, and a newline. An empty line begins a paragraph. */
void out_wrapped(const char *text, size_t column, size_t indent);
/* Print a newline if the last line of the answer does not end with one. Does nothing when no output
 * was written. */
void out_end_line(void);

/*
 * Write a file that only its owner can read. @param flags O_TRUNC or O_APPEND, as for open.
 * @return 0, or CLI_EXIT_OTHER after reporting the error.
 */
int out_file(const char *path, int flags, const char *bytes, size_t n);

/* Return whether a write failed. */
bool out_failed(void);
/* Write the rest of the output, and report a failed write. @return `code`; if it is 0 and a write
 * failed, CLI_EXIT_OTHER. */
int out_finish(int code);

#endif
