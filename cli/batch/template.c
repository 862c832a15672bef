#include "batch/template.h"

#include "batch/why.h"

#include <beluga/error.h>

#include <stdio.h>
#include <string.h>

static int fail(char *why, const char *before, const char *name, size_t length, const char *after)
{
    batch_say_why(why, "%s%.*s%s", before, (int)(length < 80 ? length : 80), name, after);
    return -1;
}

static int add(batch_template *t, const char *text, size_t length, bool is_field, char *why)
{
    if (!length && !is_field) return 0;
    if (t->count == sizeof t->pieces / sizeof t->pieces[0])
        return fail(why, "it has too many fields", "", 0, "");
    t->pieces[t->count++] = (batch_piece){text, length, is_field};
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Read a field; `text` begins after "{{". Returns the text after "}}", or NULL. */
static const char *take_field(batch_template *t, const char *text, char *why)
{
    const char *end = strstr(text, "}}");
    if (!end) {
        fail(why, "{{", text, strlen(text), " has no closing }}");
        return NULL;
    }
    const char *from = text, *to = end;
    while (from < to && is_space(*from)) from++;
    while (to > from && is_space(to[-1])) to--;
    size_t length = (size_t)(to - from);
    int rc;
    if (!length)
        rc = fail(why, "{{", text, (size_t)(end - text), "}} contains no field name");
    else if (memchr(from, '{', length) || memchr(from, '}', length))
        rc = fail(why, "{{", from, length, "}} is not a valid field name");
    else
        rc = add(t, from, length, true, why);
    return rc ? NULL : end + 2;
}

int batch_template_parse(batch_template *t, const char *text, char why[BATCH_WHY_BYTES])
{
    t->count = 0;
    for (const char *open; text && (open = strstr(text, "{{")) != NULL;) {
        bool literal = strncmp(open, "{{{{", 4) == 0;
        if (add(t, text, (size_t)(open - text) + (literal ? 2 : 0), false, why) != 0) return -1;
        text = literal ? open + 4 : take_field(t, open + 2, why);
    }
    return text ? add(t, text, strlen(text), false, why) : -1;
}

bool batch_template_has_field(const batch_template *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->pieces[i].is_field) return true;
    return false;
}

int batch_template_fill(const batch_template *t, batch_lookup_fn lookup, void *payload,
                        cli_text *out, char why[BATCH_WHY_BYTES])
{
    for (size_t i = 0; i < t->count; i++) {
        const batch_piece *p = &t->pieces[i];
        const char *text = p->text;
        size_t length = p->length;
        int got = p->is_field ? lookup(payload, p->text, p->length, &text, &length) : 1;
        if (got == 0) {
            fail(why, "the line has no field \"", p->text, p->length,
                 "\", which the template uses");
            return BELUGA_ERROR_INVALID_INPUT;
        }
        if (got < 0 || text_add(out, text, length) != 0) return BELUGA_ERROR_NO_MEMORY;
    }
    return 0;
}
