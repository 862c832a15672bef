/* Terminals: their detection, width and colours, text made harmless for them, and the spinner. */
#ifndef BELUGA_CLI_TERMINAL_TERM_H
#define BELUGA_CLI_TERMINAL_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool term_is_out(void); /* stdout is a terminal */
bool term_is_err(void); /* stderr is a terminal */
bool term_is_in(void);  /* stdin is a terminal */

/* Return the width of stdout's terminal, 80 when stdout is no terminal. */
size_t term_width(void);
/* Return the width of the terminal at descriptor `fd`. */
size_t term_width_of(int fd);
/* Return the rows of stdout's terminal, 24 when it does not tell. */
size_t term_height(void);

/* Return whether descriptor `fd` is a terminal on which a line can be redrawn. */
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
 * others turn the direction of writing. Such a character is written as an escape, as
 * beluga_text_to_line does: "\x1b", "\u202e". Newlines and tabs stay, a carriage return is left
 * out. The invisible characters that scripts and emoji need stay, too, since they have no other
 * effect.
 */

/* The most bytes for one character, and the most output bytes for each input byte. */
#define TERM_SHOWN_BYTES  20
#define TERM_SHOWN_GROWTH 4

/* Show the first character of n > 0 bytes: writes *length bytes. @return the bytes read. */
size_t term_show(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length);
/* Show a character inside JSON: one that a terminal must not get becomes an escape such as
 * "\u009b", which means the same. */
size_t term_show_json(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length);

/* The filter for a stream, whose pieces may cut characters. Zero-initialise it. */
typedef struct term_stream {
    char pending[4]; /* beginning of a character that was cut */
    size_t n;
} term_stream;
/* The most bytes that n bytes can become. */
#define TERM_FILTER_ROOM(n) (((n) + sizeof(term_stream)) * TERM_SHOWN_GROWTH)

/* Filter n bytes into `out`. @return the bytes written. */
size_t term_filter(term_stream *filter, const char *text, size_t n, char *out);
/* End the text, and write the pending bytes. @return the bytes written. */
size_t term_filter_end(term_stream *filter, char *out);

/*
 * Start the spinner: one line on stderr, from a moment after the start until other output comes.
 * Without a terminal on both stdout and stderr it does nothing.
 */
void term_spinner_start(const char *label);
/* Draw the spinner when it is due. @return milliseconds until it is due again, -1 when it is
 * off. */
int64_t term_spinner_tick(void);
/* Erase and end the spinner. Printing calls this. */
void term_spinner_stop(void);
/* Continue the spinner after output other than the answer. Does nothing where it never began. */
void term_spinner_resume(void);

#endif
