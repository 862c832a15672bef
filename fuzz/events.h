/* The rules for every stream of events: one terminal event and nothing after it, deltas only inside
 * their tool call, all text UTF-8. The content is kept, so that two runs can be compared. */
#ifndef FUZZ_EVENTS_H
#define FUZZ_EVENTS_H

#include "base/limits.h"
#include "fuzz.h"

#include <beluga/event.h>

typedef struct fuzz_events {
    unsigned terminal;                     /* number of terminal events */
    uint32_t open[BELUGA__MAX_TOOL_CALLS]; /* indices of the open calls */
    size_t n_open;
    int code;            /* code of the error event; 0 without one */
    uint32_t reason;     /* reason of the finish */
    beluga__buf content; /* text, reasoning and calls, however they were cut into events */
    uint32_t kind;       /* kind of the content that came last */
} fuzz_events;

void fuzz_events_init(fuzz_events *events);
void fuzz_events_free(fuzz_events *events);
/* Check the next event, and keep its content. */
void fuzz_events_add(fuzz_events *events, const beluga_event *event);
/* With `whole`, check that two answers end in the same way with the same content. Without, check
 * only that the content of `b` begins with the content of `a`. */
void fuzz_events_compare(const char *rule, const fuzz_events *a, const fuzz_events *b, bool whole);

#endif
