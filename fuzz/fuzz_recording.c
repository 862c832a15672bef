/* Reads a file of a cassette, which people may edit. The file is refused with a reason, or can be
 * replayed to its end. */
#include "cassette/match.h"
#include "fuzz.h"

#include <beluga/error.h>

static void replay(beluga__recording *recording)
{
    beluga_error err;
    beluga__buf bytes;
    const beluga_json *chunks = beluga_json_get(recording->response, "chunks");
    beluga__buf_init(&bytes, beluga_allocator_default(), BELUGA__MAX_CASSETTE_FILE);
    FUZZ_CHECK(recording->method && recording->url);
    FUZZ_CHECK(recording->response || recording->ending >= BELUGA__END_CANCELLED);
    for (const beluga_json *c = beluga_json_first(chunks); c; c = beluga_json_next(chunks, c))
        FUZZ_CHECK(beluga__recording_bytes(recording, c, "chunk", &bytes, &err) == 0);
    if (!beluga__recording_bytes(recording, recording->request, "body", &bytes, &err)) {
        beluga__asked asked = {.json = beluga_json_get(recording->request, "json"),
                               .body = bytes.data,
                               .length = bytes.length};
        FUZZ_CHECK(beluga__asked_digest(&asked) == beluga__asked_digest(&asked));
    }
    beluga__buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga__recording recording;
    beluga_error err = {0};
    beluga__buf text;
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_CASSETTE_FILE);
    FUZZ_CHECK(beluga__buf_append(&text, data, size) == 0);
    int code =
        beluga__recording_parse(&recording, beluga_allocator_default(), "x.json", &text, &err);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT ||
               code == BELUGA_ERROR_LIMIT_EXCEEDED);
    if (code)
        FUZZ_CHECK(*err.message);
    else
        replay(&recording);
    beluga__recording_free(&recording);
    beluga__buf_free(&text);
    return 0;
}
