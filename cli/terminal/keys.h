/*
 * Recognises keys in the bytes that a terminal sends. The encodings of xterm, rxvt, the Linux
 * console, tmux and screen are known. An unknown sequence is dropped as a whole, so that no part of
 * it becomes text.
 */
#ifndef BELUGA_CLI_TERMINAL_KEYS_H
#define BELUGA_CLI_TERMINAL_KEYS_H

#include <stddef.h>

typedef enum key {
    KEY_NONE, /* an unknown sequence, or a key without a meaning */
    KEY_TEXT, /* characters: the bytes that keys_read has read, which are valid UTF-8 */
    KEY_INVALID,
    KEY_PASTE, /* the beginning of a paste, which ends with KEYS_PASTE_END */
    KEY_ENTER,
    KEY_NEWLINE,
    KEY_INTERRUPT,
    KEY_END_OF_INPUT, /* Ctrl-D */
    KEY_SUSPEND,
    KEY_CLEAR_SCREEN,
    KEY_EDIT,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_WORD_LEFT,
    KEY_WORD_RIGHT,
    KEY_LINE_START,
    KEY_LINE_END,
    KEY_TEXT_START,
    KEY_TEXT_END,
    KEY_UP,
    KEY_DOWN,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_BACKSPACE,
    KEY_DELETE,
    KEY_KILL_LINE_START,
    KEY_KILL_LINE_END,
    KEY_KILL_BLANK_LEFT, /* removes the text back to the previous space */
    KEY_KILL_WORD_LEFT,
    KEY_KILL_WORD_RIGHT,
    KEY_YANK
} key;

#define KEYS_PASTE_END "\033[201~"

/* Read the key at the beginning of n > 0 bytes. @return its length in bytes; 0: more bytes are
 * needed. */
size_t keys_read(const char *bytes, size_t n, key *out);

#endif
