/* Reads the two families of headers that report how much of a provider's rate limits is left:
 * x-ratelimit-*-requests with durations ("6m0s", "20ms", or a bare number of seconds), and
 * anthropic-ratelimit-requests-* with times (RFC 3339). */
#include "base/time.h"
#include "wire/http.h"

#include <string.h>

#define OPENAI    "x-ratelimit-"
#define ANTHROPIC "anthropic-ratelimit-"

static const beluga_rate_limits unknown = BELUGA_RATE_LIMITS_INIT;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Returns the value of a whole number; -1 for any other text. */
static int64_t count(const char *text)
{
    int64_t value = 0;
    const char *start = text;
    for (; is_digit(*text); text++) {
        if (value > (INT64_MAX - 9) / 10) return -1;
        value = value * 10 + (*text - '0');
    }
    return text == start || *text ? -1 : value;
}

/* ---- durations ------------------------------------------------------------------------------- */

/* Read the decimal number at the beginning of *text, regardless of the locale, and move *text
 * behind it. Returns -1 if there is none. */
static double number(const char **text)
{
    double value = 0, scale = 1;
    const char *start = *text, *at = start;
    for (; is_digit(*at); at++) value = value * 10 + (*at - '0');
    if (*at == '.')
        for (at++; is_digit(*at); at++) value += (*at - '0') * (scale /= 10);
    *text = at;
    return at == start ? -1 : value;
}

/* Read the unit at the beginning of *text and move *text behind it. Returns its milliseconds, or 0
 * for an unknown unit. */
static double unit(const char **text)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1},   {"us", 1e-3}, {"\xc2\xb5s", 1e-3}, {"ns", 1e-6},
                 {"s", 1000}, {"m", 60e3},  {"h", 3600e3},       {"d", 86400e3}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i].name);
        if (strncmp(*text, units[i].name, n) != 0) continue;
        *text += n;
        return units[i].ms;
    }
    return 0;
}

/* Returns the milliseconds of a duration such as "1h6m0.5s", or of a bare number of seconds; -1 for
 * any other text. */
static int64_t duration_ms(const char *text)
{
    static const double most = 1e15;
    double sum = 0;
    bool first = true;
    do {
        double value = number(&text);
        double factor = value < 0 ? 0 : first && !*text ? 1000 : unit(&text);
        if (factor == 0) return -1;
        sum += value * factor;
        first = false;
    } while (*text);
    /* without the addition, "7.66s" would become 7659 ms, since 7.66 * 1000 is 7659.999… */
    return sum < most ? (int64_t)(sum + 1e-3) : -1;
}

/* ---- times ----------------------------------------------------------------------------------- */

/* Returns the milliseconds from `now` to an RFC 3339 time, or 0 if the time has passed; -1 if the
 * text is not such a time. */
static int64_t until_ms(const char *text, int64_t now)
{
    int64_t at;
    if (!beluga__time_read(text, &at)) return -1;
    return at > now ? (at - now) * 1000 : 0;
}

/* ---- headers --------------------------------------------------------------------------------- */

/* Read one header line, "name: value". */
static void read_header(beluga_rate_limits *limits, const char *line, int64_t now)
{
    const struct {
        const char *openai, *anthropic;
        int64_t *field;
        bool is_time;
    } rows[] = {
        {"limit-requests", "requests-limit", &limits->requests_limit, false},
        {"remaining-requests", "requests-remaining", &limits->requests_remaining, false},
        {"reset-requests", "requests-reset", &limits->requests_reset_ms, true},
        {"limit-tokens", "tokens-limit", &limits->tokens_limit, false},
        {"remaining-tokens", "tokens-remaining", &limits->tokens_remaining, false},
        {"reset-tokens", "tokens-reset", &limits->tokens_reset_ms, true},
    };
    bool anthropic = *line == 'a';
    line += strlen(anthropic ? ANTHROPIC : OPENAI);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *name = anthropic ? rows[i].anthropic : rows[i].openai;
        size_t n = strlen(name);
        if (strncmp(line, name, n) != 0 || line[n] != ':') continue;
        const char *value = line + n + 2;
        *rows[i].field = !rows[i].is_time     ? count(value)
                         : strchr(value, ':') ? until_ms(value, now)
                                              : duration_ms(value);
        return;
    }
}

bool beluga__http_rate_limits(const beluga_http_response *response, int64_t now,
                              beluga_rate_limits *out)
{
    const char *at = response->headers.data, *end = at + response->headers.length;
    *out = unknown;
    for (; at < end; at += strlen(at) + 1)
        if (strncmp(at, OPENAI, strlen(OPENAI)) == 0 ||
            strncmp(at, ANTHROPIC, strlen(ANTHROPIC)) == 0)
            read_header(out, at, now);
    return memcmp(out, &unknown, sizeof unknown) != 0;
}
