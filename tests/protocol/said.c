#include "said.h"

#include <stdarg.h>
#include <stdio.h>

static char text[16384];
static size_t used;

static void add(const char *format, ...) BELUGA_PRINTF(1, 2);
static void add(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int n = vsnprintf(text + used, sizeof text - used, format, values);
    va_end(values);
    if (n > 0) used += (size_t)n;
    if (used >= sizeof text) used = sizeof text - 1;
}

static void add_text(const beluga_part *part)
{
    add("'%.*s'", (int)part->text_length, part->text ? part->text : "");
}

static void add_media(const char *kind, const beluga_part *part)
{
    if (part->url)
        add("%s(%s)", kind, part->url);
    else
        add("%s(%s, %s, %zu bytes)", kind, part->name ? part->name : "-",
            part->media_type ? part->media_type : "-", part->data_length);
}

static void add_part(const beluga_part *part)
{
    switch (part->kind) {
    case BELUGA_PART_TEXT: add_text(part); break;
    case BELUGA_PART_REASONING:
        add("thought(");
        add_text(part);
        if (part->signature_length)
            add(" signed '%.*s'", (int)part->signature_length, part->signature);
        add(")");
        break;
    case BELUGA_PART_TOOL_CALL:
        add("call(%s %s ", part->id, part->name);
        add_text(part);
        add(")");
        break;
    case BELUGA_PART_IMAGE: add_media("image", part); break;
    case BELUGA_PART_AUDIO: add_media("audio", part); break;
    case BELUGA_PART_FILE: add_media("file", part); break;
    default: break;
    }
    if (part->state)
        add("%sstate(%s %s)", part->kind == BELUGA_PART_STATE ? "" : "+", part->state_provider,
            part->state);
    if (part->flags & BELUGA_PART_CACHE) add("*");
}

static void add_message(const beluga_message *message)
{
    static const char *const roles[] = {[BELUGA_ROLE_SYSTEM] = "system",
                                        [BELUGA_ROLE_HUMAN] = "human",
                                        [BELUGA_ROLE_AI] = "ai",
                                        [BELUGA_ROLE_TOOL] = "tool"};
    const char *id = beluga_message_tool_call_id(message);
    add("%s%s%s:", roles[beluga_message_role(message)], id ? " " : "", id ? id : "");
    for (size_t i = 0; i < beluga_message_count(message); i++) {
        add(" ");
        add_part(beluga_message_part(message, i));
    }
    add("\n");
}

const char *said(const beluga_messages *messages)
{
    used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < beluga_messages_count(messages); i++)
        add_message(beluga_messages_get(messages, i));
    return text;
}
