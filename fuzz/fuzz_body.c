/* Writes bodies of requests that are not JSON. The first line of the input is "form" or "parts";
 * each field or part follows as lines for its name, file name, media type ("-": none) and data, in
 * which "|" is a line end. Reading a form back gives the same fields whatever they contain, and a
 * part ends where its data ends. */
#include "base/limits.h"
#include "fuzz.h"
#include "wire/http.h"

#include <stdio.h>

enum { MOST = 32 };

typedef struct part {
    const char *name, *filename, *type;
    char *data;
    size_t length;
} part;

static const char *word(char **rest)
{
    const char *line = fuzz_line(rest);
    return line && strcmp(line, "-") != 0 ? line : NULL;
}

static size_t read_parts(char *rest, part *parts)
{
    size_t n = 0;
    while (rest && n < MOST) {
        part *p = &parts[n++];
        p->name = word(&rest);
        p->filename = word(&rest);
        p->type = word(&rest);
        p->data = fuzz_line(&rest);
        p->length = p->data ? strlen(p->data) : 0;
        for (size_t i = 0; i < p->length; i++)
            if (p->data[i] == '|') p->data[i] = '\n';
    }
    return n;
}

/* --- a form ----------------------------------------------------------------------------------- */

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* Decode one text of the form, and check that it equals `text`. Returns the position after it. */
static const char *read_back(const char *at, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = *at++;
        if (c == '+') c = ' ';
        if (c == '%') {
            c = (char)(digit(at[0]) * 16 + digit(at[1]));
            at += 2;
        } else
            FUZZ_CHECK(c == ' ' || c == '*' || c == '-' || c == '.' || c == '_' ||
                       (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
        FUZZ_CHECK(c == text[i]);
    }
    return at;
}

static void check_form(beluga_http_request *request, const part *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        beluga_http_request_add_form_field(request, parts[i].name, parts[i].data, parts[i].length);
    if (request->status) return;
    const char *at = request->body.data;
    for (size_t i = 0; i < n; i++) {
        if (i) FUZZ_CHECK(*at++ == '&');
        at = read_back(at, parts[i].name, strlen(parts[i].name));
        FUZZ_CHECK(*at++ == '=');
        at = read_back(at, parts[i].data, parts[i].length);
    }
    FUZZ_CHECK(at == request->body.data + request->body.length);
}

/* --- parts ------------------------------------------------------------------------------------ */

static const char *find(const char *at, const char *end, const char *word)
{
    return memmem(at, (size_t)(end - at), word, strlen(word));
}

/* Check that the head has exactly the expected lines: a name must not be able to add a line. */
static const char *check_head(const char *at, const char *end, const part *p)
{
    const char *data = find(at, end, "\r\n\r\n");
    int lines = 1 + (p->type || p->filename);
    FUZZ_CHECK(data);
    for (const char *line = at; (line = find(line, data, "\n")); line++) lines--;
    FUZZ_CHECK(lines == 0);
    FUZZ_CHECK(find(at, data, "Content-Disposition: form-data; name=\"") == at + 2);
    return data + 4;
}

static void check_parts(beluga_http_request *request, const part *parts, size_t n)
{
    char boundary[64] = "--";
    for (size_t i = 0; i < n; i++) {
        beluga_http_part one = {sizeof one,    parts[i].name, parts[i].filename,
                                parts[i].type, parts[i].data, parts[i].length};
        beluga_http_request_add_part(request, &one);
    }
    beluga__http_request_seal(request);
    if (request->status || !n) return;
    const char *type = beluga_http_request_header(request, "content-type");
    FUZZ_CHECK(sscanf(type, "multipart/form-data; boundary=%60s", boundary + 2) == 1);
    const char *at = request->body.data, *end = at + request->body.length;
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(find(at, end, boundary) == at);
        at = check_head(at + strlen(boundary), end, &parts[i]);
        const char *next = find(at, end, boundary);
        FUZZ_CHECK(next == at + parts[i].length + 2);
        FUZZ_CHECK(!parts[i].length || memcmp(at, parts[i].data, parts[i].length) == 0);
        at = next;
    }
    FUZZ_CHECK(strcmp(at + strlen(boundary), "--\r\n") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    part parts[MOST];
    beluga__arena arena;
    beluga_http_request request;
    beluga_error err = {0};
    char *text = fuzz_text(data, size), *rest = text;
    const char *form = fuzz_line(&rest);
    size_t n = read_parts(rest, parts);
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 20);
    beluga__http_request_init(&request, beluga_allocator_default(), &arena, "http://h");
    beluga_http_request_set_path(&request, "/");
    if (form && strcmp(form, "form") == 0)
        check_form(&request, parts, n);
    else
        check_parts(&request, parts, n);
    int code = beluga__http_request_finish(&request, &err);
    if (code) fuzz_check_error(code, &err);
    beluga__http_request_free(&request);
    beluga__arena_free(&arena);
    free(text);
    return 0;
}
