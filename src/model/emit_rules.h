/* Functions that the rules for all kinds of events share. emit_tools.c has the rules for tool
 * calls, emit_rules.c those for most other events. */
#ifndef BELUGA__EMIT_RULES_H
#define BELUGA__EMIT_RULES_H

#include "base/utf8.h"
#include "model/emit.h"

/* Returns 0 if an event may be emitted now, else an error code. */
static inline int beluga__emit_check(const beluga_emit *emit)
{
    if (!emit->sink) return BELUGA_ERROR_CONTEXT_CANCELED;
    if (emit->failed) return emit->error ? emit->error->code : BELUGA_ERROR_NO_MEMORY;
    return 0;
}

/* Returns 0 if an event that is part of the answer may be emitted now, else an error code. */
static inline int beluga__emit_check_content(beluga_emit *emit)
{
    int status = beluga__emit_check(emit);
    /* From an HTTP provider content may still follow a finish reason; see model/proof.h. */
    if (status || !emit->finished || !emit->full) return status;
    return beluga__emit_broke_rule(emit, BELUGA__RULE_ONE_END, BELUGA_ERROR_INVALID_RESPONSE,
                                   "the provider emitted an event after its finish");
}

/* Returns 0 if a text of the answer may be emitted now, else an error code. */
static inline int beluga__emit_check_text(beluga_emit *emit, const char *text, size_t length)
{
    int status = beluga__emit_check_content(emit);
    if (status || beluga__utf8_valid(text, length) == length) return status;
    return beluga__emit_broke_rule(emit, BELUGA__RULE_UTF8, BELUGA_ERROR_MALFORMED_RESPONSE,
                                   "the answer is not valid UTF-8");
}

/* Returns whether a string, which may be NULL, is UTF-8. */
static inline bool beluga__emit_is_utf8(const char *text)
{
    size_t n = text ? strlen(text) : 0;
    return beluga__utf8_valid(text, n) == n;
}

static inline int beluga__emit_no_memory(beluga_emit *emit)
{
    return beluga__emit_broken(emit, BELUGA_ERROR_NO_MEMORY, "no memory for the answer");
}

/* Returns a copy of a string that lives as long as the call; NULL if memory runs out. */
static inline const char *beluga__emit_keep(beluga_emit *emit, const char *text)
{
    return beluga__arena_copy(&emit->call->arena, text, strlen(text));
}

/* --- emit_tools.c --- */

int beluga__emit_tool_begin(beluga_emit *emit, beluga_event *event);
int beluga__emit_tool_delta(beluga_emit *emit, beluga_event *event);
int beluga__emit_tool_end(beluga_emit *emit, beluga_event *event);
/* End the tool calls that are still open. Returns 0, or the error code if ending one of them
 * failed. */
int beluga__emit_end_tools(beluga_emit *emit);
/* Returns whether a tool call with that index has begun; the call may have ended. */
bool beluga__emit_knows_tool(const beluga_emit *emit, uint32_t index);

/* --- emit_embed.c --- */

int beluga__emit_vector(beluga_emit *emit, beluga_event *event);
int beluga__emit_count(beluga_emit *emit, beluga_event *event);
/* Returns 0 if all vectors or counts that the call asked for have come, else an error code. */
int beluga__emit_check_whole(beluga_emit *emit);

/* --- emit_batch.c --- */

int beluga__emit_job(beluga_emit *emit, beluga_event *event);
int beluga__emit_job_result(beluga_emit *emit, beluga_event *event);

/* --- emit_rules.c --- */

/* Keep the token of a list's next page. It is stored in `raw_finish`, the field for the server's
 * finish word, which a list of models does not need. */
int beluga__emit_keep_page(beluga_emit *emit, const char *token);
/* Note that the decoder asked for another request: it gets this token and is sent after
 * `wait_ms`. */
int beluga__emit_ask(beluga_emit *emit, const char *token, int64_t wait_ms);

#endif
