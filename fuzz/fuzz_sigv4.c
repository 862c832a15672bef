/* Signs requests for AWS. The signature is the same each time, and the headers that it adds can be
 * sent. The lines are the key, the region, the URL, and headers up to an empty line; the rest is
 * the body. */
#include "fuzz.h"
#include "providers/bedrock/bedrock.h"
#include "wire/http.h"

enum { NOW = 1767225600 };

static void fill(beluga_http_request *request, char **rest, const char *end)
{
    beluga_http_request_set_url(request, fuzz_line(rest));
    for (char *line; (line = fuzz_line(rest)) && *line;) {
        char *colon = strchr(line, ':');
        if (!colon) continue;
        *colon = '\0';
        beluga_http_request_set_header(request, line, colon + 1);
    }
    if (!*rest) return;
    beluga_json_put_string_n(beluga_http_request_json(request), NULL, *rest, (size_t)(end - *rest));
}

static void check_same(beluga_http_request *request, const beluga__sigv4 *with)
{
    beluga_error err = {0};
    const char *first = beluga_http_request_header(request, "Authorization");
    FUZZ_CHECK(first && !strpbrk(first, "\r\n"));
    char *kept = fuzz_text((const uint8_t *)first, strlen(first));
    beluga_http_request_set_header(request, "Authorization", NULL);
    FUZZ_CHECK(beluga__sigv4_sign(request, with, &err) == 0);
    FUZZ_CHECK(strcmp(kept, beluga_http_request_header(request, "Authorization")) == 0);
    free(kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga__arena arena;
    beluga_http_request request;
    beluga_error err = {0};
    char *text = fuzz_text(data, size), *rest = text;
    const char *key = fuzz_line(&rest), *region = rest ? fuzz_line(&rest) : "";
    beluga__sigv4 with = {.id = key,
                          .secret = "secret",
                          .token = *region ? region : NULL,
                          .region = region,
                          .service = "bedrock",
                          .now = NOW};
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    beluga__http_request_init(&request, beluga_allocator_default(), &arena, "https://host");
    if (rest) fill(&request, &rest, text + size);
    int code = beluga__sigv4_sign(&request, &with, &err);
    if (code)
        fuzz_check_error(code, &err);
    else if (!request.status)
        check_same(&request, &with);
    beluga__http_request_free(&request);
    beluga__arena_free(&arena);
    free(text);
    return 0;
}
