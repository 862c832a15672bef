/* A constructor makes a message in one allocation: the struct, one part, its text. */
#ifndef BELUGA__MESSAGE_H
#define BELUGA__MESSAGE_H

#include "base/arena.h"

#include <beluga/error.h>
#include <beluga/message.h>

#include <stdatomic.h>

struct beluga_message {
    atomic_uint refs;
    uint32_t role;
    beluga_part *parts; /* &first, or in the arena once there are more */
    size_t count, capacity;
    const char *tool_call_id;
    beluga__arena arena;
    int status;      /* the first failure, 0 for none */
    const char *why; /* static; the meaning of status, or NULL */
    struct {
        const char *field; /* static; NULL: everything is UTF-8 */
        size_t part, byte;
    } bad_text;
    bool tool_error;
    beluga_part first;
};

struct beluga_messages {
    beluga_message **items; /* `few`, or allocated once there are more */
    size_t count, capacity;
    const beluga_allocator *allocator;
    int status;
    beluga_message *few[8];
};

/* Check that message `index` of a call can be sent. The error tells what failed while it was made,
 * or where its text is not UTF-8. It is cheap, since all of it was found when the parts were added.
 */
int beluga__message_check(const beluga_message *message, size_t index, beluga_error *err);

/* Add a text file: a part of text that has a name and a media type. */
int beluga__message_add_text_file(beluga_message *message, const char *text, size_t length,
                                  const char *name, const char *media_type);

/* Keep the first failure, and return this one. `why` is static, or NULL for the code's own text. */
int beluga__message_fail(beluga_message *message, int code, const char *why);

#endif
