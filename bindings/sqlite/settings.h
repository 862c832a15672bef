/* The settings of a connection. They come from the environment when the extension is loaded, and
 * later from the host's C code (llm_configure); SQL can't change them. */
#ifndef BELUGA_SQLITE_SETTINGS_H
#define BELUGA_SQLITE_SETTINGS_H

#include "../database/options.h"
#include "../database/policy.h"

#include <stdbool.h>

/* All texts in this struct are owned. */
typedef struct settings {
    db_policy policy;
    char *model, *embedding_model;
    int64_t timeout_ms, concurrency;
} settings;

/* Read the variables BELUGA_SQLITE_…, and find the configuration file: BELUGA_CONFIG, or the user's
 * own. */
int settings_read(settings *s, beluga_error *err);
void settings_free(settings *s);

/* Set one setting by its name, such as "budget_calls". */
int settings_set(settings *s, const char *name, const char *value, beluga_error *err);

/* Read lines of "name=value". Later lines win; settings that no line names stay as they are. */
int settings_set_lines(settings *s, const char *lines, beluga_error *err);

#endif
