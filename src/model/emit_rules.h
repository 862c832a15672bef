/* Shared by the rules of all kinds of events: those of tool calls are in emit_tools.c, the others
 * in emit_rules.c. */
#ifndef BELUGA__EMIT_RULES_H
#define BELUGA__EMIT_RULES_H

#include "base/utf8.h"
#include "model/emit.h"

/* Returns 0 where an event may be emitted now, else a code. */
static inline int beluga__emit_check(const beluga_emit *emit)
{
    if (!emit->sink) return BELUGA_ERROR_CONTEXT_CANCELED;
    if (emit->failed) return emit->error ? emit->error->code : BELUGA_ERROR_NO_MEMORY;
    return 0;
}

/* Returns 0 where an event that is part of the answer may be emitted now, else a code. */
static inline int beluga__emit_check_content(beluga_emit *emit)
{
    int status = beluga__emit_check(emit);
    /* Behind HTTP a finish reason is not the end of a stream: see model/proof.h. */
    if (status || !emit->finished || !emit->full) return status;
    return beluga__emit_broke_rule(emit, BELUGA__RULE_ONE_END, BELUGA_ERROR_INVALID_RESPONSE,
                                   "the provider went on after its finish");
}

/* Returns 0 where an event with a text of the answer may be emitted now, else a code. */
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

/* Returns a copy of a string that lasts as long as the call; NULL without memory. */
static inline const char *beluga__emit_keep(beluga_emit *emit, const char *text)
{
    return beluga__arena_copy(&emit->call->arena, text, strlen(text));
}

/* --- emit_tools.c --- */

int beluga__emit_tool_begin(beluga_emit *emit, beluga_event *event);
int beluga__emit_tool_delta(beluga_emit *emit, beluga_event *event);
int beluga__emit_tool_end(beluga_emit *emit, beluga_event *event);
/* End the tool calls that are still open. Returns 0, or the code of one that failed. */
int beluga__emit_end_tools(beluga_emit *emit);
/* Returns whether a tool call with that index has begun; the call may have ended. */
bool beluga__emit_knows_tool(const beluga_emit *emit, uint32_t index);

/* --- emit_embed.c --- */

int beluga__emit_vector(beluga_emit *emit, beluga_event *event);
int beluga__emit_count(beluga_emit *emit, beluga_event *event);
/* Returns 0 where everything has come for which the call asked, else a code. */
int beluga__emit_check_whole(beluga_emit *emit);

/* --- emit_batch.c --- */

int beluga__emit_job(beluga_emit *emit, beluga_event *event);
int beluga__emit_job_result(beluga_emit *emit, beluga_event *event);

/* --- emit_rules.c --- */

/* Keep the token of the next page of a list of models. The token uses the field of the finish
 * word, which a list of models does not need. */
int beluga__emit_keep_page(beluga_emit *emit, const char *token);
/* Note the next request of the call. */
int beluga__emit_ask(beluga_emit *emit, const char *token, int64_t wait_ms);

#endif
