#include "model/body_kind.h"

#include <string.h>
#include <strings.h>

static bool is_type(const char *declared, const char *type)
{
    size_t n = strlen(type);
    return declared && strncasecmp(declared, type, n) == 0 &&
           (declared[n] == '\0' || strchr("; \t", declared[n]));
}

static beluga__body_kind frames_if(const beluga_provider *provider, bool frames)
{
    bool can = provider->decode_event;
    return (frames && can) || !provider->decode_response ? BELUGA__BODY_FRAMES : BELUGA__BODY_WHOLE;
}

static beluga__body_kind by_type(const beluga_provider *provider, const char *type, bool streamed)
{
    bool frames = streamed;
    if (is_type(type, "text/html")) return BELUGA__BODY_REFUSED;
    if (is_type(type, "text/event-stream")) frames = true;
    if (is_type(type, "application/json") && provider->framing == BELUGA_FRAMING_SSE)
        frames = false;
    return frames_if(provider, frames);
}

beluga__body_kind beluga__body_kind_of(const beluga_provider *provider, beluga__sniffed sniffed,
                                       const char *type, bool streamed, uint32_t *framing)
{
    bool lines = provider->framing == BELUGA_FRAMING_NDJSON;
    switch (sniffed) {
    case BELUGA__SNIFF_MORE: return BELUGA__BODY_UNKNOWN;
    case BELUGA__SNIFF_PAGE: return BELUGA__BODY_REFUSED;
    case BELUGA__SNIFF_PRETTY: return frames_if(provider, false);
    case BELUGA__SNIFF_JSON:
        return frames_if(provider, lines && (streamed || is_type(type, "application/x-ndjson")));
    case BELUGA__SNIFF_SSE:
        if (provider->decode_event) *framing = BELUGA_FRAMING_SSE;
        return frames_if(provider, true);
    /* The body is empty. It is read as a stream if the type is that of server-sent events, or if a
     * stream was requested and the server names a type other than JSON. */
    case BELUGA__SNIFF_NONE:
        return by_type(provider, type, streamed && type && !is_type(type, "application/json"));
    case BELUGA__SNIFF_OTHER: break;
    }
    return by_type(provider, type, streamed);
}

static bool closes(char c)
{
    return c == '}' || c == ']';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Returns whether this opening bracket occurs directly after a closing one, except for blanks. */
static bool opens_behind_another(char bracket, const char *body, size_t n)
{
    const char *at = body, *end = body + n;
    while (at < end && (at = memchr(at, bracket, (size_t)(end - at)))) {
        const char *before = at++;
        while (before > body && is_blank(before[-1])) before--;
        if (before > body && closes(before[-1])) return true;
    }
    return false;
}

int beluga__body_framing_of_values(const char *body, size_t n)
{
    /* A second JSON value can begin only after a closing bracket that is followed by an opening
     * one. Nearly all bodies have no such place, so they need not be read byte by byte. */
    if (!opens_behind_another('{', body, n) && !opens_behind_another('[', body, n)) return -1;
    size_t skipped = beluga__sniff_skip(body, n);
    size_t first = beluga__sniff_value(body + skipped, n - skipped);
    if (!first || first == n - skipped) return -1;
    /* the end of the first value, without the blanks that follow it */
    const char *end = body + skipped + first;
    while (!closes(end[-1])) end--;
    bool lines = !memchr(body + skipped, '\n', (size_t)(end - body) - skipped);
    return lines ? BELUGA_FRAMING_NDJSON : BELUGA_FRAMING_SSE;
}
