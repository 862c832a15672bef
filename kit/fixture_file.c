#include "kit/fixture_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The line that begins a section starts with this mark, as does the line that begins a case in a
 * file with several cases. */
#define MARK "==="

/* The state of reading a file from its first line to its last. */
typedef struct reader {
    check_fixture_file *file;
    const char *const *known;
    const char *line; /* the current line, without its end */
    size_t length, number;
    check_case *in;         /* NULL before the first line that is not blank */
    check_section *section; /* NULL before the first section of the case */
    /* the file has several cases, each of which begins with a line of its own */
    bool several;
    bool escapes, no_newline;
    beluga_error *err;
} reader;

static int fault(const reader *r, const char *format, ...) BELUGA_PRINTF(2, 3);

static int fault(const reader *r, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return beluga_error_set(r->err, BELUGA_ERROR_INVALID_CONFIG, "%s:%zu: %s", r->file->path,
                            r->number, what);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static int begin_case(reader *r, const char *name, size_t length)
{
    check_case *next = &r->file->cases[r->file->n_cases];
    if (r->file->n_cases == CHECK_MAX_CASES)
        return fault(r, "a file has at most %d cases: begin another file", CHECK_MAX_CASES);
    if (!length || length >= sizeof next->name)
        return fault(r, "write %s case NAME, and at most %zu bytes of name", MARK,
                     sizeof next->name - 1);
    snprintf(next->name, sizeof next->name, "%.*s", (int)length, name);
    if (check_fixture_file_case(r->file, next->name))
        return fault(r, "the file already has a case %s", next->name);
    r->file->n_cases++;
    r->in = next;
    r->section = NULL;
    return 0;
}

/* The only case of a file has the file's name. */
static int begin_only_case(reader *r)
{
    const char *slash = strrchr(r->file->path, '/'), *name = slash ? slash + 1 : r->file->path;
    return r->in ? 0 : begin_case(r, name, strlen(name) - strlen(CHECK_FIXTURE_ENDING));
}

static void end_section(reader *r, size_t at)
{
    if (r->in) r->in->end = at;
    if (!r->section) return;
    check_text *text = &r->section->text;
    r->section->end = at;
    if (r->no_newline && text->length) text->data[--text->length] = '\0';
}

static int end_case(reader *r, size_t at)
{
    end_section(r, at);
    if (!r->in || r->in->n_sections || *r->in->like) return 0;
    return fault(r, "the case %s is empty: write a section, such as a line %s answer, or like:",
                 r->in->name, MARK);
}

/* ---- the line of a section ------------------------------------------------------------------- */

/* Read the next word of the line; returns its length, or 0 at the end. */
static size_t take_word(const char **at, const char *end, const char **word)
{
    while (*at < end && **at == ' ') (*at)++;
    *word = *at;
    while (*at < end && **at != ' ') (*at)++;
    return (size_t)(*at - *word);
}

static bool is_word(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && memcmp(word, text, length) == 0;
}

static int refuse_section(const reader *r, const char *word, size_t length)
{
    char names[160] = "";
    for (const char *const *known = r->known; *known; known++) {
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%.*s", n ? ", " : "", (int)strcspn(*known, "#"),
                 *known);
    }
    return fault(r, "no section is called \"%.*s\"; there are: %s", length > 40 ? 40 : (int)length,
                 word, names);
}

/* Returns whether a section's name is known, and whether a number may follow it. */
static bool find_known(const reader *r, const char *word, size_t length, bool *numbered)
{
    for (const char *const *known = r->known; *known; known++) {
        size_t n = strcspn(*known, "#");
        *numbered = (*known)[n] == '#';
        if (n == length && memcmp(*known, word, n) == 0) return true;
    }
    return false;
}

static int read_attribute(reader *r, const char *word, size_t length)
{
    if (is_word(word, length, "no-newline"))
        r->no_newline = true;
    else if (is_word(word, length, "escapes"))
        r->escapes = true;
    else
        return fault(r, "\"%.*s\" has no meaning after a section's name: use no-newline or escapes",
                     length > 40 ? 40 : (int)length, word);
    return 0;
}

static int add_section(reader *r, const char *name)
{
    check_case *in = r->in;
    for (size_t i = 0; i < in->n_sections; i++)
        if (strcmp(in->sections[i].name, name) == 0)
            return fault(r, "a second section \"%s\": a case has one of each", name);
    if (in->n_sections == CHECK_MAX_SECTIONS)
        return fault(r, "a case has at most %d sections", CHECK_MAX_SECTIONS);
    r->section = &in->sections[in->n_sections++];
    snprintf(r->section->name, sizeof r->section->name, "%s", name);
    r->section->begin = (size_t)(r->line - r->file->text.data);
    r->section->line = r->number;
    check_text_puts(&r->section->text, "");
    return 0;
}

/* Read "=== NAME [NUMBER] [ATTRIBUTE...]", of which the name is read already. */
static int read_section(reader *r, const char *word, size_t length, const char *at)
{
    const char *end = r->line + r->length;
    char name[sizeof r->section->name];
    bool numbered;
    if (length >= sizeof name - 2 || !find_known(r, word, length, &numbered))
        return refuse_section(r, word, length);
    int n = snprintf(name, sizeof name, "%.*s", (int)length, word);
    r->escapes = r->no_newline = false;
    bool first = true;
    while ((length = take_word(&at, end, &word)) > 0) {
        bool number =
            first && numbered && length == 1 && *word >= '2' && *word <= '0' + CHECK_MAX_EXCHANGES;
        if (number) snprintf(name + n, sizeof name - (size_t)n, " %c", *word);
        int code = number ? 0 : read_attribute(r, word, length);
        if (code) return code;
        first = false;
    }
    int code = begin_only_case(r);
    return code ? code : add_section(r, name);
}

static int read_case(reader *r, const char *at)
{
    const char *name;
    size_t length = take_word(&at, r->line + r->length, &name);
    if (r->in && !r->several)
        return fault(
            r, "the lines above belong to no case: begin the file with a line such as this one");
    r->several = true;
    int code = end_case(r, (size_t)(r->line - r->file->text.data));
    return code ? code : begin_case(r, name, length);
}

static int read_mark(reader *r)
{
    const char *at = r->line + strlen(MARK), *word;
    size_t length = *at == ' ' ? take_word(&at, r->line + r->length, &word) : 0;
    if (!length) return fault(r, "after %s a space and the name of a section are missing", MARK);
    if (is_word(word, length, "case")) return read_case(r, at);
    end_section(r, (size_t)(r->line - r->file->text.data));
    return read_section(r, word, length, at);
}

/* ---- the other lines ------------------------------------------------------------------------- */

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* Read the escape that begins at the backslash at `at`; returns its length, or 0 for an unknown
 * escape. */
static size_t read_escape(const char *at, const char *end, char *byte)
{
    size_t left = (size_t)(end - at);
    if (left && (*at == '\\' || *at == 'r' || *at == 'n')) {
        *byte = *at == 'r' ? '\r' : *at == 'n' ? '\n' : '\\';
        return 1;
    }
    if (left < 3 || *at != 'x' || digit_of(at[1]) < 0 || digit_of(at[2]) < 0) return 0;
    *byte = (char)(digit_of(at[1]) * 16 + digit_of(at[2]));
    return 3;
}

static int add_escaped(reader *r, check_text *text)
{
    const char *at = r->line, *end = at + r->length;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        check_text_add(text, at, (size_t)((escape ? escape : end) - at));
        if (!escape) break;
        char byte = 0;
        size_t n = read_escape(escape + 1, end, &byte);
        if (!n)
            return fault(r,
                         "unknown escape \"%.*s\": the escapes are \\\\ \\r \\n and \\x00 to \\xff",
                         end - escape < 4 ? (int)(end - escape) : 4, escape);
        check_text_add(text, &byte, 1);
        at = escape + 1 + n;
    }
    return 0;
}

static int add_line(reader *r)
{
    check_text *text = &r->section->text;
    int code = 0;
    if (r->escapes)
        code = add_escaped(r, text);
    else
        check_text_add(text, r->line, r->length);
    check_text_puts(text, "\n");
    return code;
}

static int read_like(reader *r, const char *value, size_t length)
{
    check_case *in = r->in;
    if (*in->like) return fault(r, "a case is like one other: this is the second line of like:");
    snprintf(in->like, sizeof in->like, "%.*s", (int)length, value);
    if (!length || length >= sizeof in->like || *value == '/' || strstr(in->like, ".."))
        return fault(r, "like: wants the name of a case, such as openai/check/text");
    in->line = r->number;
    return 0;
}

static int read_head(reader *r)
{
    static const char like[] = "like: ", source[] = "source: ";
    size_t n = sizeof like - 1;
    if (!r->length) return 0;
    int code = begin_only_case(r);
    if (code) return code;
    if (r->length >= n && memcmp(r->line, like, n) == 0)
        return read_like(r, r->line + n, r->length - n);
    if (r->length >= sizeof source - 1 && memcmp(r->line, source, sizeof source - 1) == 0) return 0;
    return fault(r,
                 "before its first section a case has lines of \"like: CASE\" and \"source: "
                 "TEXT\" alone; a section begins with a line such as \"%s answer\"",
                 MARK);
}

static int read_line(reader *r)
{
    if (memchr(r->line, '\0', r->length) || memchr(r->line, '\r', r->length))
        return fault(r, "a byte 0 or a carriage return within a line: write \\x00 or \\r in a "
                        "section with escapes");
    if (r->length >= strlen(MARK) && memcmp(r->line, MARK, strlen(MARK)) == 0) return read_mark(r);
    return r->section ? add_line(r) : read_head(r);
}

/* ---- the file -------------------------------------------------------------------------------- */

static int read_lines(reader *r)
{
    const char *at = r->file->text.data, *end = at + r->file->text.length, *next;
    for (int code = 0; at < end; at = next) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        next = newline ? newline + 1 : end;
        if (stop > at && stop[-1] == '\r') stop--;
        r->line = at;
        r->length = (size_t)(stop - at);
        r->number++;
        code = read_line(r);
        if (code) return code;
    }
    if (!r->in)
        return fault(r, "the file is empty: write a section, such as a line %s answer", MARK);
    return end_case(r, r->file->text.length);
}

static bool ran_out_of_memory(const check_fixture_file *file)
{
    for (size_t i = 0; i < file->n_cases; i++)
        for (size_t k = 0; k < file->cases[i].n_sections; k++)
            if (file->cases[i].sections[k].text.status) return true;
    return false;
}

/* Find the file below the first folder that has it. If no folder has it, file->path receives the
 * path in the first folder. */
static bool find_file(check_fixture_file *file, const char *const *roots, const char *name)
{
    for (size_t i = 0; roots[i]; i++) {
        snprintf(file->path, sizeof file->path, "%s/%s" CHECK_FIXTURE_ENDING, roots[i], name);
        if (check_text_read(&file->text, file->path)) return true;
    }
    if (roots[0])
        snprintf(file->path, sizeof file->path, "%s/%s" CHECK_FIXTURE_ENDING, roots[0], name);
    return false;
}

static int read_alone(check_fixture_file *file, const char *const *roots, const char *name,
                      const char *const *known, beluga_error *err)
{
    *file = (check_fixture_file){0};
    reader r = {.file = file, .known = known, .err = err};
    if (!find_file(file, roots, name))
        return beluga_error_set(err, BELUGA_ERROR_NOT_FOUND, "there is no %s", file->path);
    if (file->text.length > CHECK_MAX_FIXTURE_BYTES)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_CONFIG,
                                "%s: a file of fixtures has at most %zu bytes", file->path,
                                CHECK_MAX_FIXTURE_BYTES);
    file->cases = calloc(CHECK_MAX_CASES, sizeof *file->cases);
    int code = file->cases ? read_lines(&r) : BELUGA_ERROR_NO_MEMORY;
    if (!code && ran_out_of_memory(file)) code = BELUGA_ERROR_NO_MEMORY;
    if (code == BELUGA_ERROR_NO_MEMORY) beluga_error_set(err, code, "%s: no memory", file->path);
    return code;
}

/* ---- the attribute `like` -------------------------------------------------------------------- */

/* The name of a case in a file with several begins with the file's name:
 * "openai/errors/error-402". */
static int read_named(check_fixture_file *file, const char *const *roots, const char *name,
                      const char *const *known, const check_case **found, beluga_error *err)
{
    char folder[sizeof((check_case *)0)->like];
    const char *slash = strrchr(name, '/');
    int code = read_alone(file, roots, name, known, err);
    if (!code) *found = check_fixture_file_case(file, slash ? slash + 1 : name);
    if (code != BELUGA_ERROR_NOT_FOUND || !slash) return code;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
    check_fixture_file_free(file);
    code = read_alone(file, roots, folder, known, err);
    if (!code) *found = check_fixture_file_case(file, slash + 1);
    return code;
}

static bool inherit(check_case *in, const check_case *from)
{
    for (size_t i = 0; i < from->n_sections; i++) {
        const check_section *section = &from->sections[i];
        if (check_case_section(in, section->name)) continue;
        if (in->n_sections == CHECK_MAX_SECTIONS) return false;
        check_section *copy = &in->sections[in->n_sections++];
        snprintf(copy->name, sizeof copy->name, "%s", section->name);
        check_text_add(&copy->text, section->text.data, section->text.length);
        copy->inherited = true;
    }
    return true;
}

static int follow_like(check_fixture_file *file, check_case *in, const char *const *roots,
                       const char *const *known, beluga_error *err)
{
    check_fixture_file other;
    const check_case *from = NULL;
    reader at = {.file = file, .number = in->line, .err = err};
    int code = read_named(&other, roots, in->like, known, &from, err);
    if (code == BELUGA_ERROR_NOT_FOUND || (!code && !from))
        code = fault(&at, "like: there is no case %s: want a name such as openai/check/text",
                     in->like);
    else if (!code && *from->like)
        code = fault(&at, "like: %s is itself like %s: name that case", in->like, from->like);
    else if (!code && !inherit(in, from))
        code =
            fault(&at, "like: together with those of %s the case has too many sections", in->like);
    check_fixture_file_free(&other);
    return code;
}

int check_fixture_file_read(check_fixture_file *file, const char *const *roots, const char *name,
                            const char *const *known, beluga_error *err)
{
    int code = read_alone(file, roots, name, known, err);
    for (size_t i = 0; !code && i < file->n_cases; i++)
        if (*file->cases[i].like) code = follow_like(file, &file->cases[i], roots, known, err);
    if (!code && ran_out_of_memory(file))
        code = beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "%s: no memory", file->path);
    return code;
}

void check_fixture_file_free(check_fixture_file *file)
{
    for (size_t i = 0; i < file->n_cases; i++)
        for (size_t k = 0; k < file->cases[i].n_sections; k++)
            check_text_free(&file->cases[i].sections[k].text);
    free(file->cases);
    check_text_free(&file->text);
    *file = (check_fixture_file){0};
}

const check_section *check_case_section(const check_case *of, const char *name)
{
    for (size_t i = 0; i < of->n_sections; i++)
        if (strcmp(of->sections[i].name, name) == 0) return &of->sections[i];
    return NULL;
}

const check_case *check_fixture_file_case(const check_fixture_file *file, const char *name)
{
    for (size_t i = 0; i < file->n_cases; i++)
        if (strcmp(file->cases[i].name, name) == 0) return &file->cases[i];
    return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Returns whether a character needs an escape: a control character, or the beginning of a line
 * that looks like a section. */
static bool wants_escape(const char *text, size_t length, size_t i)
{
    unsigned char c = (unsigned char)text[i];
    bool line_begins = i == 0 || text[i - 1] == '\n', room = length - i >= strlen(MARK);
    if (line_begins && room && memcmp(text + i, MARK, strlen(MARK)) == 0) return true;
    return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
}

static bool is_plain(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (wants_escape(text, length, i)) return false;
    return true;
}

static void put_escaped(check_text *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\' || c == '\r')
            check_text_puts(out, c == '\r' ? "\\r" : "\\\\");
        else if (wants_escape(text, length, i))
            check_text_printf(out, "\\x%02x", c);
        else
            check_text_add(out, text + i, 1);
    }
}

static void put_section(check_text *out, const char *name, const char *text, size_t length)
{
    bool plain = is_plain(text, length), newline = !length || text[length - 1] == '\n';
    check_text_printf(out, "%s %s%s%s\n", MARK, name, newline ? "" : " no-newline",
                      plain ? "" : " escapes");
    if (plain)
        check_text_add(out, text, length);
    else
        put_escaped(out, text, length);
    if (!newline) check_text_puts(out, "\n");
}

/* Write the text to a second file and rename that, so that the old file stays if writing fails. */
static bool write_text(const char *path, const check_text *text)
{
    char beside[CHECK_MAX_PATH + sizeof ".new"];
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *out = text->status ? NULL : fopen(beside, "wbe");
    if (!out) return false;
    bool written = fwrite(text->data, 1, text->length, out) == text->length;
    written = fclose(out) == 0 && written && rename(beside, path) == 0;
    if (!written) remove(beside);
    return written;
}

bool check_fixture_file_write(const check_fixture_file *file, const check_case *of,
                              const char *name, const char *text, size_t length)
{
    check_text out = {0};
    const check_section *old = of ? check_case_section(of, name) : NULL;
    bool own = old && !old->inherited;
    size_t begin = own ? old->begin : of ? of->end : 0, end = own ? old->end : begin;
    const char *before = check_text_get(&file->text);
    check_text_add(&out, before, begin);
    if (begin && before[begin - 1] != '\n') check_text_puts(&out, "\n");
    put_section(&out, name, text, length);
    check_text_add(&out, before + end, file->text.length - end);
    bool written = write_text(file->path, &out);
    check_text_free(&out);
    return written;
}
