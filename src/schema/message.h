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
    beluga_part *parts; /* points to `first`, or into the arena once there are more parts */
    size_t count, capacity;
    const char *tool_call_id;
    beluga__arena arena;
    int status;      /* the first failure, 0 for none */
    const char *why; /* static; explains status, or NULL */
    struct {
        const char *field; /* static name of a field that is not UTF-8; NULL: all fields are */
        size_t part, byte;
    } bad_text;
    bool tool_error;
    bool plain; /* no part is an image, audio or a file, or has a mark for the cache */
    beluga_part first;
};

struct beluga_messages {
    beluga_message **items; /* points to `few`, or to allocated memory once there are more */
    size_t count, capacity;
    const beluga_allocator *allocator;
    int status;
    beluga_message *few[8];
};

/* Explain why message `index` of a call can't be sent: which failure happened while the message was
 * made, or where its text is not UTF-8. */
int beluga__message_refuse(const beluga_message *message, size_t index, beluga_error *err);

/* Check that message `index` of a call can be sent. The check is cheap, since adding the parts
 * found all faults. */
static inline int beluga__message_check(const beluga_message *message, size_t index,
                                        beluga_error *err)
{
    bool faulty = message->status || message->bad_text.field;
    return faulty ? beluga__message_refuse(message, index, err) : 0;
}

/* Add a text file: a part of text that has a name and a media type. */
int beluga__message_add_text_file(beluga_message *message, const char *text, size_t length,
                                  const char *name, const char *media_type);

/* Record a failure unless there is one, and return it. `why` is static, or NULL for the code's own
 * text. */
int beluga__message_fail(beluga_message *message, int code, const char *why);

#endif
