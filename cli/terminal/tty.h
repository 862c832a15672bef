/* The mode of the terminal while a text is edited on it, and the signals that come meanwhile. */
#ifndef BELUGA_CLI_TERMINAL_TTY_H
#define BELUGA_CLI_TERMINAL_TTY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Take stdin's terminal, key by key. `out` is the descriptor on which the text is drawn. A signal
 * that ends this program gives the terminal back first.
 * @return 0, or -1 when the terminal can't be taken.
 */
int tty_take(int out);
/* Let the terminal mark where a paste begins and ends, or no longer. */
void tty_mark_pastes(bool on);
/* Give the terminal back as it was. */
void tty_give_back(void);

typedef enum tty_event {
    TTY_BYTES,
    TTY_END,        /* the terminal is gone */
    TTY_STOPPED,    /* the program is asked to stop: tty_suspend */
    TTY_RESIZED,    /* its size has changed */
    TTY_RESUMED,    /* the program was stopped, and the terminal has to be drawn again */
    TTY_INTERRUPTED /* SIGINT */
} tty_event;

/* Wait for keys. @param n room in `bytes`, and then how many bytes came. */
tty_event tty_read(char *bytes, size_t *n);
/* Read without waiting. @return how many bytes came, at most n; 0: none are there. */
size_t tty_read_ready(char *bytes, size_t n);
/* Return whether bytes can be read at once. */
bool tty_is_ready(void);
/* Stop this program, as Ctrl-Z does, until it is continued. */
void tty_suspend(void);

#endif
