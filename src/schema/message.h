/* A message. The constructor of a message with text makes one allocation for the struct, one part
 * and the text. */
#ifndef BELUGA__MESSAGE_H
#define BELUGA__MESSAGE_H

#include "base/arena.h"

#include <beluga/error.h>
#include <beluga/message.h>

#include <stdatomic.h>

struct beluga_message {
    atomic_uint refs;
    uint32_t role;
    beluga_part *parts; /* points to `first`, or into the arena if there are more parts */
    size_t count, capacity;
    const char *tool_call_id;
    beluga__arena arena;
    int status;      /* the first failure; 0: none */
    const char *why; /* explains the status; static, or NULL */
    struct {
        /* static name of the first field that is not UTF-8; NULL if all fields are UTF-8 */
        const char *field;
        size_t part, byte;
    } bad_text;
    bool tool_error;
    bool plain; /* no part is an image, audio or a file, or is marked for a provider's cache */
    beluga_part first;
};

struct beluga_messages {
    beluga_message **items; /* points to `few`, or to allocated memory if there are more */
    size_t count, capacity;
    const beluga_allocator *allocator;
    int status;
    beluga_message *few[8];
};

/* Set the error for a message that can't be sent; `index` is its number in the call. The error
 * describes the failure that happened while the message was made, or the place where its text is
 * not UTF-8. */
int beluga__message_refuse(const beluga_message *message, size_t index, beluga_error *err);

/* Check that message `index` of a call can be sent. This is cheap, since faults were already
 * detected when the parts were added. */
static inline int beluga__message_check(const beluga_message *message, size_t index,
                                        beluga_error *err)
{
    bool faulty = message->status || message->bad_text.field;
    return faulty ? beluga__message_refuse(message, index, err) : 0;
}

/* Add a text file: a text part with a name and a media type. */
int beluga__message_add_text_file(beluga_message *message, const char *text, size_t length,
                                  const char *name, const char *media_type);

/* Record a failure unless one is recorded already, and return it. `why` is static, or NULL to use
 * the standard text of the code. */
int beluga__message_fail(beluga_message *message, int code, const char *why);

#endif
