/*
 * Everything that is printed: answers on stdout, everything else on stderr. Nothing else writes to
 * either, so that a terminal gets no control character but ours: texts are shown as term_show and,
 * in JSON, term_show_json do. A pipe or a file gets data as it is; but a remark, a warning and an
 * error are one line everywhere, and so is a name of a list.
 */
#ifndef BELUGA_CLI_OUTPUT_H
#define BELUGA_CLI_OUTPUT_H

#include "terminal/term.h"

#include <beluga/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct cli_args cli_args;

/* Decide what the options leave to be printed, and ignore SIGPIPE: a write tells us. */
void out_init(const cli_args *args);

/* Set whose --help is recommended when the command line is wrong, before out_init can tell. */
void out_name_command(const char *name);

bool out_is_quiet(void);

/* ---- stderr ---------------------------------------------------------------------------------- */

typedef enum out_kind {
    OUT_NOTE,    /* a remark, in one line; not with --quiet */
    OUT_WARNING, /* the same of what nobody should miss though nothing failed, with --quiet too */
    OUT_ERROR,   /* a failure, in one line */
    OUT_DETAIL   /* a line, or several, with nothing before it, such as of --verbose */
} out_kind;

/* Say it; printf's. */
void out_say(out_kind kind, const char *format, ...) BELUGA_PRINTF(2, 3);
#define out_note(...)    out_say(OUT_NOTE, __VA_ARGS__)
#define out_warning(...) out_say(OUT_WARNING, __VA_ARGS__)
#define out_error(...)   out_say(OUT_ERROR, __VA_ARGS__)
#define out_detail(...)  out_say(OUT_DETAIL, __VA_ARGS__)
/* A line of JSON, however long it is. */
void out_detail_json(const char *json, size_t n);
/* The command line is wrong: says so, and where help is. @return CLI_EXIT_USAGE. printf's. */
int out_usage(const char *format, ...) BELUGA_PRINTF(1, 2);
/* @return CLI_EXIT_OTHER. */
int out_no_memory(void);

/* Lines with styles, which trace/draw.c has made harmless, for one of the two. */
void out_drawn(int fd, const char *bytes, size_t n);

/* ---- stdout ---------------------------------------------------------------------------------- */

/*
 * All of it goes through a buffer. When nobody reads it any more the process ends quietly, by
 * SIGPIPE, as other filters do. Another failure is remembered for out_finish, and later writes do
 * nothing.
 */
/* A model's text, at once; it may come in pieces. */
void out_text(const char *text, size_t n);
void out_printf(const char *format, ...) BELUGA_PRINTF(1, 2);
/* A text that has to stay on its line, as beluga_text_to_line writes it; NULL is empty. */
void out_name(const char *text);
void out_json(const char *json, size_t n);
/* Begin a style; TERM_PLAIN ends it. */
void out_style(term_look style);
/* Write what the buffer holds. Everything on stderr does that first, and the end of the program. */
void out_flush(void);
/* Print words from column `column` on, broken where the terminal ends (or at 100), later lines
 * indented, and a newline. An empty line begins a paragraph. */
void out_wrapped(const char *text, size_t column, size_t indent);
/* End the answer's last line if it has not ended. Does nothing when nothing was written. */
void out_end_line(void);

/*
 * Write a file that only its owner can read. @param flags O_TRUNC or O_APPEND, of open.
 * @return 0, or CLI_EXIT_OTHER, reported.
 */
int out_file(const char *path, int flags, const char *bytes, size_t n);

/* Return whether a write failed. */
bool out_failed(void);
/* @return `code`, or CLI_EXIT_OTHER, with a message, when a write failed and `code` is 0. */
int out_finish(int code);

#endif
