/* Tests the JSON reader and writer: a value that was read can be walked and written, and reading
 * that gives the same value. */
#include "base/json.h"
#include "base/utf8.h"
#include "fuzz.h"

#include <beluga/error.h>

static size_t walk(const beluga_json *value, int depth)
{
    size_t n = 0, length;
    FUZZ_CHECK(depth <= BELUGA__MAX_JSON_DEPTH);
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v), n++) {
        if (beluga_json_is_object(value)) FUZZ_CHECK(beluga_json_key(v, &length)[length] == '\0');
        walk(v, depth + 1);
    }
    FUZZ_CHECK(n == beluga_json_count(value));
    if (beluga_json_is_string(value))
        FUZZ_CHECK(beluga_json_string(value, &length)[length] == '\0');
    beluga_json_int(value, 0);
    beluga_json_double(value, 0);
    beluga_json_bool(value, false);
    return n;
}

static void write_again(const char *text, size_t length)
{
    beluga_json_writer *w = beluga_json_writer_new();
    const char *written;
    FUZZ_CHECK(w);
    beluga_json_begin_array(w, NULL);
    beluga_json_put_raw(w, NULL, text, length);
    beluga_json_put_string_n(w, NULL, text, length);
    beluga_json_end_array(w);
    int code = beluga_json_writer_text(w, &written, NULL);
    /* Inside the array the value may be nested one level too deep. */
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT ||
               code == BELUGA_ERROR_LIMIT_EXCEEDED);
    beluga_json_writer_free(w);
}

/* Check that a text that is written as a string reads back as the same, and that a text that is not
 * UTF-8 is refused. */
static void write_string(const char *text, size_t length)
{
    beluga_json_writer *w = beluga_json_writer_new();
    beluga_json_doc *doc;
    const char *written;
    size_t n;
    FUZZ_CHECK(w);
    beluga_json_put_string_n(w, NULL, text, length);
    int code = beluga_json_writer_text(w, &written, &n);
    bool valid = beluga__utf8_valid(text, length) == length;
    FUZZ_CHECK(code == (valid ? 0 : BELUGA_ERROR_INVALID_INPUT));
    if (valid) {
        FUZZ_CHECK(beluga_json_parse(written, n, &doc, NULL) == 0);
        const char *again = beluga_json_string(beluga_json_doc_root(doc), &n);
        FUZZ_CHECK(again && n == length && memcmp(again, text, n) == 0);
        beluga_json_doc_free(doc);
    }
    beluga_json_writer_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga__json_scratch first, second;
    const beluga_json *root;
    beluga_error err;
    beluga__json_scratch_init(&first, beluga_allocator_default());
    beluga__json_scratch_init(&second, beluga_allocator_default());
    int code = beluga__json_scratch_parse(&first, (const char *)data, size, &root, &err);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_MALFORMED_RESPONSE ||
               code == BELUGA_ERROR_LIMIT_EXCEEDED);
    if (!code) {
        size_t n, m;
        walk(root, 0);
        const char *text = beluga__json_scratch_text(&first, root, &n);
        FUZZ_CHECK(text);
        FUZZ_CHECK(beluga__json_scratch_parse(&second, text, n, &root, &err) == 0);
        FUZZ_CHECK(!second.repaired);
        const char *again = beluga__json_scratch_text(&second, root, &m);
        FUZZ_CHECK(again && n == m && memcmp(text, again, n) == 0);
        write_again(text, n);
    }
    write_again((const char *)data, size);
    write_string((const char *)data, size);
    beluga__json_scratch_free(&first);
    beluga__json_scratch_free(&second);
    return 0;
}
