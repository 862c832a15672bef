/* What the host of a connection sets, and SQL can't: from the environment when the extension is
 * loaded, and later by the host's C code (llm_configure). */
#ifndef BELUGA_SQLITE_SETTINGS_H
#define BELUGA_SQLITE_SETTINGS_H

#include "../database/options.h"
#include "../database/policy.h"

#include <stdbool.h>

/* Texts are owned. */
typedef struct settings {
    db_policy policy;
    char *model, *embedding_model;
    int64_t timeout_ms, concurrency;
} settings;

/* Read BELUGA_SQLITE_…, and BELUGA_CONFIG or the user's own file. */
int settings_read(settings *s, beluga_error *err);
void settings_free(settings *s);

/* Set one of them, by its name, such as "budget_calls". */
int settings_set(settings *s, const char *name, const char *value, beluga_error *err);

/* Read lines of "name=value". Later ones win; what is not named stays. */
int settings_set_lines(settings *s, const char *lines, beluga_error *err);

#endif
