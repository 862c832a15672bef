/* Describes settings as text for people, without secrets. */
#include "base/text.h"
#include "config/config.h"
#include "keys/key.h"
#include "options/option.h"
#include "wire/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* An output like that of snprintf: `length` counts the bytes of the whole text, even if it does not
 * fit. */
typedef struct output {
    char *buffer;
    size_t size, length;
} output;

static void put_n(output *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++, out->length++)
        if (out->length + 1 < out->size) out->buffer[out->length] = text[i];
}

static void put(output *out, const char *text)
{
    put_n(out, text, strlen(text));
}

/* Write a URL without the name, password and keys that it may contain. */
static void put_url(output *out, const char *url)
{
    beluga__buf shown;
    beluga__buf_init(&shown, beluga_allocator_default(), BELUGA__MAX_URL_BYTES);
    put(out, beluga__http_redact_url(&shown, url) ? "set" : shown.data);
    beluga__buf_free(&shown);
}

static void put_string(output *out, int key, const beluga__setting *slot)
{
    const char *text = slot->value.string;
    if (key == BELUGA_OPTION_API_KEY)
        put(out, beluga__key_is_reference(text) || beluga__key_is_account(text) ? text : "set");
    else if (key == BELUGA_OPTION_BASE_URL || key == BELUGA_OPTION_PROXY)
        put_url(out, text);
    else
        put_n(out, text, slot->length);
}

static void put_number(output *out, const beluga__setting *slot)
{
    char text[BELUGA__NUMBER_TEXT];
    if (slot->type == BELUGA_OPTION_DURATION)
        beluga__ms_to_text(slot->value.integer, text);
    else if (slot->type == BELUGA_OPTION_DOUBLE)
        beluga__double_to_text(slot->value.number, text);
    else
        snprintf(text, sizeof text, "%lld", (long long)slot->value.integer);
    put(out, text);
}

static void put_word(output *out, int key, const beluga__setting *slot)
{
    const char *const *words = beluga__option_words(key);
    int64_t n = 0;
    while (words && words[n] && n != slot->value.integer) n++;
    if (words && words[n])
        put(out, words[n]);
    else
        put_number(out, slot);
}

/* Write a header. Its value may be a secret, so only the name is shown, or the reference to the
 * secret. */
static void put_header(output *out, int key, const char *line)
{
    const char *colon = strchr(line, ':');
    const char *value = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
    if (colon) put_n(out, line, (size_t)(colon - line) + 1);
    if (colon) put(out, " ");
    if (key == BELUGA_OPTION_HEADERS && beluga__key_is_reference(value))
        put(out, value);
    else
        put(out, key == BELUGA_OPTION_HEADERS && !*value ? "none" : "set");
}

static void put_item(output *out, int key, const beluga__item *item)
{
    beluga__setting slot = {.type = item->type};
    if (item->name) {
        put(out, item->name);
        put(out, "=");
    }
    if (item->type == BELUGA_OPTION_DOUBLE)
        slot.value.number = item->value.number;
    else if (item->type != BELUGA_OPTION_STRING)
        slot.value.integer = item->value.integer;
    if (key == BELUGA_OPTION_EXTRA_HEADERS || key == BELUGA_OPTION_HEADERS)
        put_header(out, key, item->value.string);
    else if (item->type == BELUGA_OPTION_STRING)
        put_n(out, item->value.string, item->length);
    else if (item->type == BELUGA_OPTION_BOOL)
        put(out, item->value.integer ? "true" : "false");
    else
        put_number(out, &slot);
}

static void put_setting(output *out, int key, const beluga__setting *slot)
{
    switch (slot->type) {
    case BELUGA_OPTION_STRING: put_string(out, key, slot); break;
    case BELUGA_OPTION_BOOL: put(out, slot->value.integer ? "true" : "false"); break;
    case BELUGA_OPTION_ENUM: put_word(out, key, slot); break;
    case BELUGA_OPTION_INT:
    case BELUGA_OPTION_DOUBLE:
    case BELUGA_OPTION_DURATION: put_number(out, slot); break;
    case BELUGA_OPTION_LIST:
        for (const beluga__item *item = slot->value.items; item; item = item->next) {
            put_item(out, key, item);
            if (item->next) put(out, ", ");
        }
        break;
    default: put(out, "set"); break;
    }
}

size_t beluga_config_describe(const beluga_config *config, int key, char *buffer, size_t n,
                              beluga_origin *origin)
{
    output out = {.buffer = buffer, .size = n};
    const beluga__setting *slot =
        config && beluga_option_get_info(key) ? &config->settings.known[key] : NULL;
    if (slot && slot->type) put_setting(&out, key, slot);
    if (n) buffer[out.length < n ? out.length : n - 1] = '\0';
    if (origin) *origin = slot && slot->type ? (beluga_origin)slot->origin : BELUGA_ORIGIN_NONE;
    return out.length;
}

const char *beluga_origin_name(beluga_origin origin)
{
    static const char *const names[] = {"none", "default", "file", "environment", "model", "call"};
    size_t i = (size_t)origin;
    return i < sizeof names / sizeof *names ? names[i] : "none";
}
