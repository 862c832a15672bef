#include "wire/resolve.h"

#include <string.h>

typedef struct piece {
    const char *text;
    size_t n;
} piece;

/* The parts of a URL or a reference, each of which may be empty: "http:", "//host:80", "/v1/jobs",
 * "?x=1". */
typedef struct pieces {
    piece scheme, authority, path, query;
} pieces;

static pieces split(const char *text)
{
    pieces p = {.scheme = {text, 0}};
    size_t n = strcspn(text, ":/?#");
    if (text[n] == ':') p.scheme.n = n + 1;
    text += p.scheme.n;
    p.authority = (piece){text, strncmp(text, "//", 2) ? 0 : 2 + strcspn(text + 2, "/?#")};
    text += p.authority.n;
    p.path = (piece){text, strcspn(text, "?#")};
    text += p.path.n;
    p.query = (piece){text, *text == '?' ? strcspn(text, "#") : 0};
    return p;
}

/* --- paths ------------------------------------------------------------------------------------ */

static bool is_dots(const char *segment, size_t n)
{
    return (n == 1 || n == 2) && strncmp(segment, "..", n) == 0;
}

/* Remove the last segment of the path in `out`, which begins at `start`. */
static void climb(beluga__buf *out, size_t start)
{
    size_t n = out->length;
    while (n > start && out->data[n - 1] != '/') n--;
    out->length = n > start ? n - 1 : start;
}

/* Append a path with a slash before each segment, and resolve its "." and ".." segments. */
static void put_path(beluga__buf *out, size_t start, piece path)
{
    const char *at = path.text, *end = path.text + path.n;
    while (at < end) {
        at += *at == '/';
        const char *slash = memchr(at, '/', (size_t)(end - at));
        size_t n = (size_t)((slash ? slash : end) - at);
        bool dots = is_dots(at, n);
        if (dots && n == 2) climb(out, start);
        if (!dots || at + n == end) beluga__buf_putc(out, '/');
        if (!dots) beluga__buf_append(out, at, n);
        at += n;
    }
}

/* Returns the part of a path before its last slash. */
static piece folder_of(piece path)
{
    const char *slash = path.n ? memrchr(path.text, '/', path.n) : NULL;
    return (piece){path.text, slash ? (size_t)(slash - path.text) : 0};
}

/* --- the whole reference ---------------------------------------------------------------------- */

int beluga__url_resolve(beluga__buf *out, const char *base, const char *reference)
{
    pieces b = split(base), r = split(reference);
    piece folder = {base, 0};
    /* a reference such as mailto:… names no server and is kept as it is */
    if (r.scheme.n && !r.authority.n) return beluga__buf_puts(out, reference);
    bool elsewhere = r.scheme.n || r.authority.n;
    if (!r.scheme.n) r.scheme = b.scheme;
    if (!elsewhere) {
        r.authority = b.authority;
        if (!r.path.n && !r.query.n) r.query = b.query;
        if (!r.path.n)
            r.path = b.path;
        else if (*r.path.text != '/')
            folder = folder_of(b.path);
    }
    beluga__buf_append(out, r.scheme.text, r.scheme.n);
    beluga__buf_append(out, r.authority.text, r.authority.n);
    size_t start = out->length;
    put_path(out, start, folder);
    put_path(out, start, r.path);
    return beluga__buf_append(out, r.query.text, r.query.n);
}
