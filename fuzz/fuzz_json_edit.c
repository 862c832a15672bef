/* Repairs, merges, compacts and indents JSON, and writes bytes as base64. The output is UTF-8 and
 * JSON, and repeating an operation changes nothing. A NUL separates the two texts of the input. */
#include "base/json.h"
#include "fuzz.h"

enum { MAX_OUT = 1 << 22 };

static void check_json(const char *text, size_t n)
{
    beluga_json_doc *doc;
    FUZZ_CHECK(beluga_json_parse(text, n, &doc, NULL) == 0);
    beluga_json_doc_free(doc);
}

static void repair(const char *text, size_t n)
{
    beluga__buf once, twice;
    beluga__buf_init(&once, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&twice, beluga_allocator_default(), MAX_OUT);
    FUZZ_CHECK(beluga__json_repair(&once, text, n) == 0);
    if (once.length) {
        fuzz_check_text(once.data, once.length);
        FUZZ_CHECK(beluga__json_repair(&twice, once.data, once.length) == 0);
        bool mark = once.length >= 3 && memcmp(once.data, "\xef\xbb\xbf", 3) == 0;
        FUZZ_CHECK(mark || once.length == twice.length);
    }
    beluga__buf_free(&once);
    beluga__buf_free(&twice);
}

static void compact(const char *text, size_t n)
{
    beluga__arena arena;
    beluga_error err = {0};
    const char *out, *again;
    size_t n_out, n_again;
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, MAX_OUT);
    int code = beluga__json_compact(&arena, text, n, &out, &n_out, &err);
    if (code) {
        fuzz_check_error(code, &err);
    } else {
        check_json(out, n_out);
        FUZZ_CHECK(beluga__json_compact(&arena, out, n_out, &again, &n_again, &err) == 0);
        FUZZ_CHECK(n_out == n_again && memcmp(out, again, n_out) == 0);
    }
    beluga__arena_free(&arena);
}

/* Returns whether an object has two names that are the same up to a NUL. A lookup by name can't
 * tell such names apart. */
static bool names_one_twice(const beluga_json *value)
{
    bool object = beluga_json_is_object(value);
    for (const beluga_json *v = beluga_json_first(value); v; v = beluga_json_next(value, v)) {
        if (object && beluga_json_get(value, beluga_json_key(v, NULL)) != v) return true;
        if (names_one_twice(v)) return true;
    }
    return false;
}

static bool text_names_one_twice(const char *text, size_t n)
{
    beluga_json_doc *doc;
    if (beluga_json_parse(text, n, &doc, NULL)) return false;
    bool twice = names_one_twice(beluga_json_doc_root(doc));
    beluga_json_doc_free(doc);
    return twice;
}

/* After a merge, merging the same text again changes nothing, unless a name occurs twice. */
static void merge(const char *text, size_t n, const char *patch, size_t n_patch)
{
    beluga__buf once, twice;
    beluga__buf_init(&once, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&twice, beluga_allocator_default(), MAX_OUT);
    if (!beluga__json_merge(&once, text, n, patch, n_patch)) {
        check_json(once.data, once.length);
        FUZZ_CHECK(beluga__json_merge(&twice, once.data, once.length, patch, n_patch) == 0);
        bool same = once.length == twice.length && !memcmp(once.data, twice.data, once.length);
        FUZZ_CHECK(same || text_names_one_twice(patch, n_patch) || text_names_one_twice(text, n));
    }
    beluga__buf_free(&once);
    beluga__buf_free(&twice);
}

/* After a member is set it exists, once for each occurrence of its name, and setting it again
 * changes nothing. */
static void set_member(const char *text, size_t n)
{
    beluga_json_doc *doc;
    beluga__buf once, twice;
    size_t length = 0;
    bool valid = !beluga_json_parse(text, n, &doc, NULL);
    bool object = valid && beluga_json_is_object(beluga_json_doc_root(doc));
    if (valid) beluga_json_doc_free(doc);
    beluga__buf_init(&once, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&twice, beluga_allocator_default(), MAX_OUT);
    int code = beluga__json_set_member(&once, text, n, "model", "\"m\"", 3);
    const char *found = beluga__json_member_text(once.data, once.length, "model", &length);
    if (object) {
        FUZZ_CHECK(code == 0 && found && length == 3 && memcmp(found, "\"m\"", 3) == 0);
        check_json(once.data, once.length);
        FUZZ_CHECK(!beluga__json_set_member(&twice, once.data, once.length, "model", "\"m\"", 3));
        FUZZ_CHECK(once.length == twice.length && !memcmp(once.data, twice.data, once.length));
    }
    beluga__buf_free(&once);
    beluga__buf_free(&twice);
}

static void pretty(const char *text, size_t n)
{
    beluga_json_doc *doc;
    beluga__buf out;
    if (beluga_json_parse(text, n, &doc, NULL)) return;
    beluga__buf_init(&out, beluga_allocator_default(), MAX_OUT);
    if (!beluga__json_pretty(&out, beluga_json_doc_root(doc))) check_json(out.data, out.length);
    beluga__buf_free(&out);
    beluga_json_doc_free(doc);
}

/* Check that bytes written as base64 are read back unchanged. Reading any text as base64 either
 * succeeds or fails with INVALID_INPUT. */
static void base64(const char *bytes, size_t n)
{
    beluga__buf text, back;
    beluga__buf_init(&text, beluga_allocator_default(), MAX_OUT);
    beluga__buf_init(&back, beluga_allocator_default(), MAX_OUT);
    beluga_json_writer w;
    beluga__json_writer_init(&w, &text);
    beluga_json_put_base64(&w, NULL, NULL, bytes, n);
    FUZZ_CHECK(beluga__json_writer_status(&w) == 0 && text.length >= 2);
    FUZZ_CHECK(beluga__base64_decode(&back, text.data + 1, text.length - 2) == 0);
    FUZZ_CHECK(back.length == n && (!n || memcmp(back.data, bytes, n) == 0));
    beluga__buf_free(&back);
    beluga__buf_init(&back, beluga_allocator_default(), MAX_OUT);
    int code = beluga__base64_decode(&back, bytes, n);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT);
    beluga__buf_free(&back);
    beluga__buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    size_t n = strlen(text);
    repair(text, size);
    base64(text, size);
    compact(text, n);
    pretty(text, n);
    set_member(text, size);
    if (n < size) merge(text, n, text + n + 1, size - n - 1);
    free(text);
    return 0;
}
