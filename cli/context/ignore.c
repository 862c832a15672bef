#include "context/ignore.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- one name -------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*has)(int c);
} classes[] = {
    {"[:alnum:]", isalnum}, {"[:alpha:]", isalpha}, {"[:blank:]", isblank},
    {"[:cntrl:]", iscntrl}, {"[:digit:]", isdigit}, {"[:graph:]", isgraph},
    {"[:lower:]", islower}, {"[:print:]", isprint}, {"[:punct:]", ispunct},
    {"[:space:]", isspace}, {"[:upper:]", isupper}, {"[:xdigit:]", isxdigit},
};

/* Returns whether a class such as [:digit:] begins here and contains `c`; `length` receives its
 * length, or 0. */
static bool in_class(const char *at, const char *end, char c, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        size_t n = strlen(classes[i].name);
        if ((size_t)(end - at) < n || memcmp(at, classes[i].name, n) != 0) continue;
        *length = n;
        return classes[i].has((unsigned char)c) != 0;
    }
    return false;
}

/* Match a character with a set, such as [a-z]; `at` is behind its "[". Returns the pattern behind
 * the "]", or NULL if there is no "]", and then the pattern matches nothing. */
static const char *match_set(const char *at, const char *end, char c, bool *matched)
{
    bool negated = at < end && (*at == '!' || *at == '^'), found = false;
    const char *first = at += negated;
    for (; at < end && (*at != ']' || at == first); at++) {
        size_t length;
        found |= in_class(at, end, c, &length);
        if (length) {
            at += length - 1;
            continue;
        }
        if (*at == '\\' && at + 1 < end) at++;
        unsigned char low = (unsigned char)*at, high = low;
        if (end - at > 2 && at[1] == '-' && at[2] != ']') {
            at += 2;
            if (*at == '\\' && at + 1 < end) at++;
            high = (unsigned char)*at;
        }
        found |= (unsigned char)c >= low && (unsigned char)c <= high;
    }
    *matched = found != negated;
    return at < end ? at + 1 : NULL;
}

/* Match one character with the first element of a pattern. The pattern must not begin with "*".
 * Returns the rest of the pattern, or NULL if the character does not match. */
static const char *match_one(const char *pattern, const char *end, char c)
{
    bool matched = true;
    if (*pattern == '?') return pattern + 1;
    if (*pattern == '[') {
        const char *rest = match_set(pattern + 1, end, c, &matched);
        return matched ? rest : NULL;
    }
    if (*pattern == '\\' && pattern + 1 < end) pattern++;
    return *pattern == c ? pattern + 1 : NULL;
}

/* Match a name with a pattern; neither has a slash. If the rest does not match, the last "*" is
 * tried with one more character. An earlier "*" is never tried again, so that no pattern needs a
 * long time. */
static bool match_name(const char *pattern, const char *end, const char *name, const char *name_end)
{
    const char *star = NULL, *resume = NULL, *rest;
    while (name < name_end) {
        if (pattern < end && *pattern == '*') {
            star = ++pattern;
            resume = name;
        } else if (pattern < end && (rest = match_one(pattern, end, *name)) != NULL) {
            pattern = rest;
            name++;
        } else if (star) {
            pattern = star;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*') pattern++;
    return pattern == end;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static const char *segment_end(const char *text)
{
    return text + strcspn(text, "/");
}

static const char *behind(const char *end)
{
    return *end ? end + 1 : end;
}

static bool is_any_folders(const char *segment)
{
    return strncmp(segment, "**", 2) == 0 && (!segment[2] || segment[2] == '/');
}

/* Match a path with a pattern, folder by folder. "**" stands for any number of folders, and at the
 * end of a pattern for at least one name. The algorithm is that of match_name. */
static bool match_path(const char *pattern, const char *path)
{
    const char *star = NULL, *resume = NULL;
    while (*path) {
        const char *end = segment_end(pattern), *path_end = segment_end(path);
        if (*pattern && is_any_folders(pattern)) {
            star = pattern = behind(end);
            resume = path;
            if (!*pattern) return true;
        } else if (*pattern && match_name(pattern, end, path, path_end)) {
            pattern = behind(end);
            path = behind(path_end);
        } else if (star) {
            pattern = star;
            path = resume = behind(segment_end(resume));
        } else {
            return false;
        }
    }
    return !*pattern;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool matches(const ignore_rules *rules, const ignore_rule *rule, const char *path,
                    bool is_folder)
{
    const char *pattern = rules->texts.data + rule->pattern;
    const char *base = rules->texts.data + rule->base;
    size_t n = strlen(base);
    if (rule->only_folders && !is_folder) return false;
    if (n && (strncmp(path, base, n) != 0 || path[n] != '/')) return false;
    if (n) path += n + 1;
    if (rule->anchored) return match_path(pattern, path);
    const char *name = base_name(path);
    return match_name(pattern, pattern + strlen(pattern), name, name + strlen(name));
}

bool ignore_hides(const ignore_rules *rules, const char *path, bool is_folder)
{
    for (size_t i = rules->count; i-- > 0;)
        if (matches(rules, &rules->rules[i], path, is_folder)) return !rules->rules[i].negated;
    return false;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Returns the length of a line without a carriage return, and without spaces at its end that have
 * no backslash before them. */
static size_t trimmed(const char *line, size_t n)
{
    if (n && line[n - 1] == '\r') n--;
    while (n && line[n - 1] == ' ' && !(n > 1 && line[n - 2] == '\\')) n--;
    return n;
}

static int make_room(ignore_rules *rules)
{
    if (rules->count < rules->room) return 0;
    if (rules->count >= IGNORE_MAX_RULES) return E2BIG;
    size_t room = rules->room ? rules->room * 2 : 64;
    ignore_rule *grown = realloc(rules->rules, room * sizeof *grown);
    if (!grown) return ENOMEM;
    rules->rules = grown;
    rules->room = room;
    return 0;
}

static int add_rule(ignore_rules *rules, size_t base, const char *line, size_t n)
{
    ignore_rule rule = {.base = base, .pattern = rules->texts.length};
    n = trimmed(line, n);
    if (!n || *line == '#') return 0;
    if (*line == '!') {
        rule.negated = true;
        line++;
        n--;
    }
    if (n && line[n - 1] == '/') {
        rule.only_folders = true;
        n--;
    }
    rule.anchored = memchr(line, '/', n) != NULL;
    if (n && *line == '/') {
        line++;
        n--;
    }
    if (!n || memchr(line, '\0', n)) return 0;
    int error = make_room(rules);
    if (error) return error;
    if (text_add(&rules->texts, line, n) || text_add(&rules->texts, "", 1)) return ENOMEM;
    rules->rules[rules->count++] = rule;
    return 0;
}

int ignore_add(ignore_rules *rules, const char *base, const char *text, size_t length)
{
    size_t at = rules->texts.length;
    int error = text_add(&rules->texts, base, strlen(base) + 1) ? ENOMEM : 0;
    while (length && !error) {
        const char *end = memchr(text, '\n', length);
        size_t n = end ? (size_t)(end - text) : length;
        error = add_rule(rules, at, text, n);
        n += end ? 1 : 0;
        text += n;
        length -= n;
    }
    return error;
}

void ignore_truncate(ignore_rules *rules, size_t count)
{
    rules->count = count < rules->count ? count : rules->count;
}

void ignore_free(ignore_rules *rules)
{
    free(rules->rules);
    text_free(&rules->texts);
    *rules = (ignore_rules){0};
}
