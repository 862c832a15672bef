/* Writes conversations as one prompt, for APIs that don't accept messages. */
#include "model/call.h"
#include "wire/http.h"

#include <beluga/provider/provider.h>

/* The templates that the makers of the models publish. They do not contain the token that begins a
 * prompt ("<s>", "<|begin_of_text|>"), since the server's tokenizer adds it. */
#define TURNS(before, between, after, system_role, human_role, ai_role, tool_role)              \
    .system = {before system_role between, after}, .human = {before human_role between, after}, \
    .ai = {before ai_role between, after}, .tool = {before tool_role between, after}
static const beluga_prompt_format formats[] = {
    {.name = "chatml",
     TURNS("<|im_start|>", "\n", "<|im_end|>\n", "system", "user", "assistant", "tool")},
    {.name = "llama3",
     TURNS("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "system", "user",
           "assistant", "ipython")},
    {.name = "gemma",
     TURNS("<start_of_turn>", "\n", "<end_of_turn>\n", "user", "user", "model", "user")},
    {.name = "phi3", TURNS("<|", "|>\n", "<|end|>\n", "system", "user", "assistant", "user")},
    {.name = "plain", TURNS("", ": ", "\n", "System", "User", "Assistant", "Tool")},
};

const beluga_prompt_format *beluga_prompt_format_find(const char *name)
{
    if (!name) return formats;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0) return &formats[i];
    return NULL;
}

static const beluga_prompt_turn *turn_of(const beluga_prompt_format *format, beluga_role role)
{
    switch (role) {
    case BELUGA_ROLE_SYSTEM: return &format->system;
    case BELUGA_ROLE_AI: return &format->ai;
    case BELUGA_ROLE_TOOL: return &format->tool;
    default: return &format->human;
    }
}

static void add(beluga_json_writer *w, const char *text)
{
    if (text) beluga_json_add_text(w, text, strlen(text));
}

static void add_parts(beluga_http_request *request, const beluga_message *message, bool *left_out)
{
    const beluga_part *part;
    for (size_t i = 0; (part = beluga_message_part(message, i)) != NULL; i++) {
        if (part->kind == BELUGA_PART_TEXT)
            beluga_json_add_text(&request->writer, part->text, part->text_length);
        else if (!*left_out)
            beluga_http_request_warn(
                request,
                "only the texts of messages are put into the prompt: other parts are not sent");
        *left_out = *left_out || part->kind != BELUGA_PART_TEXT;
    }
}

void beluga_http_request_put_prompt(beluga_http_request *request, const beluga_call *call,
                                    const char *name, const beluga_prompt_format *format)
{
    beluga_json_writer *w = beluga_http_request_json(request);
    bool left_out = false, goes_on = false;
    if (!format) {
        beluga_json_put_null(w, NULL); /* This null without a key makes the whole request fail. */
        return;
    }
    beluga_json_begin_string(w, name);
    for (size_t i = 0; i < call->n_messages; i++) {
        const beluga_message *message = call->messages[i];
        const beluga_prompt_turn *turn = turn_of(format, beluga_message_role(message));
        goes_on = i + 1 == call->n_messages && turn == &format->ai;
        add(w, turn->before);
        add_parts(request, message, &left_out);
        if (!goes_on) add(w, turn->after);
    }
    if (!goes_on) add(w, format->ai.before);
    beluga_json_end_string(w);
}
