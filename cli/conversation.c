#include "conversation.h"

#include "base/new_file.h"
#include "base/sum.h"
#include "text.h"

#include <beluga/provider/json.h>

#include <errno.h>
#include <fcntl.h>
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

void conversation_remove(cli_conversation *conversation, size_t at)
{
    beluga_message **turns = conversation->turns + at;
    beluga_message_unref(turns[0]);
    beluga_message_unref(turns[1]);
    conversation->count -= 2;
    memmove(turns, turns + 2, (conversation->count - at) * sizeof *turns);
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

/* ---- saving ---------------------------------------------------------------------------------- */

static void put_markdown(cli_text *to, const char *title, const char *text, size_t n)
{
    text_printf(to, "## %s\n\n", title);
    text_add(to, text, n);
    text_puts(to, "\n\n");
}

static void write_markdown(const cli_conversation *conversation, cli_text *to)
{
    const char *system = conversation->system;
    if (system) put_markdown(to, "System", system, strlen(system));
    for (size_t i = 0; i < conversation->count; i++) {
        size_t n;
        const char *text = beluga_message_text(conversation->turns[i], &n);
        bool is_ai = beluga_message_role(conversation->turns[i]) == BELUGA_ROLE_AI;
        put_markdown(to, is_ai ? "Model" : "You", text, n);
    }
}

static void put_json(beluga_json_writer *w, const char *role, const char *text, size_t n)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", role);
    beluga_json_put_string_n(w, "content", text, n);
    beluga_json_end_object(w);
}

/* A line of a batch, or of a program that talks to a model, may be the same. */
static void write_json(const cli_conversation *conversation, cli_text *to)
{
    beluga_json_writer *w = beluga_json_writer_new();
    const char *json, *system = conversation->system;
    size_t n;
    to->status = BELUGA_ERROR_NO_MEMORY;
    if (!w) return;
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "messages");
    if (system) put_json(w, "system", system, strlen(system));
    for (size_t i = 0; i < conversation->count; i++) {
        const beluga_message *message = conversation->turns[i];
        bool is_ai = beluga_message_role(message) == BELUGA_ROLE_AI;
        const char *text = beluga_message_text(message, &n);
        put_json(w, is_ai ? "assistant" : "user", text, n);
    }
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    to->status = beluga_json_writer_text(w, &json, &n);
    text_add(to, json, n);
    text_puts(to, "\n");
    beluga_json_writer_free(w);
}

static int write_new(const char *path, const cli_text *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, BELUGA__PRIVATE_MODE);
    if (fd < 0) return -1;
    int rc = beluga__file_write(fd, text_get(text), text->length), error = errno;
    if (close(fd) != 0 && rc == 0) {
        rc = -1;
        error = errno;
    }
    if (rc != 0) unlink(path);
    errno = error;
    return rc;
}

static int write_over(const char *path, const cli_text *text)
{
    beluga__new_file file;
    if (beluga__new_file_begin(&file, path, true) != 0) return -1;
    int rc = beluga__file_write(file.fd, text_get(text), text->length);
    if (rc == 0) rc = beluga__new_file_replace(&file);
    beluga__new_file_end(&file);
    return rc;
}

int conversation_save(const cli_conversation *conversation, const char *path, bool replace)
{
    size_t n = strlen(path);
    bool as_json = n >= 5 && strcmp(path + n - 5, ".json") == 0;
    cli_text text = {0};
    (as_json ? write_json : write_markdown)(conversation, &text);
    int rc = -1, failed = text.status;
    if (!failed) rc = replace ? write_over(path, &text) : write_new(path, &text);
    text_free(&text);
    if (failed) errno = ENOMEM;
    return rc;
}
