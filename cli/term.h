/* Terminals: what is one, its width and colours, text made harmless for it, and the spinner. */
#ifndef BELUGA_CLI_TERM_H
#define BELUGA_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool term_is_out(void); /* stdout is a terminal */
bool term_is_err(void); /* stderr is one */
bool term_is_in(void);  /* stdin is one */

/* Return the width of stdout's terminal, 80 when it is none. */
size_t term_width(void);
/* The same of descriptor `fd`. */
size_t term_width_of(int fd);

/* Return whether descriptor `fd` is a terminal on which a line can be drawn again. */
bool term_has_cursor(int fd);

enum term_style { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_YELLOW, TERM_CYAN };

/* Return the sequence that begins a style on descriptor `fd`, or "" where there is no colour: no
 * terminal, TERM=dumb, or NO_COLOR set to anything. TERM_PLAIN ends a style. */
const char *term_style(int fd, enum term_style style);

/* Return whether the locale's environment says UTF-8. */
bool term_is_utf8(void);

/*
 * Control characters in a model's text could move the cursor, change the title or type keys. This
 * filter shows them instead: ^[ for ESC, ^? for DEL, <9b> for the C1 set. Newlines and tabs pass,
 * a carriage return is left out. Zero-initialise it; a stream keeps one.
 */
struct term_filter {
    unsigned char pending; /* the first byte of a C1 character, cut off at the end of a piece */
};

/* At most this many bytes come out for each that goes in (and one more for a pending one). */
#define TERM_FILTER_GROWTH 4

/* Filter n bytes into `out`, which has room for (n + 1) * TERM_FILTER_GROWTH. @return how many. */
size_t term_filter(struct term_filter *filter, const char *text, size_t n, char *out);

/*
 * The spinner: one line on stderr, from a moment after its start until something is printed.
 * Without a terminal on both stdout and stderr it does nothing.
 */
void term_spinner_start(const char *label);
/* Draw it when it is due. @return milliseconds until it is due again, -1 when it is off. */
int64_t term_spinner_tick(void);
/* Erase and end it. Printing calls this. */
void term_spinner_stop(void);
/* Go on after something was printed that is not the answer. Does nothing where it never began. */
void term_spinner_resume(void);

#endif
