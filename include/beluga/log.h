/**
 * @file log.h
 * The log hook. The library itself never prints.
 *
 * A record has an event's name and fields. Headers are redacted by an allow-list before they get
 * here. Prompts and answers appear only when the client captures content. Keys never do.
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

/** Return "error", "warn", "info", "debug" or "trace". */
BELUGA_API const char *beluga_log_level_name(beluga_log_level level);

BELUGA_END_DECLS
#endif
