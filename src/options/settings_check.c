#include "base/text.h"
#include "base/utf8.h"
#include "options/option.h"
#include "options/settings.h"
#include "wire/outgoing.h"

#include <beluga/provider/provider.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SHOWN = 60, TAIL = sizeof "; and 4294967295 more" };

/* The faults that fit into one message, and the number of further faults. */
typedef struct faults {
    char text[sizeof((beluga_error *)0)->message];
    size_t length;
    unsigned left_out;
    int status; /* NO_MEMORY if the check ran out of memory */
} faults;

static void fault(faults *f, const char *format, ...) BELUGA_PRINTF(2, 3);

static void fault(faults *f, const char *format, ...)
{
    char one[sizeof f->text - TAIL];
    va_list args;
    va_start(args, format);
    vsnprintf(one, sizeof one, format, args);
    va_end(args);
    size_t separator = f->length ? 2 : 0;
    size_t n = strlen(one);
    if (f->left_out || f->length + separator + n > sizeof one - 1) {
        f->left_out++;
        return;
    }
    memcpy(f->text + f->length, "; ", separator);
    memcpy(f->text + f->length + separator, one, n + 1);
    f->length += separator + n;
}

static int report(const faults *f, char scope, beluga_error *err)
{
    if (f->status) return beluga_error_set(err, f->status, "no memory to check the options");
    if (!f->length && !f->left_out) return 0;
    int code = scope == 'M' ? BELUGA_ERROR_INVALID_CONFIG : BELUGA_ERROR_INVALID_INPUT;
    if (f->left_out) return beluga_error_set(err, code, "%s; and %u more", f->text, f->left_out);
    return beluga_error_set(err, code, "%s", f->text);
}

/* --- ranges ----------------------------------------------------------------------------------- */

static void write_number(char *text, double value, int type)
{
    if (type == BELUGA_OPTION_DURATION)
        beluga__ms_to_text((int64_t)value, text);
    else if (type == BELUGA_OPTION_DOUBLE)
        beluga__double_to_text(value, text);
    else
        snprintf(text, BELUGA__NUMBER_TEXT, "%lld", (long long)value);
}

static void write_value(char *text, const beluga__setting *s)
{
    if (s->type == BELUGA_OPTION_DURATION)
        beluga__ms_to_text(s->value.integer, text);
    else if (s->type == BELUGA_OPTION_DOUBLE)
        beluga__double_to_text(s->value.number, text);
    else
        snprintf(text, BELUGA__NUMBER_TEXT, "%lld", (long long)s->value.integer);
}

/* Returns whether messages should mention a maximum. They don't if it is only the largest value of
 * the type. */
static bool has_top(double maximum)
{
    return maximum < 2147483647 || maximum > 2147483647;
}

static void fault_range(faults *f, const char *name, const beluga__setting *s, double low,
                        double high, int type)
{
    char is[BELUGA__NUMBER_TEXT], from[BELUGA__NUMBER_TEXT], to[BELUGA__NUMBER_TEXT];
    double value = s->type == BELUGA_OPTION_DOUBLE ? s->value.number : (double)s->value.integer;
    write_value(is, s);
    write_number(from, low, type);
    write_number(to, high, type);
    if (has_top(high))
        fault(f, "%s must be %s to %s (is %s)", name, from, to, is);
    else if (value < low)
        fault(f, "%s must be at least %s (is %s)", name, from, is);
    else
        fault(f, "%s must be at most %s (is %s)", name, to, is);
}

static void check_range(faults *f, const char *name, const beluga__setting *s, double low,
                        double high, int type)
{
    double value = s->type == BELUGA_OPTION_DOUBLE ? s->value.number : (double)s->value.integer;
    if ((low || high) && !(value >= low && value <= high)) fault_range(f, name, s, low, high, type);
}

/* --- text ------------------------------------------------------------------------------------- */

static bool check_utf8(faults *f, const char *name, const char *text, size_t n)
{
    size_t valid = beluga__utf8_valid(text, n);
    if (valid < n) fault(f, "%s: invalid UTF-8 at byte %zu", name, valid);
    return valid == n;
}

static void check_object(faults *f, const char *name, const char *text, size_t n)
{
    beluga_error why;
    beluga_json_doc *doc = NULL;
    int status = beluga_json_parse(text, n, &doc, &why);
    if (status == BELUGA_ERROR_NO_MEMORY)
        f->status = status;
    else if (status)
        fault(f, "%s: %s", name, why.message);
    else if (!beluga_json_is_object(beluga_json_doc_root(doc)))
        fault(f, "%s is not a JSON object", name);
    beluga_json_doc_free(doc);
}

/* --- text that is sent in a header or the URL ------------------------------------------------- */

/* Check a header's value. The error never quotes the value, since it may be a secret or contain
 * bytes that confuse a terminal. */
static void check_header_value(faults *f, const char *name, const char *text, size_t n)
{
    beluga__misfit m;
    if (!beluga__fits_header(text, n, &m))
        fault(f, "%s: %s at byte %zu can't be sent in a header", name, m.what, m.at);
}

static void check_name(faults *f, const char *name, const char *text, size_t n)
{
    beluga__misfit m;
    if (!beluga__fits_name(text, n, &m))
        fault(f, "%s: %s at byte %zu can't be part of a name", name, m.what, m.at);
}

static void check_proxy(faults *f, const char *name, const char *url, size_t n)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    beluga__misfit m;
    const char *end = strstr(url, "://");
    size_t i = 0, length = end ? (size_t)(end - url) : 0, count = sizeof schemes / sizeof *schemes;
    while (i < count && (strncasecmp(url, schemes[i], length) != 0 || strlen(schemes[i]) != length))
        i++;
    if (!beluga__fits_url(url, n, &m))
        fault(f, "%s: %s at byte %zu can't be part of a URL: percent-encode it", name, m.what,
              m.at);
    else if (end && i == count)
        fault(f,
              "%s must begin with http://, https://, socks4://, socks4a://, socks5:// or "
              "socks5h://",
              name);
}

static void check_string(faults *f, int key, const beluga__setting *s)
{
    const char *name = beluga_option_get_info(key)->name, *text = s->value.string;
    if (!check_utf8(f, name, text, s->length)) return;
    switch (key) {
    case BELUGA_OPTION_EXTRA_BODY:
    case BELUGA_OPTION_REQUEST_BODY:
    case BELUGA_OPTION_RESPONSE_SCHEMA:
    case BELUGA_OPTION_BODY: check_object(f, name, text, s->length); return;
    case BELUGA_OPTION_USER_AGENT: check_header_value(f, name, text, s->length); return;
    case BELUGA_OPTION_MODEL_NAME: check_name(f, name, text, s->length); return;
    case BELUGA_OPTION_PROXY: check_proxy(f, name, text, s->length); return;
    default: break;
    }
    if (memchr(text, '\0', s->length)) fault(f, "%s has a NUL byte in it", name);
}

static void check_header(faults *f, const char *option, size_t item, const char *line, size_t n)
{
    beluga__misfit m;
    const char *colon = memchr(line, ':', n);
    size_t name = colon ? (size_t)(colon - line) : n;
    if (!colon || !beluga__fits_header_name(line, name, &m)) {
        fault(f, "%s: item %zu is not \"Name: value\"", option, item);
        return;
    }
    const char *ours = beluga__header_is_ours(line, name);
    if (ours)
        fault(f, "%s: item %zu: %.*s can't be set: %s", option, item, (int)name, line, ours);
    else if (!beluga__fits_header(colon, n - name, &m))
        fault(f, "%s: item %zu: %s at byte %zu can't be sent in a header", option, item, m.what,
              name + m.at);
}

static void check_error_name(faults *f, const char *option, const char *name)
{
    int shown = (int)beluga__utf8_cut(name, strlen(name), SHOWN);
    if (!beluga_error_code_from_name(name))
        fault(f, "%s: \"%.*s\" is not the name of an error, such as rate_limit", option, shown,
              name);
}

static bool is_model_alias(const char *line, size_t n)
{
    const char *equals = memchr(line, '=', n);
    return equals && equals > line && equals + 1 < line + n && !memchr(line, '\0', n);
}

static void check_alias(faults *f, const char *option, size_t item, const char *line, size_t n)
{
    if (!is_model_alias(line, n))
        fault(f, "%s: item %zu is not \"alias=name\"", option, item);
    else
        check_name(f, option, line, n);
}

static void check_list(faults *f, int key, const beluga__item *item)
{
    const char *name = beluga_option_get_info(key)->name;
    for (size_t i = 0; item; item = item->next, i++) {
        const char *text = item->value.string;
        if (!check_utf8(f, name, text, item->length)) continue;
        switch (key) {
        case BELUGA_OPTION_HEADERS:
        case BELUGA_OPTION_EXTRA_HEADERS: check_header(f, name, i, text, item->length); break;
        case BELUGA_OPTION_MODELS: check_alias(f, name, i, text, item->length); break;
        case BELUGA_OPTION_RETRY_ON: check_error_name(f, name, text + (*text == '-')); break;
        case BELUGA_OPTION_FALLBACK_ON: check_error_name(f, name, text); break;
        default: break;
        }
    }
}

/* --- known options ---------------------------------------------------------------------------- */

static const char *type_name(int64_t type)
{
    switch (type) {
    case BELUGA_OPTION_BOOL: return "true or false";
    case BELUGA_OPTION_INT: return "a whole number";
    case BELUGA_OPTION_DOUBLE: return "a number";
    case BELUGA_OPTION_STRING:
    case BELUGA_OPTION_LIST: return "text";
    case BELUGA_OPTION_DURATION: return "milliseconds";
    case BELUGA_OPTION_ENUM: return "one of a few words";
    case BELUGA_OPTION_POINTER: return "a pointer";
    default: return "of a known type";
    }
}

static void check_known(faults *f, int key, const beluga__setting *s, char scope)
{
    const beluga_option_info *info = beluga_option_get_info(key);
    if (scope == 'C' && info->scope == 'M')
        fault(f, "%s can't be set for a call: set it for the model", info->name);
    else if (scope == 'M' && info->scope == 'C')
        fault(f, "%s can't be set for a model: set it for a call", info->name);
    else if (s->type == BELUGA__SETTING_WRONG)
        fault(f, "%s must be %s (is %s)", info->name, type_name(info->type),
              type_name(s->value.integer));
    else if (s->type == BELUGA_OPTION_STRING)
        check_string(f, key, s);
    else if (s->type == BELUGA_OPTION_LIST)
        check_list(f, key, s->value.items);
    else if (s->type != BELUGA_OPTION_POINTER)
        check_range(f, info->name, s, info->minimum, info->maximum, info->type);
}

/* Report options that have no effect because another option is missing, since the user who set them
 * expects an effect. */
static void check_company(faults *f, const beluga__settings *settings)
{
    static const struct {
        int key, needs[3];
        const char *words;
    } rows[] = {
        {BELUGA_OPTION_BREAKER_OPEN_TIME, {BELUGA_OPTION_BREAKER_FAILURES}, "breaker_failures"},
        {BELUGA_OPTION_BREAKER_PROBES, {BELUGA_OPTION_BREAKER_FAILURES}, "breaker_failures"},
        {BELUGA_OPTION_LIMIT_WAIT,
         {BELUGA_OPTION_REQUESTS_PER_MINUTE, BELUGA_OPTION_TOKENS_PER_MINUTE,
          BELUGA_OPTION_MAX_CONCURRENT_CALLS},
         "requests_per_minute, tokens_per_minute or max_concurrent_calls"},
        {BELUGA_OPTION_FALLBACK_ON, {BELUGA_OPTION_FALLBACK}, "fallback"},
        {BELUGA_OPTION_ROUTING, {BELUGA_OPTION_FALLBACK}, "fallback"},
        {BELUGA_OPTION_CACHE, {BELUGA_OPTION_CACHE_TTL}, "cache_ttl"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool there = !settings->known[rows[i].key].type;
        for (size_t k = 0; k < 3 && rows[i].needs[k]; k++)
            there = there || settings->known[rows[i].needs[k]].type;
        if (!there)
            fault(f, "%s has no effect without %s", beluga_option_get_info(rows[i].key)->name,
                  rows[i].words);
    }
}

static void check_slots(faults *f, const beluga__settings *settings, char scope)
{
    const beluga__setting *unknown = &settings->known[BELUGA_OPTION_END];
    if (unknown->type && (scope == 'M' || unknown->origin == BELUGA_ORIGIN_CALL))
        fault(f, "option %lld is from a later version of the library",
              (long long)unknown->value.integer);
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga__setting *s = &settings->known[key];
        if (!s->type || key == BELUGA_OPTION_PROVIDER_SPECIFIC) continue;
        if (scope == 'C' && s->origin != BELUGA_ORIGIN_CALL) continue;
        check_known(f, key, s, scope);
    }
    if (scope == 'M') check_company(f, settings);
}

int beluga__settings_check_company(const beluga__settings *settings, beluga_error *err)
{
    faults f = {.length = 0};
    check_company(&f, settings);
    return report(&f, 'M', err);
}

int beluga__settings_check(const beluga__settings *settings, char scope, beluga_error *err)
{
    faults f = {.length = 0};
    check_slots(&f, settings, scope);
    return report(&f, scope, err);
}

/* --- options of one provider ------------------------------------------------------------------ */

static const beluga_own_option *find_own(const beluga_own_option *own, const char *name)
{
    while (own && own->name && strcmp(own->name, name) != 0) own++;
    return own && own->name ? own : NULL;
}

/* Write "; it has a, b and 3 more", or nothing if the provider has no options of its own. */
static void list_own(const beluga_own_option *own, char *text, size_t size)
{
    enum { ROOM = sizeof " and 1234 more" };
    size_t used = 0, left = 0;
    *text = '\0';
    for (; own && own->name; own++) {
        if (left || used + strlen(own->name) + sizeof "; it has " + ROOM > size)
            left++;
        else
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "; it has ",
                                     own->name);
    }
    if (left) snprintf(text + used, size - used, " and %zu more", left);
}

static void fault_unknown(faults *f, const char *provider, const beluga_own_option *own,
                          const char *name)
{
    char list[192];
    int shown = (int)beluga__utf8_cut(name, strlen(name), SHOWN);
    list_own(own, list, sizeof list);
    for (; own && own->name; own++) {
        if (!beluga__text_is_near(own->name, name)) continue;
        fault(f, "%s has no option \"%.*s\"; did you mean %s?", provider, shown, name, own->name);
        return;
    }
    fault(f, "%s has no option \"%.*s\"%s", provider, shown, name, list);
}

/* Read the value of a provider's own option as the type that the provider's table gives. */
static bool read_own(const beluga__item *item, uint32_t type, beluga__setting *value)
{
    bool on = false;
    *value = (beluga__setting){.type = BELUGA_OPTION_INT};
    switch (type) {
    case BELUGA_OPTION_BOOL: return beluga__item_bool(item, &on);
    case BELUGA_OPTION_INT: return beluga__item_int(item, &value->value.integer);
    case BELUGA_OPTION_DOUBLE:
        value->type = BELUGA_OPTION_DOUBLE;
        return beluga__item_double(item, &value->value.number);
    default: return item->type == BELUGA_OPTION_STRING;
    }
}

/* Write a list of words such as "low, medium or high". */
static void list_words(const char *const *words, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (; *words && used + strlen(*words) + sizeof " or " < size; words++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 !used      ? ""
                                 : words[1] ? ", "
                                            : " or ",
                                 *words);
}

static void check_word(faults *f, const char *word, const beluga_own_option *row)
{
    char list[192];
    const char *const *near = NULL, *const *w = row->words;
    for (; *w && strcmp(*w, word) != 0; w++)
        if (!near && beluga__text_is_near(*w, word)) near = w;
    if (*w) return;
    int shown = (int)beluga__utf8_cut(word, strlen(word), SHOWN);
    list_words(row->words, list, sizeof list);
    fault(f, "%s must be %s (is \"%.*s\"%s%s%s)", row->name, list, shown, word,
          near ? "; did you mean " : "", near ? *near : "", near ? "?" : "");
}

static void check_own_text(faults *f, const beluga__item *item, const beluga_own_option *row)
{
    bool valid = check_utf8(f, row->name, item->value.string, item->length);
    if (valid && row->words) check_word(f, item->value.string, row);
    if (valid && row->flags & BELUGA_OWN_OPTION_IN_HEAD)
        check_header_value(f, row->name, item->value.string, item->length);
}

static void check_own(faults *f, const beluga__item *item, const beluga_own_option *row)
{
    beluga__setting value;
    if (!read_own(item, row->type, &value))
        fault(f, "%s must be %s", row->name, type_name(row->type));
    else if (row->type == BELUGA_OPTION_STRING)
        check_own_text(f, item, row);
    else if (row->type != BELUGA_OPTION_BOOL)
        check_range(f, row->name, &value, row->minimum, row->maximum, (int)row->type);
}

int beluga__settings_check_all(const beluga__settings *settings, char scope, const char *provider,
                               const beluga_own_option *own, beluga_error *err)
{
    faults f = {.length = 0};
    check_slots(&f, settings, scope);
    const beluga__setting *slot = &settings->known[BELUGA_OPTION_PROVIDER_SPECIFIC];
    const beluga__item *item = slot->type == BELUGA_OPTION_LIST ? slot->value.items : NULL;
    for (; item; item = item->next) {
        if (scope == 'C' && item->origin != BELUGA_ORIGIN_CALL) continue;
        const beluga_own_option *row = find_own(own, item->name);
        if (row && scope == 'C' && row->flags & BELUGA_OWN_OPTION_IN_URL)
            fault(&f, "%s can't be set for a call: set it for the model", row->name);
        else if (row)
            check_own(&f, item, row);
        else
            fault_unknown(&f, provider, own, item->name);
    }
    return report(&f, scope, err);
}
