/* Everything that is printed: answers on stdout, everything else on stderr. */
#ifndef BELUGA_CLI_OUTPUT_H
#define BELUGA_CLI_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <beluga/error.h>

struct args;

/* Decide what the options leave to be printed, and ignore SIGPIPE: a write tells us. */
void out_init(const struct args *args);

/* What --help is to be asked of when the command line is wrong, before out_init can tell. */
void out_name_command(const char *name);

bool out_is_quiet(void);

/* ---- stderr ---------------------------------------------------------------------------------- */

/* A remark; not with --quiet. printf's. */
void out_note(const char *format, ...) BELUGA_PRINTF(1, 2);
/* What nobody should miss though nothing failed, with --quiet too. printf's. */
void out_warning(const char *format, ...) BELUGA_PRINTF(1, 2);
/* A failure, in one line. printf's. */
void out_error(const char *format, ...) BELUGA_PRINTF(1, 2);
/* A line with nothing before it, such as of --verbose. printf's. */
void out_detail(const char *format, ...) BELUGA_PRINTF(1, 2);
/* Lines that were made for a terminal, or not, as they are. */
void out_lines(const char *bytes, size_t n);
/* The command line is wrong: says so, and where help is. @return CLI_EXIT_USAGE. printf's. */
int out_usage(const char *format, ...) BELUGA_PRINTF(1, 2);
/* @return CLI_EXIT_OTHER. */
int out_no_memory(void);

/* ---- stdout ---------------------------------------------------------------------------------- */

/*
 * Write bytes to stdout, through a buffer. When nobody reads it any more the process ends quietly,
 * by SIGPIPE, as other filters do. Another failure is remembered for out_finish, and later writes
 * do nothing.
 */
void out_write(const char *bytes, size_t n);
/* A model's text, at once: on a terminal its control characters are shown, not obeyed. */
void out_text(const char *text, size_t n);
/* Write what the buffer holds. Everything on stderr does that first, and the end of the program. */
void out_flush(void);
void out_printf(const char *format, ...) BELUGA_PRINTF(1, 2);
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
