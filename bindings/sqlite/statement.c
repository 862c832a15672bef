#include "statement.h"

#include <string.h>
#include <strings.h>

/* A token begins at `text` and has `n` bytes. */
typedef struct token {
    const char *text;
    size_t n;
} token;

/* The same bytes as SQLite takes for names: ASCII letters, digits, "_", "$", and all above ASCII.
 */
static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c & 0x80;
}

static size_t name_length(const char *at)
{
    size_t n = 0;
    while (is_name_byte(at[n])) n++;
    return n;
}

/* The length up to and with `end`, or the rest of the text if `end` is missing. */
static size_t length_to(const char *at, size_t from, const char *end)
{
    const char *found = strstr(at + from, end);
    return found ? (size_t)(found - at) + strlen(end) : strlen(at);
}

/* In a quoted text two quotes stand for one. They are read as the end of one text and the beginning
 * of another, which comes to the same. */
static size_t quoted_length(const char *at)
{
    const char end[] = {*at == '[' ? ']' : *at, '\0'};
    return length_to(at, 1, end);
}

static size_t blank_length(const char *at)
{
    if (strncmp(at, "--", 2) == 0) return length_to(at, 2, "\n");
    if (strncmp(at, "/*", 2) == 0) return length_to(at, 2, "*/");
    return strspn(at, " \t\n\f\r");
}

static size_t token_length(const char *at)
{
    if (!*at) return 0;
    if (strchr("'\"`[", *at)) return quoted_length(at);
    if (strchr(":@#$?", *at)) return 1 + name_length(at + 1); /* a parameter */
    size_t n = name_length(at);
    return n ? n : 1;
}

/* Find the next token; at the end it is empty. */
static token next_token(const char *at)
{
    for (size_t n; (n = blank_length(at)) != 0;) at += n;
    return (token){at, token_length(at)};
}

static bool is_word(token t, const char *word)
{
    return t.n == strlen(word) && strncasecmp(t.text, word, t.n) == 0;
}

/* In "INSERT INTO llm(a)" and "INSERT INTO main.llm(a)" the name is that of a table, which a file
 * of others may have. */
static bool names_table(token before)
{
    return is_word(before, ".") || is_word(before, "into");
}

bool statement_calls(const char *sql, const char *name)
{
    token before = {"", 0};
    for (token t = next_token(sql), after; t.n; before = t, t = after) {
        after = next_token(t.text + t.n);
        if (is_word(t, name) && is_word(after, "(") && !names_table(before)) return true;
    }
    return false;
}
