/* Helpers shared by the suites about protocols. They describe in lines of text what was read from a
 * request, and return the bytes that a protocol writes for given events. */
#ifndef TESTS_PROTOCOL_KIT_H
#define TESTS_PROTOCOL_KIT_H

#include "protocol/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- requests -------------------------------------------------------------------------------- */

/* Read a body. @return 0, or the code of the error. */
int kit_read(protocol_request *request, const protocol *table, const char *body);
/* Write messages, tools and options as lines of text. @return owned. */
char *kit_describe(const protocol_request *request);
/* Assert that kit_describe writes `expected` for this body. */
void kit_reads(const protocol *table, const char *body, const char *expected);
/* Assert that the body is refused, and that the error contains this reason. */
void kit_refuses(const protocol *table, const char *body, const char *why);

/* ---- events ---------------------------------------------------------------------------------- */

#define KIT_METADATA(name) \
    {.kind = BELUGA_EVENT_METADATA, .u.metadata = {.model = (name), .provider = "mock"}}
#define KIT_TEXT(words)      {.kind = BELUGA_EVENT_TEXT, .u.text = {(words), sizeof(words) - 1}}
#define KIT_REASONING(words) KIT_SIGNED(words, NULL, 0)
#define KIT_SIGNED(words, proof, n)                                                                \
    {                                                                                              \
        .kind = BELUGA_EVENT_REASONING, .u.reasoning = {(words), sizeof(words) - 1, (proof), (n) } \
    }
#define KIT_BEGIN(number, the_id, the_name)                                       \
    {                                                                             \
        .kind = BELUGA_EVENT_TOOL_CALL_BEGIN, .index = (number), .u.tool_call = { \
            .id = (the_id),                                                       \
            .name = (the_name)                                                    \
        }                                                                         \
    }
#define KIT_DELTA(number, words)           \
    {.kind = BELUGA_EVENT_TOOL_CALL_DELTA, \
     .index = (number),                    \
     .u.tool_call = {.arguments = (words), .length = sizeof(words) - 1}}
#define KIT_END(number, the_id, the_name, words) \
    {.kind = BELUGA_EVENT_TOOL_CALL_END,         \
     .index = (number),                          \
     .u.tool_call = {(the_id), (the_name), (words), sizeof(words) - 1}}
#define KIT_USAGE(in, read, write, out, thought) \
    {.kind = BELUGA_EVENT_USAGE, .u.usage = {in, read, write, out, thought, NULL, 0}}
#define KIT_FINISH(why)                                                           \
    {                                                                             \
        .kind = BELUGA_EVENT_FINISH, .u.finish = {.reason = BELUGA_FINISH_##why } \
    }
#define KIT_RESTART    {.kind = BELUGA_EVENT_RESTART}
#define KIT_ERROR(err) {.kind = BELUGA_EVENT_ERROR, .u.error = (err)}

/* The id, the time and the model that all answers in these tests have. */
extern const protocol_identity kit_identity;

/* Return the stream that answers `body` with these events. @return owned. */
char *kit_stream(const protocol *table, const char *body, const beluga_event *events, size_t n);
/* Return the whole answer to `body` with these events. @return owned. */
char *kit_answer(const protocol *table, const char *body, const beluga_event *events, size_t n);
/* Return the body of an answer that reports this error. @return owned. */
char *kit_error(const protocol *table, const beluga_error *error);

#endif
