/* Reads the head of an answer. Headers may contain anything, and the form in which a log would show
 * them contains no key. Each line is a header; the whole input is also tried as a URL. */
#include "fuzz.h"
#include "wire/http.h"
#include "wire/sniff.h"

enum { NOW = 1767225600, MAX_WAIT_MS = 24 * 3600 * 1000 };

static void check_limits(const beluga_rate_limits *limits)
{
    FUZZ_CHECK(limits->requests_limit >= -1 && limits->requests_remaining >= -1);
    FUZZ_CHECK(limits->tokens_limit >= -1 && limits->tokens_remaining >= -1);
    FUZZ_CHECK(limits->requests_reset_ms >= -1 && limits->tokens_reset_ms >= -1);
}

static void check_value(const beluga_http_response *response, const char *name)
{
    beluga__buf shown;
    const char *value = beluga_http_response_header(response, name);
    if (!value) return;
    FUZZ_CHECK(!strchr(value, '\n'));
    beluga__buf_init(&shown, beluga_allocator_default(), 1 << 17);
    beluga__http_redact_header(&shown, name, value);
    FUZZ_CHECK(shown.length >= strlen(name));
    if (!beluga__http_may_show(name) && strlen(value) > 12)
        FUZZ_CHECK(!strstr(shown.data + strlen(name), value));
    beluga__buf_free(&shown);
}

static void check_response(const beluga_http_response *response)
{
    static const char *const names[] = {"retry-after", "x-request-id",  "x-api-key",
                                        "set-cookie",  "authorization", "location"};
    beluga_rate_limits limits = BELUGA_RATE_LIMITS_INIT;
    int64_t wait = beluga__http_retry_after_ms(response, NOW);
    FUZZ_CHECK(wait >= -1 && wait <= MAX_WAIT_MS);
    int retry = beluga__http_should_retry(response);
    FUZZ_CHECK(retry >= -1 && retry <= 1);
    beluga__http_rate_limits(response, NOW, &limits);
    check_limits(&limits);
    beluga__http_is_framed(response);
    beluga__http_request_id(response);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_value(response, names[i]);
}

static void check_url(const char *text)
{
    beluga__buf once, twice;
    beluga__buf_init(&once, beluga_allocator_default(), 1 << 18);
    beluga__buf_init(&twice, beluga_allocator_default(), 1 << 18);
    if (!beluga__http_redact_url(&once, text) && once.length) {
        FUZZ_CHECK(beluga__http_redact_url(&twice, once.data) == 0);
        FUZZ_CHECK(once.length == twice.length);
    }
    beluga__buf_free(&once);
    beluga__buf_free(&twice);
}

/* Check that a result other than MORE stays the same when more bytes arrive. */
static void check_sniff(const char *text, size_t n)
{
    size_t skip = beluga__sniff_skip(text, n);
    FUZZ_CHECK(skip <= n && beluga__sniff_value(text, n) <= n);
    text += skip;
    n -= skip;
    beluga__sniffed all = beluga__sniff(text, n);
    for (size_t i = 0; i < n && i < 64; i++) {
        beluga__sniffed some = beluga__sniff(text, i);
        FUZZ_CHECK(some == BELUGA__SNIFF_MORE || some == all);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga_http_response response;
    char *text = fuzz_text(data, size), *rest = text;
    check_sniff(text, size);
    check_url(text);
    beluga__http_response_init(&response, beluga_allocator_default(), 1 << 16);
    for (char *line; (line = fuzz_line(&rest));)
        if (beluga__http_response_add_line(&response, line, strlen(line))) break;
    check_response(&response);
    beluga__http_response_free(&response);
    free(text);
    return 0;
}
