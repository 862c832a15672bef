#include "config/yaml_words.h"

#include "base/limits.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* --- before the parser ------------------------------------------------------------------------ */

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

static beluga__yaml_place place_of_byte(const char *text, size_t byte)
{
    beluga__yaml_place place = {1, 1};
    for (size_t i = 0; i < byte; i++) {
        place.column += !is_inside_character(text[i]);
        if (text[i] == '\n') place = (beluga__yaml_place){place.line + 1, 1};
    }
    return place;
}

static bool begins(const char *text, size_t length, const char *with)
{
    size_t n = strlen(with);
    return length >= n && memcmp(text, with, n) == 0;
}

/* Count the directives (lines that begin with %): libyaml compares each directive with all earlier
 * ones, so the number is limited. */
static size_t count_directives(const char *text, size_t length, size_t *last)
{
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] == '%' && (i == 0 || text[i - 1] == '\n' || text[i - 1] == '\r')) {
            n++;
            *last = i;
        }
    return n;
}

/* Returns whether one of the characters NEL, LS and PS begins here. In YAML 1.1, which libyaml
 * reads, they end a line, and therefore a comment; in YAML 1.2 they do not. They must be escaped,
 * so that a file means the same in both versions. */
static bool is_line_separator(const char *at, size_t left)
{
    return begins(at, left, "\xc2\x85") || begins(at, left, "\xe2\x80\xa8") ||
           begins(at, left, "\xe2\x80\xa9");
}

static const char *find_fault(const char *text, size_t length, size_t *byte)
{
    if (begins(text, length, "\xff\xfe") || begins(text, length, "\xfe\xff"))
        return "the file is encoded as UTF-16: save it as UTF-8";
    *byte = beluga__utf8_valid(text, length);
    if (*byte < length) return "invalid UTF-8";
    for (*byte = 0; *byte < length; ++*byte)
        if (is_line_separator(text + *byte, length - *byte))
            return "a Unicode line separator: write it as \\N, \\L or \\P in double quotes";
    return count_directives(text, length, byte) > BELUGA__MAX_YAML_DIRECTIVES
               ? "too many lines that begin with %"
               : NULL;
}

int beluga__yaml_look_at(const char **text, size_t *length, beluga__yaml_place *place, char *why,
                         size_t size)
{
    size_t byte = 0, mark = begins(*text, *length, "\xef\xbb\xbf") ? 3 : 0;
    *text += mark;
    *length -= mark;
    const char *fault = find_fault(*text, *length, &byte);
    *place = place_of_byte(*text, fault ? byte : 0);
    if (fault) snprintf(why, size, "%s", fault);
    return fault ? BELUGA_ERROR_INVALID_CONFIG : 0;
}

/* --- errors of the parser --------------------------------------------------------------------- */

#define CHARACTER "found character that cannot start any token"
#define COLON     "mapping values are not allowed in this context"
#define TAB       "the line is indented by a tab: use spaces"

/* The parser's message, the words that replace it, and which position to report: where the parser
 * began to read an item, or where it stopped. */
typedef struct complaint {
    const char *problem;
    bool at_beginning;
    const char *words;
} complaint;

static const complaint complaints[] = {
    {"could not find expected ':'", true,
     "a colon and a space were expected after a name (of at most 1,024 characters)"},
    {"did not find expected key", false,
     "a name was expected here: indent the line like those before it, and put quotes around the "
     "whole text"},
    {"did not find expected '-' indicator", false,
     "an item with \"- \" was expected here: indent the line like those before it"},
    {"block sequence entries are not allowed in this context", false,
     "a list can't begin here: put \"- \" at the beginning of a line"},
    {"did not find expected ',' or ']'", false, "a comma or ] was expected here"},
    {"did not find expected ',' or '}'", false, "a comma or } was expected here"},
    {"did not find expected node content", false, "a value was expected here"},
    {"found unexpected end of stream", true, "this quote is not closed"},
    {"found unexpected document indicator", true, "this quote is not closed"},
    {"found unknown escape character", false,
     "an unknown escape sequence: write \\\\ for a backslash, or use single quotes"},
    {"did not find expected hexdecimal number", false,
     "\\x, \\u and \\U need 2, 4 and 8 hexadecimal digits"},
    {"found invalid Unicode character escape code", false, "this is not a Unicode character"},
    {"did not find expected comment or line break", false, "the end of the line was expected here"},
    {"found unexpected ':'", false, "put quotes around a text that ends with a colon"},
    {"did not find expected alphabetic or numeric character", true,
     "put quotes around a text that begins with * or &"},
    {"found undefined tag handle", true, BELUGA__YAML_NO_TAGS},
    {"did not find expected <document start>", false,
     "the value above is already complete, but more text follows here"},
    {"found a tab character that violates indentation", false, TAB},
    {"found a tab character where an indentation space is expected", false, TAB},
    {"found unknown directive name", true,
     "a line that begins with % is a directive, and YAML does not have this one"},
    {"found incompatible YAML document", false,
     "this file is for another version of YAML than 1.1 or 1.2"},
};

/* Explain a byte order mark in the middle, a NUL, or an escape sequence. */
static int explain_byte(const yaml_parser_t *parser, const char *text, beluga__yaml_place *place,
                        char *why, size_t size)
{
    *place = place_of_byte(text, parser->problem_offset);
    snprintf(why, size, "a control character (U+%04X), which YAML does not allow",
             (unsigned)parser->problem_value);
    return BELUGA_ERROR_INVALID_CONFIG;
}

/* Returns the byte offset of a mark. The mark itself counts characters. */
static size_t byte_at(const char *text, size_t length, const yaml_mark_t *mark)
{
    size_t i = 0;
    for (size_t characters = 0; i < length; i++)
        if (!is_inside_character(text[i]) && characters++ == mark->index) break;
    return i;
}

/* Returns why a value can't begin with this character. */
static const char *explain_character(char c)
{
    switch (c) {
    case '\t': return TAB;
    case '@': return "put quotes around a text that begins with @";
    case '`': return "put quotes around a text that begins with `";
    case '%': return "put quotes around a text that begins with %";
    default: return "no value can begin with this character: put quotes around the text";
    }
}

/* Explain a misplaced colon. It is the second colon in its line, or its line continues the value of
 * the line above. */
static const char *explain_colon(const char *text, size_t at)
{
    size_t begin = at;
    while (begin > 0 && text[begin - 1] != '\n') begin--;
    return memchr(text + begin, ':', at - begin)
               ? "a second colon in a line: put quotes around a text that contains \": \""
               : "the line is indented too far, or the line above it has no colon";
}

/* Returns whether the file ends inside a list or a map. */
static bool is_open(const yaml_parser_t *parser, const char *text, size_t length)
{
    const yaml_mark_t *mark = &parser->problem_mark;
    beluga__yaml_place end = place_of_byte(text, length);
    return parser->context && strncmp(parser->context, "while parsing a flow ", 21) == 0 &&
           (int)mark->line + 1 == end.line && (int)mark->column + 1 == end.column;
}

static const complaint *find(const char *problem)
{
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
        if (strcmp(problem, complaints[i].problem) == 0) return &complaints[i];
    return NULL;
}

static void explain_words(const yaml_parser_t *parser, const char *text, size_t length,
                          beluga__yaml_place *place, char *why, size_t size)
{
    const complaint *known = find(parser->problem);
    bool open = is_open(parser, text, length), behind = !open && !(known && known->at_beginning);
    const yaml_mark_t *mark = behind ? &parser->problem_mark : &parser->context_mark;
    const char *words = known ? known->words : parser->problem;
    size_t byte = byte_at(text, length, mark);
    if (open) words = "this bracket is not closed";
    if (strcmp(words, CHARACTER) == 0) words = explain_character(byte < length ? text[byte] : 0);
    if (strcmp(words, COLON) == 0) words = explain_colon(text, byte);
    *place = (beluga__yaml_place){(int)mark->line + 1, (int)mark->column + 1};
    snprintf(why, size, "not YAML: %s", words);
}

int beluga__yaml_explain(const yaml_parser_t *parser, const char *text, size_t length,
                         beluga__yaml_place *place, char *why, size_t size)
{
    if (parser->error == YAML_READER_ERROR) return explain_byte(parser, text, place, why, size);
    if ((parser->error != YAML_SCANNER_ERROR && parser->error != YAML_PARSER_ERROR) ||
        !parser->problem)
        return BELUGA_ERROR_NO_MEMORY;
    explain_words(parser, text, length, place, why, size);
    return BELUGA_ERROR_INVALID_CONFIG;
}
