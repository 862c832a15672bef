/* Writes the options of a call into its request, as an API's table of options says. It also records
 * which options an encoder reads, so that an option that shapes the answer is never ignored without
 * a warning. */
#include "model/put_options.h"

#include "base/limits.h"
#include "options/option.h"
#include "wire/http.h"

/* ---- one value ------------------------------------------------------------------------------- */

typedef struct putting {
    beluga_http_request *request;
    beluga_json_writer *w;
    const beluga_call *call;
    /* A dotted name such as "reasoning.effort". Its first n_inside bytes are the name of an object
     * that has been begun and not ended. NULL: there is no such object. */
    const char *inside;
    size_t n_inside;
} putting;

static const char *provider_name(const beluga_call *call)
{
    return call->target->provider->name;
}

/* Returns the number to send for an option's value: the nearest number that the API accepts. */
static double fit(const putting *p, const beluga_option_field *field, double value)
{
    double sent = value;
    if (!field->minimum && !field->maximum) return value;
    if (sent < field->minimum) sent = field->minimum;
    if (sent > field->maximum) sent = field->maximum;
    if (sent < value || sent > value)
        beluga_http_request_warn(p->request, "%s %.10g is sent as %.10g: %s takes %.10g to %.10g",
                                 beluga_option_get_info((int)field->key)->name, value, sent,
                                 provider_name(p->call), field->minimum, field->maximum);
    return sent;
}

static void put_list(const putting *p, const char *name, const beluga__item *item)
{
    beluga_json_begin_array(p->w, name);
    for (; item; item = item->next)
        beluga_json_put_string_n(p->w, NULL, item->value.string, item->length);
    beluga_json_end_array(p->w);
}

static void put_text(const putting *p, const char *name, int key, const beluga__setting *s)
{
    if (key == BELUGA_OPTION_RESPONSE_SCHEMA)
        beluga_json_put_raw(p->w, name, s->value.string, s->length);
    else
        beluga_json_put_string_n(p->w, name, s->value.string, s->length);
}

static void put_integer(const putting *p, const char *name, const beluga_option_field *field,
                        int64_t value)
{
    const char *const *words = beluga__option_words((int)field->key);
    double sent = fit(p, field, (double)value);
    if (words)
        beluga_json_put_string(p->w, name, words[value]);
    else
        beluga_json_put_int(p->w, name, sent == (double)value ? value : (int64_t)sent);
}

static void put_setting(const putting *p, const char *name, const beluga_option_field *field)
{
    const beluga__setting *s = &p->call->settings->known[field->key];
    switch (s->type) {
    case BELUGA_OPTION_DOUBLE:
        beluga_json_put_double(p->w, name, fit(p, field, s->value.number));
        break;
    case BELUGA_OPTION_BOOL: beluga_json_put_bool(p->w, name, s->value.integer); break;
    case BELUGA_OPTION_STRING: put_text(p, name, (int)field->key, s); break;
    case BELUGA_OPTION_LIST: put_list(p, name, s->value.items); break;
    /* a pointer has a meaning only in this process, so it is never sent */
    case BELUGA_OPTION_POINTER: break;
    default: put_integer(p, name, field, s->value.integer); break;
    }
}

/* ---- objects --------------------------------------------------------------------------------- */

static void leave_object(putting *p)
{
    if (p->inside) beluga_json_end_object(p->w);
    p->inside = NULL;
}

/* Begin the object that the first part of a dotted name denotes, unless it is open already. Returns
 * the member's name in that object. */
static const char *enter_object(putting *p, const char *name)
{
    char object[BELUGA__MAX_FIELD_OBJECT];
    const char *dot = strchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : 0;
    if (p->inside && n == p->n_inside && memcmp(p->inside, name, n) == 0) return dot + 1;
    leave_object(p);
    if (!dot) return name;
    if (n >= sizeof object) return NULL; /* NULL as a key makes the whole request fail */
    memcpy(object, name, n);
    object[n] = '\0';
    beluga_json_begin_object(p->w, object);
    p->inside = name;
    p->n_inside = n;
    return dot + 1;
}

static void put_row(putting *p, const beluga_option_field *field, bool nested)
{
    if (!beluga_call_has(p->call, (int)field->key)) return;
    if (field->name)
        put_setting(p, nested ? enter_object(p, field->name) : field->name, field);
    else
        beluga_http_request_warn(p->request, "%s is not sent: %s has no such option",
                                 beluga_option_get_info((int)field->key)->name,
                                 provider_name(p->call));
}

/* ---- options of one provider */

static void put_own(putting *p, const beluga_own_option *row)
{
    const beluga__item *item = beluga__settings_own(p->call->settings, row->name);
    int64_t integer;
    double number;
    bool on;
    if (!item || !row->field) return;
    const char *name = enter_object(p, row->field);
    if (row->type == BELUGA_OPTION_STRING && item->type == BELUGA_OPTION_STRING)
        beluga_json_put_string_n(p->w, name, item->value.string, item->length);
    else if (row->type == BELUGA_OPTION_INT && beluga__item_int(item, &integer))
        beluga_json_put_int(p->w, name, integer);
    else if (row->type == BELUGA_OPTION_DOUBLE && beluga__item_double(item, &number))
        beluga_json_put_double(p->w, name, number);
    else if (row->type == BELUGA_OPTION_BOOL && beluga__item_bool(item, &on))
        beluga_json_put_bool(p->w, name, on);
}

/* ---- the table ------------------------------------------------------------------------------- */

static putting begin(beluga_http_request *request, const beluga_call *call)
{
    return (putting){.request = request, .w = beluga_http_request_json(request), .call = call};
}

void beluga_http_request_put_option(beluga_http_request *request, const beluga_call *call,
                                    const beluga_option_field *field)
{
    putting p = begin(request, call);
    put_row(&p, field, false);
}

void beluga_http_request_put_options(beluga_http_request *request, const beluga_call *call,
                                     const beluga_option_field *fields)
{
    putting p = begin(request, call);
    const beluga_own_option *own = call->target->provider->options;
    for (; fields && fields->key; fields++) put_row(&p, fields, true);
    for (; beluga_call_has_own(call) && own && own->name; own++) put_own(&p, own);
    leave_object(&p);
}

/* ---- options that an encoder did not read */

/* The options that shape an answer and have a member of their own in the request, except those
 * about tools. */
static const uint8_t watched[] = {
    BELUGA_OPTION_TEMPERATURE,
    BELUGA_OPTION_TOP_P,
    BELUGA_OPTION_TOP_K,
    BELUGA_OPTION_MAX_TOKENS,
    BELUGA_OPTION_FREQUENCY_PENALTY,
    BELUGA_OPTION_PRESENCE_PENALTY,
    BELUGA_OPTION_STOP_SEQUENCES,
    BELUGA_OPTION_SEED,
    BELUGA_OPTION_RESPONSE_SCHEMA,
    BELUGA_OPTION_JSON_MODE,
    BELUGA_OPTION_REASONING_EFFORT,
    BELUGA_OPTION_REASONING_BUDGET,
    BELUGA_OPTION_USER,
};

bool beluga__reads_has(const uint64_t *reads, int key)
{
    return reads[key / 64] >> (key % 64) & 1;
}

void beluga__warn_of_unread(const beluga_call *call, const uint64_t *reads,
                            beluga_http_request *request)
{
    for (size_t i = 0; i < sizeof watched; i++)
        if (call->settings->known[watched[i]].type && !beluga__reads_has(reads, watched[i]))
            beluga_http_request_warn(request, "%s is not sent: %s does not know it",
                                     beluga_option_get_info(watched[i])->name, provider_name(call));
    /* If the provider claims tools but its encoder did not read them, the provider has a bug, which
     * the conformance kit finds. */
    bool claimed = call->target->provider->capabilities & BELUGA_CAPABILITY_TOOLS;
    if (call->n_tools && !claimed && !beluga__reads_has(reads, 0))
        beluga_http_request_warn(request, "tools are not sent: %s does not support them",
                                 provider_name(call));
}
