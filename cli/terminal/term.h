/* Terminals: what is one, its width and colours, text made harmless for it, and the spinner. */
#ifndef BELUGA_CLI_TERMINAL_TERM_H
#define BELUGA_CLI_TERMINAL_TERM_H

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

typedef enum term_look {
    TERM_PLAIN,
    TERM_BOLD,
    TERM_DIM,
    TERM_RED,
    TERM_GREEN,
    TERM_YELLOW,
    TERM_CYAN
} term_look;

/* Return the sequence that begins a style on descriptor `fd`, or "" where there is no colour: no
 * terminal, TERM=dumb, or NO_COLOR set to anything. TERM_PLAIN ends a style. */
const char *term_style(int fd, term_look style);

/* Return whether the locale's environment says UTF-8. */
bool term_is_utf8(void);

/*
 * Control characters in somebody's text could move the cursor, change the title or type keys, and
 * others turn the direction of writing. Such a character is shown instead, as beluga_text_to_line
 * does: "\x1b", "\u202e". Newlines and tabs pass, a carriage return is left out, and so do pass the
 * invisible characters that scripts and emoji need, which do nothing else.
 */

/* Most bytes that one character becomes, and most that come out for each byte that goes in. */
#define TERM_SHOWN_BYTES  20
#define TERM_SHOWN_GROWTH 4

/* Show the first character of n > 0 bytes: writes *length bytes. @return how many it took. */
size_t term_show(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length);
/* The same inside JSON: what has no place on a terminal is "\u009b", and means the same. */
size_t term_show_json(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length);

/* The same for a stream, whose pieces may cut characters. Zero-initialise it. */
typedef struct term_stream {
    char pending[4]; /* of a character that was cut */
    size_t n;
} term_stream;
/* The most bytes that come out of n. */
#define TERM_FILTER_ROOM(n) (((n) + sizeof(term_stream)) * TERM_SHOWN_GROWTH)

/* Filter n bytes into `out`. @return how many came out. */
size_t term_filter(term_stream *filter, const char *text, size_t n, char *out);
/* The text is over: show what is pending. @return how many bytes. */
size_t term_filter_end(term_stream *filter, char *out);

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
