/* The provider `openai` against recorded traffic: tests/fixtures/openai, a folder a case.
 *
 *   stream.sse   a streamed body          -> events.txt
 *   body.json    an unstreamed body       -> events.txt
 *   models.json  a list of models         -> events.txt
 *   error.http   an answer of status >= 400 -> events.txt
 *   call.txt     a call                   -> request.txt
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "providers/openai/openai.h"
#include "support/decode.h"
#include "support/encode.h"
#include "support/fixture.h"
#include "support/torture.h"

#include <stdio.h>
#include <stdlib.h>

static beluga__buf out;

static int set_up(void **state)
{
    (void)state;
    beluga__buf_init(&out, beluga_allocator_default(), 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    beluga__buf_free(&out);
    return 0;
}

/* ---- recorded answers ------------------------------------------------------------------------ */

static void assert_same_split(const char *bytes, const size_t *ends, size_t n_ends,
                              const beluga__buf *whole)
{
    beluga__buf split;
    beluga__buf_init(&split, beluga_allocator_default(), 1 << 20);
    decode_stream(&beluga__openai_provider, bytes, ends, n_ends, &split);
    assert_string_equal(split.data, whole->data);
    beluga__buf_free(&split);
}

static void a_stream_gives_its_events_at_every_split(void **state)
{
    const char *path = *state;
    size_t length;
    char *bytes = fixture_read(path, "stream.sse", &length);
    decode_stream(&beluga__openai_provider, bytes, &length, 1, &out);
    fixture_assert(path, "events.txt", out.data);
    for (size_t i = 0; i < length; i++)
        assert_same_split(bytes, (const size_t[]){i, length}, 2, &out);
    size_t *every = calloc(length + 1, sizeof *every);
    assert_non_null(every);
    for (size_t i = 0; i < length; i++) every[i] = i + 1;
    if (length) assert_same_split(bytes, every, length, &out);
    free(every);
    free(bytes);
}

static void assert_body(const char *path, const char *file, bool models)
{
    size_t length;
    char *bytes = fixture_read(path, file, &length);
    decode_body(&beluga__openai_provider, bytes, length, models, &out);
    fixture_assert(path, "events.txt", out.data);
    free(bytes);
}

static void a_body_gives_its_events(void **state)
{
    assert_body(*state, "body.json", false);
}

static void a_list_gives_its_models(void **state)
{
    assert_body(*state, "models.json", true);
}

static void an_error_gets_its_code(void **state)
{
    const char *path = *state;
    size_t length;
    char *text = fixture_read(path, "error.http", &length);
    decode_error(&beluga__openai_provider, text, length, &out);
    fixture_assert(path, "events.txt", out.data);
    free(text);
}

/* Cut anywhere, a body or an error must fail cleanly, or be what it was. */
static void a_cut_body_is_never_a_success(void **state)
{
    const char *path = *state;
    size_t length;
    char *bytes = fixture_read(path, "body.json", &length);
    for (size_t i = 0; i + 1 < length; i++) {
        beluga__buf_clear(&out);
        decode_body(&beluga__openai_provider, bytes, i, false, &out);
        assert_null(strstr(out.data, "finish "));
        assert_non_null(strstr(out.data, "error "));
    }
    free(bytes);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void a_call_gives_its_request(void **state)
{
    const char *path = *state;
    beluga__buf compact;
    char *text = fixture_read(path, "call.txt", NULL);
    beluga__buf_init(&compact, beluga_allocator_default(), 1 << 20);
    encode_call(&beluga__openai_provider, text, &out);
    encode_compact(out.data, &compact);
    fixture_assert(path, "request.txt", compact.data);
    beluga__buf_free(&compact);
    free(text);
}

/* ---- without memory -------------------------------------------------------------------------- */

/* What is printed must not fail, too. */
static void *plain_alloc(void *payload, size_t size)
{
    (void)payload;
    return malloc(size);
}

static void *plain_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    (void)payload;
    (void)old_size;
    return realloc(pointer, size);
}

static void plain_release(void *payload, void *pointer)
{
    (void)payload;
    free(pointer);
}

static const beluga_allocator plain = {plain_alloc, plain_resize, plain_release, NULL};

struct torture {
    beluga__buf out;
    char *text;
    size_t length;
    encode_script *script;
};

static struct torture *torture_of(const char *name, const char *file)
{
    char path[256];
    const char *source = getenv("BELUGA_SOURCE_ROOT");
    struct torture *t = calloc(1, sizeof *t);
    assert_non_null(t);
    beluga__buf_init(&t->out, &plain, 1 << 20);
    snprintf(path, sizeof path, "%s/tests/fixtures/openai/%s", source ? source : ".", name);
    t->text = fixture_read(path, file, &t->length);
    assert_non_null(t->text);
    return t;
}

static void torture_free(struct torture *t)
{
    beluga__buf_free(&t->out);
    free(t->text);
    free(t);
}

/* The last line says how it ended; a failure for want of memory may not look like another. */
static int outcome(const struct torture *t)
{
    if (strstr(t->out.data, "error no_memory")) return BELUGA_ERROR_NO_MEMORY;
    return strstr(t->out.data, "error ") || !strstr(t->out.data, "finish ") ? -1000 : 0;
}

static int decode_in_bytes(void *argument)
{
    struct torture *t = argument;
    size_t ends[4096];
    assert_true(t->length < 4096);
    for (size_t i = 0; i < t->length; i++) ends[i] = i + 1;
    beluga__buf_clear(&t->out);
    decode_stream(&beluga__openai_provider, t->text, ends, t->length, &t->out);
    return outcome(t);
}

static int decode_at_once(void *argument)
{
    struct torture *t = argument;
    beluga__buf_clear(&t->out);
    decode_body(&beluga__openai_provider, t->text, t->length, false, &t->out);
    return outcome(t);
}

static int encode_again(void *argument)
{
    struct torture *t = argument;
    beluga__buf_clear(&t->out);
    return encode_run(&beluga__openai_provider, t->script, &t->out);
}

static void a_decoder_without_memory_says_so(void **state)
{
    (void)state;
    struct torture *t = torture_of("stream-openai-two-tools", "stream.sse");
    assert_true(torture_run(decode_in_bytes, t) > 5);
    torture_free(t);
    t = torture_of("stream-tools-nothing-but-arguments", "stream.sse");
    assert_true(torture_run(decode_in_bytes, t) > 5);
    torture_free(t);
    t = torture_of("body-tools", "body.json");
    assert_true(torture_run(decode_at_once, t) > 5);
    torture_free(t);
}

static void an_encoder_without_memory_says_so(void **state)
{
    (void)state;
    static const char *const cases[] = {"request-extra-body", "request-images", "request-tools",
                                        "request-not-expressible", "request-account"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct torture *t = torture_of(cases[i], "call.txt");
        t->script = encode_read(t->text);
        assert_true(torture_run(encode_again, t) > 2);
        encode_free(t->script);
        torture_free(t);
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

static void the_provider_says_what_it_is(void **state)
{
    (void)state;
    const beluga_provider *p = &beluga__openai_provider;
    assert_string_equal(p->name, "openai");
    assert_int_equal(p->abi, BELUGA_PROVIDER_ABI);
    assert_true(p->state_size <= BELUGA__MAX_STATE_BYTES);
    assert_string_equal(p->key_variables[0], "OPENAI_API_KEY");
    assert_string_equal(p->url_variables[0], "OPENAI_BASE_URL");
    assert_string_equal(p->url_variables[1], "OPENAI_API_BASE");
    assert_true(p->capabilities & BELUGA_CAPABILITY_TOOLS);
}

/* ---- one test a fixture ---------------------------------------------------------------------- */

static struct {
    const char *file;
    CMUnitTestFunction test;
    fixture_list cases;
} kinds[] = {
    {"stream.sse", a_stream_gives_its_events_at_every_split, {{{0}}, 0}},
    {"body.json", a_body_gives_its_events, {{{0}}, 0}},
    {"models.json", a_list_gives_its_models, {{{0}}, 0}},
    {"error.http", an_error_gets_its_code, {{{0}}, 0}},
    {"call.txt", a_call_gives_its_request, {{{0}}, 0}},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static struct CMUnitTest tests[N_KINDS * FIXTURE_CASES + 16];
static char names[N_KINDS * FIXTURE_CASES][128];
static size_t n_tests;

static void add(const char *name, CMUnitTestFunction test, void *argument)
{
    tests[n_tests++] = (struct CMUnitTest){name, test, set_up, tear_down, argument};
}

static void add_fixtures(void)
{
    for (size_t kind = 0, n = 0; kind < N_KINDS; kind++) {
        fixture_find(&kinds[kind].cases, "openai", kinds[kind].file);
        for (size_t i = 0; i < kinds[kind].cases.count; i++, n++) {
            char *path = kinds[kind].cases.paths[i];
            snprintf(names[n], sizeof names[n], "openai: %s", fixture_name(path));
            add(names[n], kinds[kind].test, path);
        }
    }
}

int main(void)
{
    static char whole[256];
    const char *source = getenv("BELUGA_SOURCE_ROOT");
    snprintf(whole, sizeof whole, "%s/tests/fixtures/openai/body-tools", source ? source : ".");
    add_fixtures();
    add("the provider says what it is", the_provider_says_what_it_is, NULL);
    add("a decoder without memory says so", a_decoder_without_memory_says_so, NULL);
    add("an encoder without memory says so", an_encoder_without_memory_says_so, NULL);
    add("a cut body is never a success", a_cut_body_is_never_a_success, whole);
    return _cmocka_run_group_tests("openai", tests, n_tests, NULL, NULL);
}
