#include "section.h"

#include "base/folder.h"
#include "base/text.h"
#include "size.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the sections of the files --------------------------------------------------------------- */

section section_begin(const beluga_config *config, const char *name)
{
    return (section){.config = config, .name = name, .index = (size_t)-1};
}

static void find_folder(section *s)
{
    const char *path = "";
    int line, column;
    beluga_config_section_place(s->config, s->name, s->index, "", true, &path, &line, &column);
    beluga__folder_of(path, s->folder);
}

bool section_next(section *s)
{
    const char *json;
    size_t length;
    beluga_json_doc_free(s->doc);
    s->doc = NULL;
    if (!beluga_config_section(s->config, s->name, ++s->index, &json, &length)) return false;
    s->status = beluga_json_parse(json, length, &s->doc, NULL);
    if (s->status) return false;
    s->root = beluga_json_doc_root(s->doc);
    find_folder(s);
    return true;
}

void section_place(const section *s, const char *pointer, bool of_name, char *text, size_t size)
{
    const char *path = "";
    int line = 0, column = 0;
    beluga_config_section_place(s->config, s->name, s->index, pointer, of_name, &path, &line,
                                &column);
    snprintf(text, size, "%s:%d:%d", path, line, column);
}

/* ---- reporting mistakes ---------------------------------------------------------------------- */

void section_keep_first(void *payload, const char *pointer, bool of_name, const char *message)
{
    section_first *first = payload;
    char place[SECTION_PLACE_BYTES];
    if (first->found) return;
    first->found = true;
    section_place(first->at, pointer, of_name, place, sizeof place);
    beluga_error_set(first->err, BELUGA_ERROR_INVALID_CONFIG, "%s: %s", place, message);
}

void section_report(void *payload, const char *pointer, bool of_name, const char *message)
{
    section_reports *reports = payload;
    beluga_config_report(reports->checking, BELUGA_SEVERITY_ERROR, reports->name, pointer, of_name,
                         message);
}

/* ---- maps ------------------------------------------------------------------------------------ */

void section_fault(section_reader *r, const char *member, bool of_name, const char *format, ...)
{
    char pointer[2 * SECTION_POINTER_BYTES], message[512];
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    snprintf(pointer, sizeof pointer, "%s%s%s", r->pointer, *member ? "/" : "", member);
    r->fault(r->payload, pointer, of_name, message);
    if (!r->status) r->status = BELUGA_ERROR_INVALID_CONFIG;
}

size_t section_enter(section_reader *r, const char *step)
{
    size_t mark = strlen(r->pointer);
    beluga__text_add_step(r->pointer, sizeof r->pointer, step);
    return mark;
}

size_t section_enter_item(section_reader *r, size_t index)
{
    char step[24];
    snprintf(step, sizeof step, "%zu", index);
    return section_enter(r, step);
}

void section_leave(section_reader *r, size_t mark)
{
    r->pointer[mark] = '\0';
}

/* Append the name with index i to a list of n names, such as "a, b and c". */
static void add_name(char *text, size_t size, size_t i, size_t n, const char *last,
                     const char *name)
{
    size_t used = strlen(text);
    const char *joint = i == 0 ? "" : i + 1 < n ? ", " : last;
    snprintf(text + used, size - used, "%s%s", joint, name);
}

static void tell_unknown(section_reader *r, const char *what, const section_member *members,
                         size_t n, const char *name)
{
    char step[SECTION_POINTER_BYTES] = "", names[384] = "";
    const char *near = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!near && beluga__text_is_near(name, members[i].name)) near = members[i].name;
        add_name(names, sizeof names, i, n, " and ", members[i].name);
    }
    beluga__text_add_step(step, sizeof step, name);
    if (near)
        section_fault(r, step + 1, true, "\"%.60s\" is not known here; did you mean %s?", name,
                      near);
    else
        section_fault(r, step + 1, true, "\"%.60s\" is not known here; %s has the members %s", name,
                      what, names);
}

static void read_member(section_reader *r, const char *what, const section_member *members,
                        size_t n, const beluga_json *value)
{
    const char *name = beluga_json_key(value, NULL);
    for (size_t i = 0; i < n; i++)
        if (strcmp(members[i].name, name) == 0) {
            members[i].read(r, name, value);
            return;
        }
    tell_unknown(r, what, members, n, name);
}

void section_read(section_reader *r, const char *what, const section_member *members, size_t n,
                  const beluga_json *map)
{
    const beluga_json *m = beluga_json_first(map);
    for (; m && r->status != BELUGA_ERROR_NO_MEMORY; m = beluga_json_next(map, m))
        read_member(r, what, members, n, m);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Returns the length of the first step of the JSON Pointer `member`. A message begins with this
 * step: the name of a member, or of the list that contains an item. */
static int first_step(const char *member)
{
    return (int)strcspn(member, "/");
}

const char *section_text(section_reader *r, const char *member, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (!text)
        section_fault(r, member, false,
                      "%.*s must be a string (put a value that reads as a number in quotes)",
                      first_step(member), member);
    else if (strlen(text) < n)
        section_fault(r, member, false, "%.*s contains a NUL byte", first_step(member), member);
    else
        return text;
    return NULL;
}

int64_t section_time(section_reader *r, const char *member, const beluga_json *value,
                     int64_t max_ms)
{
    char most[BELUGA__NUMBER_TEXT];
    size_t n = 0;
    int64_t ms = 0;
    const char *text = beluga_json_string(value, &n);
    double seconds = beluga_json_double(value, 0);
    bool read = text ? beluga__text_to_ms(text, n, &ms) : beluga_json_is_number(value);
    if (!text && seconds > 0 && seconds <= (double)max_ms / 1000) ms = (int64_t)(seconds * 1000);
    if (read && ms >= 1 && ms <= max_ms) return ms;
    beluga__ms_to_text(max_ms, most);
    section_fault(r, member, false, "%s must be a time up to %s, such as 30s, 500ms or 2m", member,
                  most);
    return -1;
}

size_t section_size(section_reader *r, const char *member, const beluga_json *value, size_t max)
{
    char number[32];
    size_t bytes = 0;
    const char *text = beluga_json_string(value, NULL);
    snprintf(number, sizeof number, "%" PRId64, beluga_json_int(value, -1));
    if (!size_read(text ? text : number, max, &bytes))
        section_fault(r, member, false, "%s must be a size up to %zuMiB, such as 64KiB", member,
                      max >> 20);
    return bytes;
}

bool section_bool(section_reader *r, const char *member, const beluga_json *value, bool *out)
{
    bool is = beluga_json_bool(value, false);
    if (is == beluga_json_bool(value, true)) {
        *out = is;
        return true;
    }
    section_fault(r, member, false, "%s must be true or false", member);
    return false;
}

int64_t section_count(section_reader *r, const char *member, const beluga_json *value, int64_t max)
{
    int64_t number = beluga_json_int(value, 0);
    if (number >= 1 && number <= max) return number;
    section_fault(r, member, false, "%s must be a whole number from 1 to %" PRId64, member, max);
    return 0;
}

int section_word(section_reader *r, const char *member, const beluga_json *value,
                 const char *const *words, size_t n)
{
    char all[256] = "";
    const char *text = beluga_json_string(value, NULL);
    for (size_t i = 0; i < n; i++) {
        if (text && strcmp(words[i], text) == 0) return (int)i;
        add_name(all, sizeof all, i, n, " or ", words[i]);
    }
    section_fault(r, member, false, "%s must be %s", member, all);
    return -1;
}

size_t section_path(const section_reader *r, const char *path, char whole[PATH_MAX])
{
    bool relative = *path != '/';
    return (size_t)snprintf(whole, PATH_MAX, "%s%s%s", relative ? r->folder : "",
                            relative ? "/" : "", path);
}
