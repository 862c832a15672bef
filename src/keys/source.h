/* The source of a key: where the key comes from, and how it is read. */
#ifndef BELUGA__SOURCE_H
#define BELUGA__SOURCE_H

#include <beluga/error.h>
#include <beluga/option.h>

#include <stdatomic.h>
#include <stdbool.h>

typedef enum beluga__source_kind {
    BELUGA__SOURCE_VALUE,
    BELUGA__SOURCE_FILE,
    BELUGA__SOURCE_COMMAND,
    BELUGA__SOURCE_AWS,
    BELUGA__SOURCE_GOOGLE,
    BELUGA__SOURCE_FUNCTION
} beluga__source_kind;

typedef struct beluga__source {
    beluga__source_kind kind;
    char *reference; /* the value, path, command or profile; "" if there is none */
    const beluga_key_source *function;
} beluga__source;

/* Returns the name of a kind for messages such as "the key's NAME". */
const char *beluga__source_name(beluga__source_kind from);

/* Check that an HTTP header can contain this key. `from` names the key's source in the message.
 * Returns 0, or AUTHENTICATION. */
int beluga__key_check_sendable(const char *value, const char *from, beluga_error *err);

/* If a text begins like a JSON object, make it one line. Returns whether it begins like one. */
bool beluga__key_join_lines(char *text, size_t n);

/* Read a key. Returns it in secret memory, which the caller releases, or NULL with an error, whose
 * code is CONTEXT_CANCELED if the key became unwanted. `expires_s` receives when the key expires,
 * in seconds since 1970; 0: not known. Blocks, except for a value. */
char *beluga__source_read(const beluga__source *source, const atomic_bool *unwanted,
                          int64_t *expires_s, beluga_error *err);

#endif
