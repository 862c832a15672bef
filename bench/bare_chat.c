#include "bare_chat.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

char *bare_chat_request(bool streamed, const char *question)
{
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *messages = yyjson_mut_arr(doc);
    yyjson_mut_val *message = yyjson_mut_arr_add_obj(doc, messages);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "model", "any");
    yyjson_mut_obj_add_val(doc, root, "messages", messages);
    yyjson_mut_obj_add_str(doc, message, "role", "user");
    yyjson_mut_obj_add_str(doc, message, "content", question);
    if (streamed) {
        yyjson_mut_obj_add_bool(doc, root, "stream", true);
        yyjson_mut_val *options = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_bool(doc, options, "include_usage", true);
        yyjson_mut_obj_add_val(doc, root, "stream_options", options);
    }
    char *json = yyjson_mut_write(doc, 0, NULL);
    yyjson_mut_doc_free(doc);
    if (!json) give_up("bare request", "no memory");
    return json;
}

/* Return the first choice of an answer or of a chunk; NULL if there is none. */
static yyjson_val *first_choice(yyjson_doc *doc)
{
    return yyjson_arr_get(yyjson_obj_get(yyjson_doc_get_root(doc), "choices"), 0);
}

static const char *content_of(yyjson_val *message)
{
    return yyjson_get_str(yyjson_obj_get(message, "content"));
}

static int64_t count(yyjson_val *usage, const char *name)
{
    return yyjson_get_sint(yyjson_obj_get(usage, name));
}

void bare_chat_read_answer(const bare_exchange *x)
{
    yyjson_doc *doc = yyjson_read(x->body, x->received, 0);
    yyjson_val *choice = first_choice(doc);
    yyjson_val *usage = yyjson_obj_get(yyjson_doc_get_root(doc), "usage");
    const char *text = content_of(yyjson_obj_get(choice, "message"));
    const char *reason = yyjson_get_str(yyjson_obj_get(choice, "finish_reason"));
    int64_t tokens = count(usage, "prompt_tokens") + count(usage, "completion_tokens");
    char *copy = text ? strdup(text) : NULL;
    if (!copy || !*copy || !reason || !tokens) give_up("bare answer", "is not complete");
    free(copy);
    yyjson_doc_free(doc);
}

/* Parse one chunk. Returns whether it had text. */
static bool read_chunk(const char *json, size_t length)
{
    yyjson_doc *doc = yyjson_read(json, length, 0);
    if (!doc) give_up("bare stream", "a chunk is no JSON");
    const char *text = content_of(yyjson_obj_get(first_choice(doc), "delta"));
    bool has_text = text && *text;
    yyjson_doc_free(doc);
    return has_text;
}

size_t bare_chat_read_stream(const bare_exchange *x)
{
    static const char prefix[] = "data: {";
    const char *at = x->body, *end = x->body + x->received;
    size_t texts = 0;
    if (x->received > x->capacity) give_up("bare stream", "is longer than its room");
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((stop ? stop : end) - at);
        if (length >= sizeof prefix && memcmp(at, prefix, sizeof prefix - 1) == 0)
            texts += read_chunk(at + sizeof prefix - 2, length - (sizeof prefix - 2));
        at += length + 1;
    }
    return texts;
}
