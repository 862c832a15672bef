#include "logbook/message.h"

#include <stdio.h>
#include <string.h>

static const struct {
    beluga_part_kind kind;
    const char *name;
} kinds[] = {
    {BELUGA_PART_TEXT, "text"},           {BELUGA_PART_IMAGE, "image"},
    {BELUGA_PART_AUDIO, "audio"},         {BELUGA_PART_FILE, "file"},
    {BELUGA_PART_REASONING, "reasoning"}, {BELUGA_PART_TOOL_CALL, "tool_call"},
    {BELUGA_PART_STATE, "state"},
};
#define N_KINDS (sizeof kinds / sizeof kinds[0])

bool logbook_message_is_plain(const beluga_message *message)
{
    const beluga_part *part = beluga_message_part(message, 0);
    if (beluga_message_count(message) == 0) return true;
    return beluga_message_count(message) == 1 && part->kind == BELUGA_PART_TEXT && !part->state &&
           (!part->text_length || !memchr(part->text, '\0', part->text_length));
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_data(beluga_json_writer *w, const beluga_part *part)
{
    char prefix[160];
    if (part->data_length > LOGBOOK_MAX_ATTACHED_BYTES) {
        beluga_json_put_int(w, "omitted_bytes", (int64_t)part->data_length);
        return;
    }
    snprintf(prefix, sizeof prefix, "data:%.100s;base64,",
             part->media_type ? part->media_type : "application/octet-stream");
    beluga_json_put_base64(w, "url", prefix, part->data, part->data_length);
}

static void put_known(beluga_json_writer *w, const char *key, const char *text)
{
    if (text) beluga_json_put_string(w, key, text);
}

static void put_part(beluga_json_writer *w, const beluga_part *part)
{
    beluga_json_begin_object(w, NULL);
    for (size_t i = 0; i < N_KINDS; i++)
        if ((uint32_t)kinds[i].kind == part->kind) beluga_json_put_string(w, "type", kinds[i].name);
    put_known(w, "id", part->id);
    put_known(w, "name", part->name);
    put_known(w, "media_type", part->media_type);
    if (part->text) beluga_json_put_string_n(w, "text", part->text, part->text_length);
    if (part->signature)
        beluga_json_put_string_n(w, "signature", part->signature, part->signature_length);
    if (part->state) {
        beluga_json_begin_object(w, "state");
        beluga_json_put_raw(w, part->state_provider, part->state, part->state_length);
        beluga_json_end_object(w);
    }
    if (part->data)
        put_data(w, part);
    else
        put_known(w, "url", part->url);
    beluga_json_end_object(w);
}

void logbook_message_put(beluga_json_writer *w, const char *key, const beluga_message *message)
{
    beluga_json_begin_array(w, key);
    for (size_t i = 0; i < beluga_message_count(message); i++)
        put_part(w, beluga_message_part(message, i));
    beluga_json_end_array(w);
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint32_t kind_of(const beluga_json *part)
{
    const char *name = beluga_json_get_string(part, "type", NULL);
    for (size_t i = 0; name && i < N_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) return kinds[i].kind;
    return 0;
}

static int add_content(beluga_message *message, const beluga_json *part, bool *left_out)
{
    size_t n = 0, signature_length = 0;
    const char *text = beluga_json_get_string(part, "text", &n);
    const char *url = beluga_json_get_string(part, "url", NULL);
    const char *signature = beluga_json_get_string(part, "signature", &signature_length);
    uint32_t kind = kind_of(part);
    switch (kind) {
    case BELUGA_PART_TEXT: return text ? beluga_message_add_text(message, text, n) : -1;
    case BELUGA_PART_REASONING:
        return beluga_message_add_reasoning(message, text ? text : "", n, signature,
                                            signature_length);
    case BELUGA_PART_TOOL_CALL:
        return beluga_message_add_tool_call(message, beluga_json_get_string(part, "id", NULL),
                                            beluga_json_get_string(part, "name", NULL), text, n);
    case 0: return -1;
    }
    if (url)
        return beluga_message_add_url(message, (beluga_part_kind)kind, url,
                                      beluga_json_get_string(part, "media_type", NULL));
    *left_out = true;
    return 0;
}

/* Add the states of a part, from an object {"PROVIDER": STATE}. The providers need the states back
 * when the conversation continues. */
static int add_state(beluga_message *message, const beluga_json *state, beluga_json_doc *doc,
                     bool alone)
{
    size_t n = 0;
    const beluga_json *value = beluga_json_first(state);
    const char *json = value ? beluga_json_text(doc, value, &n) : NULL;
    const char *provider = value ? beluga_json_key(value, NULL) : NULL;
    if (!beluga_json_is_object(state)) return 0;
    if (!json) return -1;
    return alone ? beluga_message_add_state(message, provider, json, n)
                 : beluga_message_set_state(message, provider, json, n);
}

static int add_part(beluga_message *message, const beluga_json *part, beluga_json_doc *doc,
                    bool *left_out)
{
    const beluga_json *state = beluga_json_get(part, "state");
    bool alone = kind_of(part) == BELUGA_PART_STATE;
    int rc = alone ? 0 : add_content(message, part, left_out);
    return rc ? rc : add_state(message, state, doc, alone);
}

static int add_parts(beluga_message *message, const char *json, bool *left_out)
{
    beluga_json_doc *doc = NULL;
    int rc = beluga_json_parse(json, strlen(json), &doc, NULL);
    const beluga_json *parts = rc == 0 ? beluga_json_doc_root(doc) : NULL;
    if (rc == 0 && !beluga_json_is_array(parts)) rc = -1;
    for (const beluga_json *p = beluga_json_first(parts); p && rc == 0;
         p = beluga_json_next(parts, p))
        rc = add_part(message, p, doc, left_out);
    beluga_json_doc_free(doc);
    return rc;
}

beluga_message *logbook_message_read(beluga_role role, const char *json, const char *text,
                                     bool *left_out)
{
    beluga_message *message = beluga_message_new(role);
    if (!message) return NULL;
    int rc = json ? add_parts(message, json, left_out)
                  : beluga_message_add_text(message, text ? text : "", text ? strlen(text) : 0);
    if (rc == 0) return message;
    beluga_message_unref(message);
    return NULL;
}
