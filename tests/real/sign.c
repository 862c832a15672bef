/* Signs requests, one on each line of stdin. A line has these fields in hex, separated by spaces:
 * method, URL, content type, body, id, secret, token, region, time. For each line it prints the
 * headers Authorization, X-Amz-Content-Sha256, X-Amz-Date and X-Amz-Security-Token, separated by
 * tabs, or the error. */
#include "base/mem.h"
#include "providers/bedrock/bedrock.h"
#include "wire/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { METHOD, URL, TYPE, BODY, ID, SECRET, TOKEN, REGION, NOW, N_FIELDS };
enum { MAX_LINE = 1 << 16 };

/* Decode hex digits in place, which is possible because the bytes are shorter than their digits. */
static void from_hex(char *text)
{
    size_t n = 0;
    for (unsigned byte; sscanf(text + 2 * n, "%2x", &byte) == 1; n++) text[n] = (char)byte;
    text[n] = '\0';
}

static const char *or_none(const char *value)
{
    return value ? value : "";
}

static void sign(char **fields)
{
    beluga_error err = {0};
    beluga__arena arena;
    beluga_http_request r;
    beluga__sigv4 with = {fields[ID],     fields[SECRET], fields[TOKEN],
                          fields[REGION], "bedrock",      strtoll(fields[NOW], NULL, 10)};
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    beluga__http_request_init(&r, beluga_allocator_default(), &arena, NULL);
    beluga_http_request_set_method(&r, fields[METHOD]);
    beluga_http_request_set_url(&r, fields[URL]);
    if (*fields[BODY])
        beluga_json_put_raw(beluga_http_request_json(&r), NULL, fields[BODY], strlen(fields[BODY]));
    beluga_http_request_set_header(&r, "Content-Type", *fields[TYPE] ? fields[TYPE] : NULL);
    int status = beluga__http_request_finish(&r, &err);
    if (!status) status = beluga__sigv4_sign(&r, &with, &err);
    if (status)
        printf("%s\n", err.message);
    else
        printf("%s\t%s\t%s\t%s\n", beluga_http_request_header(&r, "Authorization"),
               beluga_http_request_header(&r, "X-Amz-Content-Sha256"),
               beluga_http_request_header(&r, "X-Amz-Date"),
               or_none(beluga_http_request_header(&r, "X-Amz-Security-Token")));
    beluga__http_request_free(&r);
    beluga__arena_free(&arena);
}

int main(void)
{
    static char line[MAX_LINE];
    while (fgets(line, sizeof line, stdin)) {
        char *fields[N_FIELDS], *rest = line;
        size_t n = 0;
        line[strcspn(line, "\n")] = '\0';
        while (n < N_FIELDS && (fields[n] = strsep(&rest, " "))) n++;
        if (n < N_FIELDS) return 2;
        for (n = 0; n < N_FIELDS; n++) from_hex(fields[n]);
        sign(fields);
    }
    return 0;
}
