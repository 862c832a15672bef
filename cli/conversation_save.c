#include "base/new_file.h"
#include "conversation.h"
#include "text.h"

#include <beluga/provider/json.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const char *const roles[] = {[BELUGA_ROLE_SYSTEM] = "system",
                                    [BELUGA_ROLE_HUMAN] = "user",
                                    [BELUGA_ROLE_AI] = "assistant",
                                    [BELUGA_ROLE_TOOL] = "tool"};
static const char *const headings[] = {[BELUGA_ROLE_SYSTEM] = "System",
                                       [BELUGA_ROLE_HUMAN] = "You",
                                       [BELUGA_ROLE_AI] = "Model",
                                       [BELUGA_ROLE_TOOL] = "Tool"};

/* ---- as Markdown ----------------------------------------------------------------------------- */

static void put_calls(cli_text *to, const beluga_message *message)
{
    for (size_t i = 0; i < beluga_message_count(message); i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind == BELUGA_PART_TOOL_CALL)
            text_printf(to, "`%s(%.*s)`\n\n", part->name, (int)part->text_length, part->text);
    }
}

static void put_section(cli_text *to, beluga_role role, const char *text, size_t n)
{
    text_printf(to, "## %s\n\n", headings[role]);
    text_add(to, text, n);
    if (n) text_puts(to, "\n\n");
}

static void write_markdown(const cli_conversation *conversation, cli_text *to)
{
    const char *system = conversation->system;
    if (system) put_section(to, BELUGA_ROLE_SYSTEM, system, strlen(system));
    for (size_t i = 0; i < conversation->count; i++) {
        const beluga_message *message = conversation->turns[i];
        size_t n;
        const char *text = beluga_message_text(message, &n);
        put_section(to, beluga_message_role(message), text, n);
        put_calls(to, message);
    }
}

/* ---- conversations as JSON, which a line of a batch may also contain ------------------------- */

static void put_call(beluga_json_writer *w, const beluga_part *part)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "id", part->id);
    beluga_json_put_string(w, "type", "function");
    beluga_json_begin_object(w, "function");
    beluga_json_put_string(w, "name", part->name);
    beluga_json_put_string_n(w, "arguments", part->text, part->text_length);
    beluga_json_end_object(w);
    beluga_json_end_object(w);
}

static void put_json_calls(beluga_json_writer *w, const beluga_message *message)
{
    bool begun = false;
    for (size_t i = 0; i < beluga_message_count(message); i++) {
        const beluga_part *part = beluga_message_part(message, i);
        if (part->kind != BELUGA_PART_TOOL_CALL) continue;
        if (!begun) beluga_json_begin_array(w, "tool_calls");
        begun = true;
        put_call(w, part);
    }
    if (begun) beluga_json_end_array(w);
}

static void begin_message(beluga_json_writer *w, beluga_role role, const char *text, size_t n)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "role", roles[role]);
    beluga_json_put_string_n(w, "content", text, n);
}

static void put_message(beluga_json_writer *w, const beluga_message *message)
{
    size_t n;
    const char *text = beluga_message_text(message, &n), *id = beluga_message_tool_call_id(message);
    begin_message(w, beluga_message_role(message), text, n);
    if (id && *id) beluga_json_put_string(w, "tool_call_id", id);
    put_json_calls(w, message);
    beluga_json_end_object(w);
}

static void put_messages(beluga_json_writer *w, const cli_conversation *conversation)
{
    const char *system = conversation->system;
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "messages");
    if (system) {
        begin_message(w, BELUGA_ROLE_SYSTEM, system, strlen(system));
        beluga_json_end_object(w);
    }
    for (size_t i = 0; i < conversation->count; i++) put_message(w, conversation->turns[i]);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
}

static void write_json(const cli_conversation *conversation, cli_text *to)
{
    beluga_json_writer *w = beluga_json_writer_new();
    const char *json;
    size_t n;
    if (w) put_messages(w, conversation);
    to->status = w ? beluga_json_writer_text(w, &json, &n) : BELUGA_ERROR_NO_MEMORY;
    if (!to->status) text_add(to, json, n);
    text_puts(to, "\n");
    beluga_json_writer_free(w);
}

/* ---- the file -------------------------------------------------------------------------------- */

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
