/* The mode of the terminal while a text is edited on it, and the signals that arrive meanwhile. */
#ifndef BELUGA_CLI_TERMINAL_TTY_H
#define BELUGA_CLI_TERMINAL_TTY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Put the terminal on stdin into a mode in which each key can be read at once. `out` is the file
 * descriptor on which the text is drawn. A signal that ends this program restores the terminal
 * first.
 * @return 0, or -1 if this is not possible.
 */
int tty_take(int out);
/* Tell the terminal to mark the beginning and end of a paste, or not to. */
void tty_mark_pastes(bool on);
/* Restore the previous mode of the terminal. */
void tty_give_back(void);

typedef enum tty_event {
    TTY_BYTES,
    TTY_END,        /* the terminal is gone */
    TTY_STOPPED,    /* SIGTSTP, such as by Ctrl-Z: the reader must call tty_suspend */
    TTY_RESIZED,    /* the terminal's size has changed */
    TTY_RESUMED,    /* the program was stopped and continued, so the text must be drawn again */
    TTY_INTERRUPTED /* SIGINT */
} tty_event;

/* Wait for keys or a signal. @param n The size of `bytes`; receives the number of bytes read. */
tty_event tty_read(char *bytes, size_t *n);
/* Read without waiting. @return the number of bytes read, at most n; 0: none are available. */
size_t tty_read_ready(char *bytes, size_t n);
/* Return whether bytes can be read at once. */
bool tty_is_ready(void);
/* Stop this program, as Ctrl-Z does, until it is continued. */
void tty_suspend(void);

#endif
