/**
 * @file log.h
 * The log hook. The library itself never prints.
 *
 * A record has an event's name and fields. Headers that are not on an allow-list are redacted.
 * Prompts and answers appear only when the client captures content. Keys never do.
 *
 * A record's texts are safe to print: each is one line without invisible characters, as
 * beluga_text_to_line makes it. There are three exceptions: the field `headers` has several such
 * lines with newlines between them, and the fields `body` and `data` of http.request and http.body
 * are bytes as they were sent or received.
 */
#ifndef BELUGA_LOG_H
#define BELUGA_LOG_H

#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The severity of a record, or how detailed it is. */
typedef enum beluga_log_level {
    BELUGA_LOG_ERROR = 1,
    BELUGA_LOG_WARN = 2,
    BELUGA_LOG_INFO = 3,
    BELUGA_LOG_DEBUG = 4,
    BELUGA_LOG_TRACE = 5 /**< HTTP requests, answers and frames */
} beluga_log_level;

/** One field of a record. Its value is `text`, or `number` when text is NULL. */
typedef struct beluga_log_field {
    const char *name; /**< borrowed until the log hook returns */
    /** borrowed until the log hook returns; not NUL-terminated; NULL: see `number` */
    const char *text;
    size_t length;  /**< length of `text` in bytes */
    int64_t number; /**< the value when text is NULL; -1: a count that is not known */
} beluga_log_field;

/**
 * Log hook, which receives one record. It is called on the thread that does the work, by any number
 * of threads at once, and must not call the library with the same loop, stream or model.
 *
 * @param payload           The payload that was set with the hook.
 * @param event             Name of the event, such as "call.finished". Borrowed until the hook
 * returns.
 * @param fields, n_fields  Borrowed until the hook returns.
 */
typedef void (*beluga_log_fn)(void *payload, beluga_log_level level, const char *event,
                              const beluga_log_field *fields, size_t n_fields);

/**
 * Write text as one line that is safe to show in a terminal or a log, even if the text comes from a
 * server, such as the name of a model or a tool. The library does the same with every text of an
 * error, a log record, a warning, a problem of a file and a list of models.
 *
 * Control characters, line breaks, marks that change the direction of writing and other invisible
 * characters become escapes, such as "\n", "\x1b" or "\u202e"; the joiners that emoji and some
 * scripts need stay. A byte that is not UTF-8 becomes an escape such as "\xff", and the beginning
 * of a character that was cut becomes an ellipsis. A backslash stays as it is, since the line is
 * for people and need not be parsed again. In the sentences of an error (message and cause) and of
 * a warning a space replaces a line break instead.
 *
 * @param text    Borrowed; NULL counts as an empty text.
 * @param length  Length of `text` in bytes.
 * @param buffer  Receives the line, NUL-terminated when n > 0. A line that does not fit is cut
 * between characters, with an ellipsis at its end. Must not overlap `text`.
 * @param n       Bytes of `buffer`; 0 is legal.
 * @return the length of the whole line in bytes, as snprintf does.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API size_t beluga_text_to_line(const char *text, size_t length, char *buffer, size_t n);

/**
 * Return the name of a level as a static string: "error", "warn", "info", "debug" or "trace";
 * "none" for another number.
 */
BELUGA_API const char *beluga_log_level_name(beluga_log_level level);

BELUGA_END_DECLS
#endif
