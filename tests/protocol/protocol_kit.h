/* Helpers that the suites about protocols share: requests that were read, as text; and the bytes
 * that a protocol makes from events. */
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

/* Read a body. @return the code of parsing or reading it. */
int kit_read(protocol_request *request, const protocol *table, const char *body);
/* Write messages, tools and options as lines of text. @return owned. */
char *kit_describe(const protocol_request *request);
/* Assert that the body is read as `expected` describes it. */
void kit_reads(const protocol *table, const char *body, const char *expected);
/* Assert that the body is refused with this reason. */
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

/* The id, the time and the model of all answers in these tests. */
extern const protocol_identity kit_identity;

/* Write events as a stream that answers `body`. @return owned. */
char *kit_stream(const protocol *table, const char *body, const beluga_event *events, size_t n);
/* Write events as a whole answer to `body`. @return owned. */
char *kit_answer(const protocol *table, const char *body, const beluga_event *events, size_t n);
/* Write an error. @return owned. */
char *kit_error(const protocol *table, const beluga_error *error);

#endif
