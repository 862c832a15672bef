#include "wire/outgoing.h"

#include "base/utf8.h"

#include <beluga/error.h>
#include <beluga/provider/http.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- characters ------------------------------------------------------------------------------ */

static bool is_alphanumeric(unsigned char c)
{
    unsigned char lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* Returns whether a control character begins here. The C1 control characters (U+0080 to U+009F)
 * have two bytes in UTF-8. */
static bool is_control(const char *at, size_t left)
{
    unsigned char c = (unsigned char)*at;
    return c < 0x20 || c == 0x7f || (c == 0xc2 && left > 1 && (unsigned char)at[1] < 0xa0);
}

static void name_character(char *out, size_t size, const char *at)
{
    static const char letters[] = "abtnvfr"; /* C escapes of the characters 7 to 13 */
    unsigned char c = (unsigned char)*at;
    if (c == 0)
        snprintf(out, size, "\\0");
    else if (c >= 7 && c <= 13)
        snprintf(out, size, "\\%c", letters[c - 7]);
    else if (c == ' ')
        snprintf(out, size, "a space");
    else if (c > 0x20 && c < 0x7f)
        snprintf(out, size, "\"%c\"", c);
    else
        snprintf(out, size, "U+%04X", c == 0xc2 ? (unsigned char)at[1] : c);
}

static bool misfits(beluga__misfit *misfit, const char *text, size_t at)
{
    misfit->at = at;
    name_character(misfit->what, sizeof misfit->what, text + at);
    return false;
}

static bool is_among(char c, const char *set)
{
    return c && strchr(set, c);
}

static bool has_any(const char *text, size_t n, const char *set)
{
    for (; *set; set++)
        if (memchr(text, *set, n)) return true;
    return false;
}

/* Returns whether a text is UTF-8 without the characters in `forbidden`, and without control
 * characters except those in `allowed`. Nearly every text passes the fast test in the first
 * line. */
static bool fits(const char *text, size_t n, const char *allowed, const char *forbidden,
                 beluga__misfit *misfit)
{
    if (beluga__ascii_visible(text, n) == n && !has_any(text, n, forbidden)) return true;
    size_t valid = beluga__utf8_valid(text, n);
    for (size_t i = 0; i < valid; i++) {
        if (is_alphanumeric((unsigned char)text[i]) || is_among(text[i], allowed)) continue;
        if (is_control(text + i, n - i) || is_among(text[i], forbidden))
            return misfits(misfit, text, i);
    }
    if (valid == n) return true;
    misfit->at = valid;
    snprintf(misfit->what, sizeof misfit->what, "byte 0x%02x", (unsigned char)text[valid]);
    return false;
}

bool beluga__fits_header(const char *text, size_t n, beluga__misfit *misfit)
{
    return fits(text, n, "\t", "", misfit);
}

bool beluga__fits_name(const char *text, size_t n, beluga__misfit *misfit)
{
    return fits(text, n, "", "", misfit);
}

bool beluga__fits_url(const char *text, size_t n, beluga__misfit *misfit)
{
    return fits(text, n, "", " \\#", misfit);
}

bool beluga__fits_header_name(const char *text, size_t n, beluga__misfit *misfit)
{
    *misfit = (beluga__misfit){0, "nothing"};
    for (size_t i = 0; i < n; i++) {
        if (is_alphanumeric((unsigned char)text[i]) || text[i] == '-') continue;
        if (!is_among(text[i], "!#$%&'*+.^_`|~")) return misfits(misfit, text, i);
    }
    return n > 0;
}

/* ---- headers --------------------------------------------------------------------------------- */

const char *beluga__header_is_ours(const char *name, size_t n)
{
    static const char ours[] = "the library sets it itself";
    static const struct {
        const char *name, *why; /* a name that ends in "-" stands for all names with this prefix */
    } rows[] = {{"connection", ours},
                {"content-length", ours},
                {"expect", ours},
                {"host", "it follows from base_url"},
                {"http2-settings", ours},
                {"keep-alive", ours},
                {"proxy-", "set the option proxy instead, with name and password in its URL"},
                {"te", ours},
                {"trailer", ours},
                {"transfer-encoding", ours},
                {"upgrade", ours}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((*name | 0x20) != *rows[i].name) continue;
        size_t m = strlen(rows[i].name);
        bool may = n == m || (n > m && rows[i].name[m - 1] == '-');
        if (may && strncasecmp(name, rows[i].name, m) == 0) return rows[i].why;
    }
    return NULL;
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* Returns the character at `*at` as a server may decode it, and moves `*at` behind it. */
static char decoded(const char *path, size_t n, size_t *at)
{
    static const struct {
        char escape[3], meaning;
    } escapes[] = {{"2e", '.'}, {"2f", '/'}, {"5c", '/'}};
    char c = path[(*at)++];
    if (c == '\\') return '/';
    for (size_t i = 0; c == '%' && n - *at >= 2 && i < 3; i++) {
        if (strncasecmp(path + *at, escapes[i].escape, 2) != 0) continue;
        *at += 2;
        return escapes[i].meaning;
    }
    return c;
}

/* Returns whether a path must be checked in full. A path without "%" and "\" can climb only if a
 * segment begins with a dot. */
static bool may_climb(const char *path, size_t n)
{
    if (memchr(path, '%', n) || memchr(path, '\\', n)) return true;
    for (const char *at = path; (at = memchr(at, '.', n - (size_t)(at - path))); at++)
        if (at == path || at[-1] == '/') return true;
    return false;
}

bool beluga__path_climbs(const char *path, size_t n)
{
    size_t dots = 0, others = 0;
    if (!may_climb(path, n)) return false;
    for (size_t at = 0; at < n;) {
        char c = decoded(path, n, &at);
        dots += c == '.';
        others += c != '.' && c != '/';
        if (c != '/' && at < n) continue;
        if (!others && (dots == 1 || dots == 2)) return true;
        dots = others = 0;
    }
    return false;
}

size_t beluga__percent_encode(char byte, char out[3])
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char c = (unsigned char)byte;
    if (is_alphanumeric(c) || is_among(byte, "-._~")) {
        *out = byte;
        return 1;
    }
    out[0] = '%';
    out[1] = digits[c >> 4];
    out[2] = digits[c & 15];
    return 3;
}

static int refuse(const char *what, const char *text, beluga_error *err)
{
    beluga__misfit misfit;
    if (!*text) return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s is empty", what);
    if (!beluga__fits_name(text, strlen(text), &misfit))
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "%s: %s at byte %zu can't be part of a name", what, misfit.what,
                                misfit.at);
    if (beluga__path_climbs(text, strlen(text)))
        return beluga_error_set(
            err, BELUGA_ERROR_INVALID_INPUT,
            "%s: a name with \".\" or \"..\" between slashes would change the path", what);
    return 0;
}

int beluga_http_encode_segment(const char *what, const char *text, char *out, size_t n,
                               beluga_error *err)
{
    size_t length = 0;
    int status = refuse(what, text, err);
    for (const char *at = text; *at && !status; at++) {
        char bytes[3];
        size_t m = beluga__percent_encode(*at, bytes);
        if (length + m >= n)
            return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "%s is too long", what);
        memcpy(out + length, bytes, m);
        length += m;
    }
    if (!status) out[length] = '\0';
    return status;
}
