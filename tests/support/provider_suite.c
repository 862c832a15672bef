#include "provider_suite.h"

#include "base/limits.h"
#include "base/mem.h"
#include "decode.h"
#include "encode.h"
#include "fixture.h"
#include "kit/aws_frames.h"
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TESTS = 1024, MAX_STREAM = 1 << 16 };

/* The arguments of a test. */
typedef struct suite_case {
    const beluga_provider *provider;
    fixture fixture;
    char section[16]; /* name of the section with the input */
    char name[160];
} suite_case;

static suite_case cases[MAX_TESTS];
static struct CMUnitTest all[MAX_TESTS];
static size_t n_all;
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

static void assert_same_split(const suite_case *c, const char *bytes, const size_t *ends,
                              size_t n_ends)
{
    beluga__buf split;
    beluga__buf_init(&split, beluga_allocator_default(), 1 << 20);
    decode_stream(c->provider, bytes, ends, n_ends, &split);
    assert_string_equal(split.data, out.data);
    beluga__buf_free(&split);
}

/* Fixtures hold the binary frames of AWS as text, which is converted here. */
static char *read_stream(const suite_case *c, size_t *length)
{
    char *text = fixture_read(&c->fixture, c->section, length);
    if (strcmp(c->section, "aws") != 0) return text;
    char *bytes = malloc(MAX_STREAM);
    assert_true(text && bytes);
    *length = aws_frames(bytes, MAX_STREAM, text);
    if (*text && !*length)
        fail_msg("%s: a frame must be lines \":NAME: VALUE\" and one line of payload",
                 c->fixture.file);
    free(text);
    return bytes;
}

static void a_stream_gives_its_events_at_every_split(void **state)
{
    const suite_case *c = *state;
    size_t length;
    char *bytes = read_stream(c, &length);
    decode_stream(c->provider, bytes, &length, 1, &out);
    fixture_assert(&c->fixture, "events", out.data);
    for (size_t i = 0; i < length; i++) assert_same_split(c, bytes, (const size_t[]){i, length}, 2);
    size_t *every = calloc(length + 1, sizeof *every);
    assert_non_null(every);
    for (size_t i = 0; i < length; i++) every[i] = i + 1;
    if (length) assert_same_split(c, bytes, every, length);
    free(every);
    free(bytes);
}

static beluga_kind_of_call kind_of(const suite_case *c)
{
    if (strcmp(c->section, "models") == 0) return BELUGA_CALL_MODELS;
    if (strcmp(c->section, "embed") == 0) return BELUGA_CALL_EMBED;
    return strcmp(c->section, "count") == 0 ? BELUGA_CALL_COUNT : BELUGA_CALL_ANSWER;
}

static void assert_body(const suite_case *c, beluga_kind_of_call kind)
{
    size_t length;
    char *bytes = fixture_read(&c->fixture, c->section, &length);
    decode_body(c->provider, bytes, length, kind, &out);
    fixture_assert(&c->fixture, "events", out.data);
    free(bytes);
}

static void a_body_gives_its_events(void **state)
{
    assert_body(*state, BELUGA_CALL_ANSWER);
}

static void an_answer_gives_its_vectors(void **state)
{
    assert_body(*state, BELUGA_CALL_EMBED);
}

static void an_answer_gives_its_count(void **state)
{
    assert_body(*state, BELUGA_CALL_COUNT);
}

static void a_list_gives_its_models(void **state)
{
    assert_body(*state, BELUGA_CALL_MODELS);
}

static void an_error_gets_its_code(void **state)
{
    const suite_case *c = *state;
    size_t length;
    char *text = fixture_read(&c->fixture, c->section, &length);
    decode_error(c->provider, text, length, &out);
    fixture_assert(&c->fixture, "events", out.data);
    free(text);
}

static void a_cut_body_is_never_a_success(void **state)
{
    const suite_case *c = *state;
    size_t length;
    char *bytes = fixture_read(&c->fixture, c->section, &length);
    for (size_t i = 0; i + 1 < length; i++) {
        beluga__buf_clear(&out);
        decode_body(c->provider, bytes, i, kind_of(c), &out);
        assert_null(strstr(out.data, "finish "));
        assert_non_null(strstr(out.data, "error "));
    }
    free(bytes);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void a_call_gives_its_request(void **state)
{
    const suite_case *c = *state;
    beluga__buf compact;
    char *text = fixture_read(&c->fixture, c->section, NULL);
    beluga__buf_init(&compact, beluga_allocator_default(), 1 << 20);
    encode_call(c->provider, text, &out);
    encode_compact(out.data, &compact);
    fixture_assert(&c->fixture, "request", compact.data);
    beluga__buf_free(&compact);
    free(text);
}

/* ---- when memory runs out -------------------------------------------------------------------- */

/* Printing uses this allocator, so that it does not fail when the library's allocations do. */
static const beluga_allocator plain = BELUGA__SYSTEM_ALLOCATOR;

typedef struct torture_case {
    const beluga_provider *provider;
    beluga__buf out;
    char *text;
    size_t length;
    beluga_kind_of_call kind;
    encode_script *script;
} torture_case;

/* Return the result of the call, which is in the output. If memory is missing, the call must report
 * that and no other error. */
static int outcome(const torture_case *t)
{
    if (strstr(t->out.data, "error no_memory")) return BELUGA_ERROR_NO_MEMORY;
    return strstr(t->out.data, "error ") || !strstr(t->out.data, "finish ") ? -1000 : 0;
}

static int decode_in_bytes(void *argument)
{
    static size_t ends[MAX_STREAM];
    torture_case *t = argument;
    assert_true(t->length < MAX_STREAM);
    for (size_t i = 0; i < t->length; i++) ends[i] = i + 1;
    beluga__buf_clear(&t->out);
    decode_stream(t->provider, t->text, ends, t->length, &t->out);
    return outcome(t);
}

static int decode_at_once(void *argument)
{
    torture_case *t = argument;
    beluga__buf_clear(&t->out);
    decode_body(t->provider, t->text, t->length, t->kind, &t->out);
    return outcome(t);
}

static int encode_again(void *argument)
{
    torture_case *t = argument;
    beluga__buf_clear(&t->out);
    return encode_run(t->provider, t->script, &t->out);
}

static void without_memory_it_says_so(void **state)
{
    const suite_case *c = *state;
    torture_case t = {.provider = c->provider, .kind = kind_of(c)};
    beluga__buf_init(&t.out, &plain, 1 << 20);
    t.text = read_stream(c, &t.length);
    assert_non_null(t.text);
    if (strcmp(c->section, "call") == 0) {
        t.script = encode_read(t.text);
        assert_true(torture_run(encode_again, &t) > 2);
        encode_free(t.script);
    } else {
        bool body = strcmp(c->section, "body") == 0 || t.kind != BELUGA_CALL_ANSWER;
        assert_true(torture_run(body ? decode_at_once : decode_in_bytes, &t) > 2);
    }
    beluga__buf_free(&t.out);
    free(t.text);
}

/* ---- the table ------------------------------------------------------------------------------- */

static void the_table_is_whole(void **state)
{
    const beluga_provider *p = ((const suite_case *)*state)->provider;
    char prefix[64];
    assert_int_equal(p->abi, BELUGA_PROVIDER_ABI);
    assert_int_equal(p->size, sizeof *p);
    assert_true(p->state_size <= BELUGA__MAX_STATE_BYTES);
    snprintf(prefix, sizeof prefix, "beluga.%s", p->name);
    if (p->metric_prefix) assert_string_equal(p->metric_prefix, prefix);
    if (p->base_url) assert_true(p->base_url[strlen(p->base_url) - 1] != '/');
    assert_true(!(p->capabilities & BELUGA_CAPABILITY_MODELS) == !p->encode_list_models);
    assert_true(!p->encode_list_models == !p->decode_list_models);
    if (!p->start) {
        assert_true(!(p->capabilities & BELUGA_CAPABILITY_EMBED) == !p->encode_embed);
        assert_true(!(p->capabilities & BELUGA_CAPABILITY_COUNT) == !p->encode_count);
    }
    for (const beluga_own_option *o = p->options; o && o->name; o++)
        assert_true(strlen(o->meaning) > 0 && strchr(o->name, '.'));
}

/* ---- one test for each case ------------------------------------------------------------------ */

static const struct {
    const char *section;
    CMUnitTestFunction test;
} kinds[] = {
    {"sse", a_stream_gives_its_events_at_every_split},
    {"ndjson", a_stream_gives_its_events_at_every_split},
    {"aws", a_stream_gives_its_events_at_every_split},
    {"body", a_body_gives_its_events},
    {"models", a_list_gives_its_models},
    {"embed", an_answer_gives_its_vectors},
    {"count", an_answer_gives_its_count},
    {"error", an_error_gets_its_code},
    {"call", a_call_gives_its_request},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

static void add(const provider_suite *suite, const char *what, const fixture *from,
                const char *section, CMUnitTestFunction test)
{
    assert_true(n_all < MAX_TESTS);
    suite_case *c = &cases[n_all];
    c->provider = suite->provider;
    if (from) c->fixture = *from;
    snprintf(c->section, sizeof c->section, "%s", section);
    snprintf(c->name, sizeof c->name, "%s: %s", suite->provider->name, what);
    all[n_all++] = (struct CMUnitTest){c->name, test, set_up, tear_down, c};
}

/* Add a test for a case. Every case has exactly one section with the input. */
static void add_case(const provider_suite *suite, const fixture *from)
{
    size_t given = 0;
    for (size_t i = 0; i < N_KINDS; i++) {
        char *text = fixture_read(from, kinds[i].section, NULL);
        if (text) add(suite, from->name, from, kinds[i].section, kinds[i].test);
        given += text != NULL;
        free(text);
    }
    if (given != 1)
        fail_msg("%s: %s has %zu sections of what is given, and should have one: sse, ndjson, aws, "
                 "body, models, embed, count, error or call",
                 from->file, from->name, given);
}

static size_t add_fixtures(const provider_suite *suite, const char *folder)
{
    static fixture_list list;
    fixture_find(&list, folder);
    for (size_t i = 0; i < list.count; i++) add_case(suite, &list.cases[i]);
    return list.count;
}

static void add_torture(const provider_suite *suite, const char *folder)
{
    char what[128];
    for (const char *const *name = suite->torture; name && *name; name++) {
        const char *section = strchr(*name, '/') + 1;
        int n = (int)(section - *name) - 1;
        fixture from;
        snprintf(from.file, sizeof from.file, "%s/%.*s", folder, n, *name);
        snprintf(from.name, sizeof from.name, "%.*s", n, *name);
        snprintf(what, sizeof what, "%s without memory", from.name);
        add(suite, what, &from, section, without_memory_it_says_so);
        snprintf(what, sizeof what, "%s cut is never a success", from.name);
        if (strcmp(section, "body") == 0)
            add(suite, what, &from, section, a_cut_body_is_never_a_success);
    }
}

static int add_suite(const provider_suite *suite)
{
    const char *folder = suite->folder ? suite->folder : suite->provider->name;
    add(suite, "the table is whole", NULL, "", the_table_is_whole);
    size_t count = add_fixtures(suite, folder);
    add_torture(suite, folder);
    if (!count) fprintf(stderr, "%s has no fixtures\n", suite->provider->name);
    return count ? 0 : -1;
}

int provider_suite_run(const char *name, const provider_suite *suites, size_t n_suites,
                       const struct CMUnitTest *tests, size_t n_tests)
{
    for (size_t i = 0; i < n_suites; i++)
        if (add_suite(&suites[i])) return 1;
    assert_true(n_all + n_tests <= MAX_TESTS);
    for (size_t i = 0; i < n_tests; i++) all[n_all++] = tests[i];
    return _cmocka_run_group_tests(name, all, n_all, NULL, NULL);
}
