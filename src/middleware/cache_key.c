/* Makes the key of a call in the cache. Two calls have the same key if the provider receives the
 * same request, so the key is a digest of everything that the provider sees. The length of each
 * field is hashed before the field, so that different fields never give the same bytes. */
#include "middleware/cache_key.h"

#include <string.h>

enum { VERSION = 1 };

static void add(beluga__sha256 *c, const void *bytes, size_t n)
{
    uint64_t length = bytes ? n : UINT64_MAX; /* a missing text must differ from an empty one */
    beluga__sha256_add(c, &length, sizeof length);
    if (bytes) beluga__sha256_add(c, bytes, n);
}

static void add_text(beluga__sha256 *c, const char *text)
{
    add(c, text, text ? strlen(text) : 0);
}

static void add_number(beluga__sha256 *c, int64_t number)
{
    add(c, &number, sizeof number);
}

static void add_items(beluga__sha256 *c, const beluga__item *item)
{
    for (; item; item = item->next) {
        add_text(c, item->name);
        add_number(c, item->type);
        if (item->type == BELUGA_OPTION_STRING)
            add(c, item->value.string, item->length);
        else
            add_number(c, item->value.integer); /* a double is hashed by its bit pattern */
    }
    add_number(c, 0);
}

static void add_setting(beluga__sha256 *c, const beluga__setting *s)
{
    add_number(c, s->type);
    if (!s->type) return;
    if (s->type == BELUGA_OPTION_STRING)
        add(c, s->value.string, s->length);
    else if (s->type == BELUGA_OPTION_LIST)
        add_items(c, s->value.items);
    else
        add_number(c, s->value.integer);
}

static void add_part(beluga__sha256 *c, const beluga_part *p)
{
    add_number(c, p->kind);
    add_number(c, p->flags);
    add(c, p->text, p->text_length);
    add_text(c, p->id);
    add_text(c, p->name);
    add_text(c, p->media_type);
    add_text(c, p->url);
    add(c, p->data, p->data_length);
    add(c, p->signature, p->signature_length);
    add_text(c, p->state_provider);
    add(c, p->state, p->state_length);
}

static void add_message(beluga__sha256 *c, const beluga_message *m)
{
    add_number(c, beluga_message_role(m));
    add_text(c, beluga_message_tool_call_id(m));
    add_number(c, beluga_message_is_tool_error(m));
    add_number(c, (int64_t)beluga_message_count(m));
    for (size_t i = 0; i < beluga_message_count(m); i++) add_part(c, beluga_message_part(m, i));
}

static void add_tool(beluga__sha256 *c, const beluga_tool *tool)
{
    size_t n;
    const char *parameters = beluga_tool_parameters(tool, &n);
    add_text(c, beluga_tool_name(tool));
    add_text(c, beluga_tool_description(tool));
    add(c, parameters, n);
    add_number(c, beluga_tool_is_strict(tool));
}

static void add_call(beluga__sha256 *c, const beluga_call *call)
{
    add_number(c, VERSION);
    add_text(c, call->target->provider->name);
    add_text(c, call->target->base_url);
    add_text(c, call->model_name);
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++)
        if (beluga_option_shapes_answer(key)) add_setting(c, &call->settings->known[key]);
    add_number(c, (int64_t)call->n_tools);
    for (size_t i = 0; i < call->n_tools; i++) add_tool(c, call->tools[i]);
    for (size_t i = 0; i < call->n_messages; i++) add_message(c, call->messages[i]);
}

void beluga__cache_key(const beluga_call *call, char key[BELUGA__CACHE_KEY])
{
    beluga__sha256 sha;
    beluga__sha256_begin(&sha);
    add_call(&sha, call);
    beluga__sha256_end(&sha, key);
}
