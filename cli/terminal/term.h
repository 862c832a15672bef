/* Terminals: detecting them, their width and colours, making text safe for them, and the spinner.
 */
#ifndef BELUGA_CLI_TERMINAL_TERM_H
#define BELUGA_CLI_TERMINAL_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool term_is_out(void); /* stdout is a terminal */
bool term_is_err(void); /* stderr is a terminal */
bool term_is_in(void);  /* stdin is a terminal */

/* Return the width of stdout's terminal; 80 if stdout is not a terminal. */
size_t term_width(void);
/* Return the width of the terminal at file descriptor `fd`. */
size_t term_width_of(int fd);
/* Return the number of rows of stdout's terminal; 24 if it is unknown. */
size_t term_height(void);

/* Return whether file descriptor `fd` is a terminal on which a line can be drawn again. */
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

/* Return the escape sequence that begins a style on file descriptor `fd`; TERM_PLAIN ends a style.
 * It is "" if `fd` is not a terminal, TERM is "dumb", or NO_COLOR is set. */
const char *term_style(int fd, term_look style);

/* Return whether the environment's locale variables select UTF-8. */
bool term_is_utf8(void);

/*
 * Making a text safe for a terminal. Control characters could move the cursor, change the title or
 * type keys, and some other characters change the direction of text. Such a character is written as
 * an escape, as in beluga_text_to_line: "\x1b", "\u202e". Newlines and tabs are kept, and carriage
 * returns are left out. Invisible characters that scripts and emoji need are also kept, since they
 * have no other effect.
 */

/* The maximum length of one written character, and the maximum number of output bytes for each
 * input byte. */
#define TERM_SHOWN_BYTES  20
#define TERM_SHOWN_GROWTH 4

/* Write the first character of n > 0 bytes in its safe form; *length receives the length of this
 * form.
 * @return the number of bytes read. */
size_t term_show(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length);
/* Like term_show, inside JSON: a character that a terminal must not get becomes an escape with the
 * same meaning, such as "\u009b". */
size_t term_show_json(const char *text, size_t n, char out[TERM_SHOWN_BYTES], size_t *length);

/* A filter for text that arrives in pieces, which may cut characters. Zero-initialise this struct.
 */
typedef struct term_stream {
    char pending[4]; /* beginning of a character that was cut */
    size_t n;
} term_stream;
/* The maximum number of bytes that term_filter writes for n bytes. */
#define TERM_FILTER_ROOM(n) (((n) + sizeof(term_stream)) * TERM_SHOWN_GROWTH)

/* Filter n bytes into `out`. @return the number of bytes written. */
size_t term_filter(term_stream *filter, const char *text, size_t n, char *out);
/* End the text, and write the bytes that are still pending. @return the number of bytes written. */
size_t term_filter_end(term_stream *filter, char *out);

/*
 * Start the spinner: one line on stderr, which appears after a moment and stays until something
 * else is printed. If stdout or stderr is not a terminal, it does nothing.
 */
void term_spinner_start(const char *label);
/* Draw the next step of the spinner if it is time. @return milliseconds until the next step; -1:
 * the spinner is off. */
int64_t term_spinner_tick(void);
/* Erase and end the spinner. Printing calls this. */
void term_spinner_stop(void);
/* Show the spinner again after output that is not the answer, such as a tool call. Does nothing if
 * the spinner was never started. */
void term_spinner_resume(void);

#endif
