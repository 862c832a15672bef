/*
 * Watches what a plug-in does with its emits.
 *
 * A plug-in calls the library through a table that is set when it is loaded. While a plug-in is
 * watched, the table is a copy whose emitting functions record each call and then call the real
 * functions.
 */
#ifndef BELUGA_KIT_WATCH_H
#define BELUGA_KIT_WATCH_H

#include "kit/text.h"

#include <beluga/provider/plugin.h>
#include <beluga/provider/provider.h>

#include <stdbool.h>
#include <stddef.h>

/* Find the plug-in's description of itself, or NULL. */
const beluga_plugin *watch_find(const char *file);

/* Begin to watch a loaded plug-in. Only one is watched at a time, and none of its calls may run.
 * With `proves_twice` a finish may be repeated, for protocols in which two frames contain it.
 * @return false if watching is impossible; then do not call watch_end. */
bool watch_begin(const char *file, bool proves_twice);
void watch_end(void);

bool watch_is_watching(void);

/* Mark all emits that were used so far as those of ended calls. */
void watch_call_is_over(void);

/* ---- hindering ------------------------------------------------------------------------------
 * The library can refuse what a provider asks for, and work may be cancelled before it is done.
 * Both cases are caused here on purpose, so that nothing depends on timing. */

/* The functions that can be made to fail for a while, as if memory had run out. */
typedef enum watch_failure {
    WATCH_NONE,
    WATCH_RUN_BLOCKING,
    WATCH_AFTER,
    WATCH_ATTACH,
    WATCH_ALLOC
} watch_failure;
void watch_fail(watch_failure which);
/* Return how often the function failed since it was made to fail. */
size_t watch_failures(void);

/* Hold blocking work at its first event, for `patience_ms` at most. */
void watch_hold(int64_t patience_ms);
bool watch_is_holding(void);
void watch_let_go(void);
/* Wait until no blocking work runs, or until work continues after a refusal, which watch_tell
 * reports. @return whether either happened. */
bool watch_wait_for_work(int64_t patience_ms);

/* Wait until every emit of beluga_emit_attach is detached. @return whether that happened. */
bool watch_wait_for_detach(int64_t patience_ms);

/* Where to write the findings, as lines: events after an answer's end, unknown finish reasons,
 * events after the end of a call, and further events after a refused one. */
typedef struct watch_findings {
    check_text *after_end, *reasons, *late, *refused;
} watch_findings;
void watch_tell(watch_findings out);

#endif
