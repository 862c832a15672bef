#include "base/text.h"
#include "base/utf8.h"
#include "options/option.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 60, LONGEST_NAME = 128 }; /* SHOWN: how many bytes of a bad value an error shows */

/* Set the error `name: "value" what`, where `what` is, for example, "is not a number". */
static int refuse(beluga_error *err, const beluga_option_info *info, const char *value, size_t n,
                  const char *what)
{
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s: \"%.*s\" %s", info->name,
                            (int)beluga__utf8_cut(value, n, SHOWN), value, what);
}

static int parse_word(int key, const char *value, size_t n, beluga_option *out, beluga_error *err)
{
    const char *const *words = beluga__option_words(key);
    char list[128] = "is none of ";
    size_t at = strlen(list);
    for (int i = 0; words[i]; i++) {
        if (strlen(words[i]) == n && memcmp(words[i], value, n) == 0) {
            out->value.integer = i;
            return 0;
        }
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", words[i]);
    }
    return refuse(err, beluga_option_get_info(key), value, n, list);
}

static int parse_duration(const beluga_option_info *info, const char *value, size_t n,
                          beluga_option *out, beluga_error *err)
{
    double number;
    if (beluga__text_to_ms(value, n, &out->value.integer)) return 0;
    if (!beluga__text_to_double(value, n, &number))
        return refuse(err, info, value, n, "is not a duration such as 30s, 500ms or 2m");
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                            "%s: \"%.*s\" has no unit: write %.*ss or %.*sms", info->name, (int)n,
                            value, (int)n, value, (int)n, value);
}

static int parse_bool(const beluga_option_info *info, const char *value, size_t n,
                      beluga_option *out, beluga_error *err)
{
    bool on;
    if (!beluga__text_to_bool(value, n, &on))
        return refuse(err, info, value, n, "is not true or false");
    out->value.integer = on;
    return 0;
}

static int parse_number(const beluga_option_info *info, const char *value, size_t n,
                        beluga_option *out, beluga_error *err)
{
    if (info->type == BELUGA_OPTION_DOUBLE)
        return beluga__text_to_double(value, n, &out->value.number)
                   ? 0
                   : refuse(err, info, value, n, "is not a number");
    return beluga__text_to_int(value, n, &out->value.integer)
               ? 0
               : refuse(err, info, value, n, "is not a whole number");
}

int beluga__option_parse_value(int key, const char *value, size_t n, beluga_option *out,
                               beluga_error *err)
{
    const beluga_option_info *info = beluga_option_get_info(key);
    *out = (beluga_option){.key = (uint16_t)key, .type = (uint16_t)info->type};
    switch (info->type) {
    case BELUGA_OPTION_BOOL: return parse_bool(info, value, n, out, err);
    case BELUGA_OPTION_ENUM: return parse_word(key, value, n, out, err);
    case BELUGA_OPTION_DURATION: return parse_duration(info, value, n, out, err);
    case BELUGA_OPTION_INT:
    case BELUGA_OPTION_DOUBLE: return parse_number(info, value, n, out, err);
    case BELUGA_OPTION_POINTER:
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s can't be written as text",
                                info->name);
    case BELUGA_OPTION_STRING:
    case BELUGA_OPTION_LIST: break;
    }
    out->value.string = value;
    out->length = n;
    return 0;
}

static int unknown(const char *name, size_t n, beluga_error *err)
{
    char copy[LONGEST_NAME + 1];
    size_t cut = beluga__utf8_cut(name, n, LONGEST_NAME);
    memcpy(copy, name, cut);
    copy[cut] = '\0';
    const char *nearest = beluga__option_nearest(copy);
    if (nearest)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "no option is named \"%s\"; did you mean %s?", copy, nearest);
    return beluga_error_set(
        err, BELUGA_ERROR_INVALID_INPUT,
        "no option is named \"%s\"; an option of one provider is written PROVIDER.NAME", copy);
}

/* Returns whether a name has the form "provider.name", with text on both sides of the first dot. */
static bool is_own_name(const char *name, size_t n)
{
    const char *dot = memchr(name, '.', n);
    return dot && dot > name && dot + 1 < name + n && n <= LONGEST_NAME;
}

int beluga_option_parse(const char *text, beluga_option *out, beluga_error *err)
{
    if (!text || !out)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "text or out is NULL");
    size_t n = strcspn(text, "=");
    const char *value = text + n + 1;
    int key = beluga__option_find(text, n);
    bool own = !key && is_own_name(text, n);
    if (key == BELUGA_OPTION_PROVIDER_SPECIFIC)
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "provider_specific: write the option's own name, such as openai.organization=VALUE");
    if (!key && !own) return unknown(text, n, err);
    if (!text[n])
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "\"%s\" has no value: write %s=VALUE", text, text);
    beluga_option option = {.key = BELUGA_OPTION_PROVIDER_SPECIFIC,
                            .type = BELUGA_OPTION_STRING,
                            .name = text,
                            .value.string = value,
                            .length = strlen(value)};
    int status = own ? 0 : beluga__option_parse_value(key, value, strlen(value), &option, err);
    if (!status) *out = option;
    return status;
}
