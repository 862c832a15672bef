#include "base/limits.h"
#include "base/mem.h"
#include "schema/message.h"

enum { FEW = sizeof(((beluga_messages *)0)->few) / sizeof(beluga_message *) };

enum { INPUT_TEXT = 1, INPUT_MESSAGE = 2, INPUT_MESSAGES = 3 };

beluga_messages *beluga_messages_new(void)
{
    const beluga_allocator *allocator = beluga_allocator_default();
    beluga_messages *list = beluga__alloc(allocator, sizeof *list);
    if (!list) return NULL;
    *list = (beluga_messages){.items = list->few, .capacity = FEW, .allocator = allocator};
    return list;
}

void beluga_messages_free(beluga_messages *list)
{
    if (!list) return;
    for (size_t i = 0; i < list->count; i++) beluga_message_unref(list->items[i]);
    if (list->items != list->few) beluga__release(list->allocator, list->items);
    beluga__release(list->allocator, list);
}

static int grow(beluga_messages *list)
{
    bool few = list->items == list->few;
    size_t size = list->capacity * sizeof *list->items;
    beluga_message **items =
        beluga__resize(list->allocator, few ? NULL : list->items, few ? 0 : size, 2 * size);
    if (!items) return BELUGA_ERROR_NO_MEMORY;
    if (few) memcpy(items, list->few, size);
    list->items = items;
    list->capacity *= 2;
    return 0;
}

static int fail(beluga_messages *list, int code)
{
    if (!list->status) list->status = code;
    return code;
}

int beluga_messages_add(beluga_messages *list, beluga_message *consumed)
{
    if (!list) {
        beluga_message_unref(consumed);
        return BELUGA_ERROR_INVALID_INPUT;
    }
    if (!consumed) return fail(list, BELUGA_ERROR_NO_MEMORY);
    int status = list->count >= BELUGA__MAX_MESSAGES ? BELUGA_ERROR_LIMIT_EXCEEDED
                 : list->count == list->capacity     ? grow(list)
                                                     : 0;
    if (status) {
        beluga_message_unref(consumed);
        return fail(list, status);
    }
    list->items[list->count++] = consumed;
    return 0;
}

size_t beluga_messages_count(const beluga_messages *list)
{
    return list->count;
}

beluga_message *beluga_messages_get(const beluga_messages *list, size_t index)
{
    return index < list->count ? list->items[index] : NULL;
}

int beluga_messages_status(const beluga_messages *list)
{
    return list->status;
}

/* --- inputs ---------------------------------------------------------------------------------- */

beluga_input beluga_input_text(const char *text)
{
    return beluga_input_text_n(text, text ? strlen(text) : 0);
}

beluga_input beluga_input_text_n(const char *text, size_t length)
{
    return (beluga_input){.kind = INPUT_TEXT, .pointer = text, .length = length};
}

beluga_input beluga_input_message(beluga_message *message)
{
    return (beluga_input){.kind = INPUT_MESSAGE, .pointer = message};
}

beluga_input beluga_input_messages(const beluga_messages *messages)
{
    return (beluga_input){.kind = INPUT_MESSAGES, .pointer = messages};
}

static int fill(beluga_messages *list, const beluga_input *input)
{
    if (input->kind == INPUT_TEXT)
        return beluga_messages_add(list, beluga_human_message_n(input->pointer, input->length));
    if (input->kind == INPUT_MESSAGE)
        return beluga_messages_add(list, beluga_message_ref((beluga_message *)input->pointer));
    const beluga_messages *given = input->pointer;
    int status = given->status;
    for (size_t i = 0; i < given->count && !status; i++)
        status = beluga_messages_add(list, beluga_message_ref(given->items[i]));
    return status;
}

int beluga_ensure_messages(beluga_input input, beluga_messages **out, beluga_error *err)
{
    if (!out) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "out is NULL");
    *out = NULL;
    if (input.kind < INPUT_TEXT || input.kind > INPUT_MESSAGES)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "the input is not text, a message or messages (its kind is %u)",
                                (unsigned)input.kind);
    if (!input.pointer)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the input is NULL");
    beluga_messages *list = beluga_messages_new();
    int status = list ? fill(list, &input) : BELUGA_ERROR_NO_MEMORY;
    if (status) {
        beluga_messages_free(list);
        return beluga_error_set(err, status, "%s", beluga_error_text(status));
    }
    *out = list;
    return 0;
}
