/**
 * @file log.h
 * The log hook. The library itself never prints.
 *
 * A record has an event's name and fields. Headers are redacted by an allow-list before they get
 * here. Prompts and answers appear only when the client captures content. Keys never do.
 *
 * A record's texts are safe to print: each is one line, of whole characters that are seen, as
 * beluga_text_to_line makes it. Three are not, for they are the wire itself: `headers` are such
 * lines with newlines between them, and `body` and `data` of http.request and http.body are bytes
 * as they were sent or came.
 */
#ifndef BELUGA_LOG_H
#define BELUGA_LOG_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

typedef enum beluga_log_level {
    BELUGA_LOG_ERROR = 1,
    BELUGA_LOG_WARN = 2,
    BELUGA_LOG_INFO = 3,
    BELUGA_LOG_DEBUG = 4,
    BELUGA_LOG_TRACE = 5 /**< the wire: requests, answers, frames */
} beluga_log_level;

/** One field of a record. Exactly one of text (when not NULL) and number is meant. */
typedef struct beluga_log_field {
    const char *name;
    const char *text; /**< borrowed for the call; not NUL-terminated */
    size_t length;    /**< of text, bytes */
    int64_t number;   /**< when text is NULL; -1: a count that is not known */
} beluga_log_field;

/**
 * Receives one record. Called on whichever thread does the work; it must not call the library
 * with the same loop, stream or model, and everything it is given is borrowed for the call.
 */
typedef void (*beluga_log_fn)(void *payload, beluga_log_level level, const char *event,
                              const beluga_log_field *fields, size_t n_fields);

/**
 * Write text as one line that is safe to show, in a terminal or a log, wherever it came from: the
 * name of a model, say, or of a tool. The library does the same with every text of an error, a
 * record, a warning, a problem of a file and a list of models.
 *
 * Control characters, breaks of lines, marks that turn the direction of writing and other
 * characters that nobody sees become escapes, such as "\n", "\x1b" or "\u202e"; the joiners that
 * emoji and some scripts need stay. A byte that is no UTF-8 becomes "\xff", the beginning of a
 * character that was cut an ellipsis. A backslash stays as it is: the line is for people, and is
 * not read back. In the sentences of an error (message and cause) and of a warning a break of lines
 * is a space instead.
 *
 * @param text    Borrowed; NULL is empty.
 * @param length  Of text, bytes.
 * @param buffer  Receives the line, NUL-terminated when n > 0. Where it does not fit it is cut
 * between characters, with an ellipsis at its end. Must not overlap `text`.
 * @param n       Bytes of `buffer`; 0 is legal.
 * @return the length that the line has whole, as snprintf does.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API size_t beluga_text_to_line(const char *text, size_t length, char *buffer, size_t n);

/** Return "error", "warn", "info", "debug" or "trace". */
BELUGA_API const char *beluga_log_level_name(beluga_log_level level);

BELUGA_END_DECLS
#endif
