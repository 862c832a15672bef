#include "kit/json_diff.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include <stdio.h>
#include <string.h>

enum { MAX_PATH = 512, MAX_DIFFERENCES = 20, MAX_SHOWN = 200 };

typedef struct comparison {
    check_text *out;
    beluga_json_doc *want, *got;
    size_t differences;
} comparison;

static void put_value(comparison *c, beluga_json_doc *doc, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_text(doc, value, &n);
    if (n > MAX_SHOWN)
        check_text_printf(c->out, "%.*s… (%zu bytes)", MAX_SHOWN, text, n);
    else
        check_text_puts(c->out, text ? text : "?");
}

static void differ(comparison *c, const char *path, const beluga_json *want, const beluga_json *got)
{
    if (++c->differences > MAX_DIFFERENCES) return;
    check_text_printf(c->out, "%s: ", *path ? path : "the body");
    check_text_puts(c->out, want ? "want " : "want nothing");
    if (want) put_value(c, c->want, want);
    check_text_puts(c->out, got ? ", got " : ", got nothing");
    if (got) put_value(c, c->got, got);
    check_text_puts(c->out, "\n");
}

static int type_of(const beluga_json *value)
{
    if (beluga_json_is_object(value)) return 'o';
    if (beluga_json_is_array(value)) return 'a';
    if (beluga_json_is_string(value)) return 's';
    if (beluga_json_is_number(value)) return 'n';
    return beluga_json_is_null(value) ? '0' : 'b';
}

static bool same_scalar(const beluga_json *want, const beluga_json *got)
{
    size_t n_want, n_got;
    const char *a = beluga_json_string(want, &n_want), *b = beluga_json_string(got, &n_got);
    if (a) return b && n_want == n_got && memcmp(a, b, n_want) == 0;
    if (beluga_json_is_number(want))
        return beluga_json_int(want, 0) == beluga_json_int(got, 0) &&
               !(beluga_json_double(want, 0) < beluga_json_double(got, 0)) &&
               !(beluga_json_double(want, 0) > beluga_json_double(got, 0));
    return beluga_json_bool(want, false) == beluga_json_bool(got, false);
}

static void compare(comparison *c, const char *path, const beluga_json *want,
                    const beluga_json *got);

static void compare_arrays(comparison *c, const char *path, const beluga_json *want,
                           const beluga_json *got)
{
    char item[MAX_PATH];
    size_t n_want = beluga_json_count(want), n_got = beluga_json_count(got);
    for (size_t i = 0; i < n_want || i < n_got; i++) {
        snprintf(item, sizeof item, "%s[%zu]", path, i);
        compare(c, item, beluga_json_at(want, i), beluga_json_at(got, i));
    }
}

static void member_path(char *out, const char *path, const char *key)
{
    snprintf(out, MAX_PATH, "%s%s%s", path, *path ? "." : "", key);
}

static void compare_objects(comparison *c, const char *path, const beluga_json *want,
                            const beluga_json *got)
{
    char member[MAX_PATH];
    const beluga_json *value;
    for (value = beluga_json_first(want); value; value = beluga_json_next(want, value)) {
        member_path(member, path, beluga_json_key(value, NULL));
        compare(c, member, value, beluga_json_get(got, beluga_json_key(value, NULL)));
    }
    for (value = beluga_json_first(got); value; value = beluga_json_next(got, value)) {
        member_path(member, path, beluga_json_key(value, NULL));
        if (!beluga_json_get(want, beluga_json_key(value, NULL))) differ(c, member, NULL, value);
    }
}

/* The recursion is limited, since the JSON reader nests at most 512 levels. */
static void compare(comparison *c, const char *path, const beluga_json *want,
                    const beluga_json *got)
{
    if (!want || !got || type_of(want) != type_of(got))
        differ(c, path, want, got);
    else if (beluga_json_is_array(want))
        compare_arrays(c, path, want, got);
    else if (beluga_json_is_object(want))
        compare_objects(c, path, want, got);
    else if (!same_scalar(want, got))
        differ(c, path, want, got);
}

static beluga_json_doc *parse(check_text *out, const char *what, const char *text)
{
    beluga_json_doc *doc = NULL;
    beluga_error err;
    if (beluga_json_parse(text, strlen(text), &doc, &err))
        check_text_printf(out, "%s body is not JSON: %s: %.*s\n", what, err.message, MAX_SHOWN,
                          text);
    return doc;
}

bool check_json_diff(check_text *out, const char *want, const char *got)
{
    comparison c = {.out = out};
    c.want = parse(out, "the wanted", want);
    c.got = c.want ? parse(out, "the sent", got) : NULL;
    if (c.got) compare(&c, "", beluga_json_doc_root(c.want), beluga_json_doc_root(c.got));
    if (c.differences > MAX_DIFFERENCES)
        check_text_printf(out, "and %zu more\n", c.differences - MAX_DIFFERENCES);
    bool same = c.got && !c.differences;
    beluga_json_doc_free(c.want);
    beluga_json_doc_free(c.got);
    return same;
}
