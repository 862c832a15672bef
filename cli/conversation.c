#include "conversation.h"

#include "base/new_file.h"
#include "base/sum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The list remembers every failure here, and the call reports it. */
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
    if (conversation->room - conversation->count >= 2) return 0;
    size_t room = conversation->room ? conversation->room * 2 : 16;
    beluga_message **turns = realloc(conversation->turns, room * sizeof(beluga_message *));
    if (!turns) return -1;
    conversation->turns = turns;
    conversation->room = room;
    return 0;
}

int conversation_add_turn(cli_conversation *conversation, beluga_message *human, beluga_message *ai)
{
    if (make_room(conversation) != 0) return -1;
    conversation->turns[conversation->count++] = beluga_message_ref(human);
    conversation->turns[conversation->count++] = beluga_message_ref(ai);
    return 0;
}

int conversation_add(cli_conversation *conversation, beluga_message *human,
                     const beluga_response *response)
{
    const beluga_usage *usage = beluga_response_usage(response);
    beluga_message *ai = beluga_response_message(response);
    int rc = ai ? conversation_add_turn(conversation, human, ai) : -1;
    beluga_message_unref(ai);
    if (rc != 0) return -1;
    if (usage->input_total > 0)
        conversation->input_tokens = beluga__add(conversation->input_tokens, usage->input_total);
    if (usage->output_total > 0)
        conversation->output_tokens = beluga__add(conversation->output_tokens, usage->output_total);
    return 0;
}

void conversation_clear(cli_conversation *conversation)
{
    while (conversation->count) beluga_message_unref(conversation->turns[--conversation->count]);
    conversation->input_tokens = conversation->output_tokens = 0;
}

void conversation_free(cli_conversation *conversation)
{
    conversation_clear(conversation);
    free(conversation->turns);
    free(conversation->system);
    *conversation = (cli_conversation){0};
}

static void write_turn(FILE *file, const beluga_message *message)
{
    size_t length;
    const char *text = beluga_message_text(message, &length);
    fprintf(file, "## %s\n\n", beluga_message_role(message) == BELUGA_ROLE_AI ? "Model" : "You");
    fwrite(text, 1, length, file);
    fputs("\n\n", file);
}

int conversation_save(const cli_conversation *conversation, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, BELUGA__PRIVATE_MODE);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        if (fd >= 0) close(fd);
        return -1;
    }
    if (conversation->system) fprintf(file, "## System\n\n%s\n\n", conversation->system);
    for (size_t i = 0; i < conversation->count; i++) write_turn(file, conversation->turns[i]);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        if (!errno) errno = EIO;
        return -1;
    }
    return 0;
}
