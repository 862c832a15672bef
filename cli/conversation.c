#include "conversation.h"

#include "base/sum.h"

#include <stdlib.h>
#include <string.h>

int conversation_set_system(cli_conversation *conversation, const char *text)
{
    char *copy = text && *text ? strdup(text) : NULL;
    if (text && *text && !copy) return -1;
    free(conversation->system);
    conversation->system = copy;
    return 0;
}

int conversation_choose_system(cli_conversation *conversation, const char *given, const char *own)
{
    if (!given && !conversation->count) given = own;
    return given ? conversation_set_system(conversation, given) : 0;
}

/* Make the message list of a call. If a message can't be added, the list keeps the error, and the
 * call reports it. */
beluga_messages *conversation_messages(const cli_conversation *conversation, beluga_message *human)
{
    beluga_messages *messages = beluga_messages_new();
    if (!messages) return NULL;
    if (conversation->system)
        beluga_messages_add(messages, beluga_system_message(conversation->system));
    for (size_t i = 0; i < conversation->count; i++)
        beluga_messages_add(messages, beluga_message_ref(conversation->turns[i]));
    beluga_messages_add(messages, beluga_message_ref(human));
    return messages;
}

static int make_room(cli_conversation *conversation)
{
    if (conversation->room > conversation->count) return 0;
    size_t room = conversation->room ? conversation->room * 2 : 16;
    beluga_message **turns = realloc(conversation->turns, room * sizeof(beluga_message *));
    if (!turns) return -1;
    conversation->turns = turns;
    conversation->room = room;
    return 0;
}

int conversation_add_message(cli_conversation *conversation, beluga_message *message)
{
    if (!message || make_room(conversation) != 0) return -1;
    conversation->turns[conversation->count++] = beluga_message_ref(message);
    return 0;
}

/* Remove the messages from index `count` on. @return -1, so that callers can return this failure.
 */
static int drop_from(cli_conversation *conversation, size_t count)
{
    while (conversation->count > count)
        beluga_message_unref(conversation->turns[--conversation->count]);
    return -1;
}

int conversation_add(cli_conversation *conversation, beluga_message *human,
                     const beluga_messages *messages, size_t first, const beluga_response *response)
{
    size_t before = conversation->count;
    const beluga_usage *usage = beluga_response_usage(response);
    beluga_message *ai = beluga_response_message(response);
    int rc = conversation_add_message(conversation, human);
    for (size_t i = first; i < beluga_messages_count(messages) && rc == 0; i++)
        rc = conversation_add_message(conversation, beluga_messages_get(messages, i));
    if (rc == 0) rc = conversation_add_message(conversation, ai);
    beluga_message_unref(ai);
    if (rc != 0) return drop_from(conversation, before);
    if (usage->input_total > 0)
        conversation->input_tokens = beluga__add(conversation->input_tokens, usage->input_total);
    if (usage->output_total > 0)
        conversation->output_tokens = beluga__add(conversation->output_tokens, usage->output_total);
    return 0;
}

size_t conversation_count_turns(const cli_conversation *conversation)
{
    size_t n = 0;
    for (size_t i = 0; i < conversation->count; i++)
        n += beluga_message_role(conversation->turns[i]) == BELUGA_ROLE_HUMAN;
    return n;
}

size_t conversation_last_question(const cli_conversation *conversation)
{
    for (size_t i = conversation->count; i-- > 0;)
        if (beluga_message_role(conversation->turns[i]) == BELUGA_ROLE_HUMAN) return i;
    return conversation->count;
}

void conversation_remove(cli_conversation *conversation, size_t from, size_t to)
{
    beluga_message **turns = conversation->turns;
    for (size_t i = from; i < to; i++) beluga_message_unref(turns[i]);
    memmove(turns + from, turns + to, (conversation->count - to) * sizeof *turns);
    conversation->count -= to - from;
}

void conversation_clear(cli_conversation *conversation)
{
    drop_from(conversation, 0);
    conversation->input_tokens = conversation->output_tokens = 0;
}

void conversation_free(cli_conversation *conversation)
{
    conversation_clear(conversation);
    free(conversation->turns);
    free(conversation->system);
    *conversation = (cli_conversation){0};
}
