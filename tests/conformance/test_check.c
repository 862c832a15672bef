/* The kit must find faults: each fault in a fixture or in a provider must fail the checks for this
 * fault, and no others. */
#include "../support/folder.h"
#include "kit/check.h"
#include "kit/fixture_file.h"

#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATH_BYTES = 512 };

/* A folder for changed copies of fixtures, which the kit uses in place of the real ones. */
static char own[FOLDER_BYTES];
static char real[PATH_BYTES];

static int make_folder(void **state)
{
    const char *source = getenv("BELUGA_SOURCE_ROOT");
    (void)state;
    snprintf(real, sizeof real, "%s/tests/fixtures", source ? source : ".");
    return folder_make(own, "check") ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return folder_remove(own) ? 0 : -1;
}

/* Write the path of a file in the folder `own`, and make the folders that the path needs. */
static void name_own(char *path, size_t size, const char *file)
{
    snprintf(path, size, "%s/%s", own, file);
    for (char *slash = path + strlen(own) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0777);
    }
}

static void write_own(const char *file, const char *text)
{
    char path[2 * PATH_BYTES];
    name_own(path, sizeof path, file);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

/* Copy the real case, and replace a text in a section of it. The section must contain the text. */
static void change(const char *name, const char *section, const char *from, const char *to)
{
    static const char *const known[] = {"request#", "answer#", "events", "options", NULL};
    const char *const roots[] = {real, NULL};
    char below[PATH_BYTES];
    check_fixture_file file;
    check_text changed = {0};
    beluga_error err;
    if (check_fixture_file_read(&file, roots, name, known, &err)) fail_msg("%s", err.message);
    const check_section *found = check_case_section(&file.cases[0], section);
    if (!found || !strstr(found->text.data, from)) fail_msg("%s does not say %s", name, from);
    check_text_replace(&changed, found->text.data, from, to);
    snprintf(below, sizeof below, "%s" CHECK_FIXTURE_ENDING, name);
    name_own(file.path, sizeof file.path, below);
    assert_true(check_fixture_file_write(&file, &file.cases[0], section, check_text_get(&changed),
                                         changed.length));
    check_fixture_file_free(&file);
    check_text_free(&changed);
}

/* ---- the kit's reports ----------------------------------------------------------------------- */

typedef struct verdict {
    char failed[1024]; /* names of checks, each followed by a space */
    char detail[8192];
    size_t passed, skipped;
} verdict;

static void tell(void *payload, const check_result *result)
{
    verdict *v = payload;
    v->passed += result->status == CHECK_PASSED;
    v->skipped += result->status == CHECK_SKIPPED;
    if (result->status != CHECK_FAILED) return;
    strncat(v->failed, result->scenario, sizeof v->failed - strlen(v->failed) - 1);
    strncat(v->failed, " ", sizeof v->failed - strlen(v->failed) - 1);
    strncat(v->detail, result->detail, sizeof v->detail - strlen(v->detail) - 1);
}

static int check(const char *provider, verdict *v, beluga_error *err)
{
    const check_settings settings = {.registry = beluga_registry_default(),
                                     .fixtures = real,
                                     .own_fixtures = own,
                                     .tell = tell,
                                     .payload = v};
    memset(v, 0, sizeof *v);
    return check_provider(&settings, provider, err);
}

/* Assert that exactly these checks fail, and that their reports contain this text. */
static void assert_fails(const char *provider, const char *names, const char *detail)
{
    static verdict v;
    beluga_error err;
    assert_int_equal(check(provider, &v, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_string_equal(v.failed, names);
    if (!strstr(v.detail, detail)) fail_msg("it says:\n%s", v.detail);
    assert_true(v.passed > 30);
}

/* ---- faults of fixtures ---------------------------------------------------------------------- */

static void without_a_fault_none_fails(void **state)
{
    static verdict v;
    beluga_error err;
    (void)state;
    assert_int_equal(check("openai", &v, &err), 0);
    assert_string_equal(v.failed, "");
}

static void another_byte_in_an_answer_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/schema", "answer", "717710", "717711");
    assert_fails("openai", "schema ", "717710");
}

static void another_value_in_a_request_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/effort", "request", "\"medium\"", "\"high\"");
    assert_fails("openai", "effort ", "reasoning_effort: want \"high\", got \"medium\"");
}

static void a_member_that_is_not_sent_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/effort", "request", "\"reasoning_effort\"",
           "\"a\":[1],\"reasoning_effort\"");
    assert_fails("openai", "effort ", "a: want [1], got nothing");
}

static void a_member_that_should_not_be_sent_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/sampling", "request", ",\"seed\":7", "");
    assert_fails("openai", "sampling ", "seed: want nothing, got 7");
}

static void another_path_or_header_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/image", "request", "/chat/completions", "/chat/completion");
    change("openai/check/file", "request", "Bearer {key}", "bearer {key}");
    change("openai/check/audio", "request", "Authorization", "X-Missing: 1\nAuthorization");
    assert_fails("openai", "image audio file ", "header X-Missing: want \"1\", got none");
}

/* The type of a file of requests is "application/jsonl", so its lines are compared as text. */
static void another_line_of_a_file_fails_its_check(void **state)
{
    (void)state;
    change("gemini/check/job-create", "request 2", "{\"key\":\"request-2\"", "{\"key\":\"2\"");
    assert_fails("gemini", "job-create ", "{\"key\":\"request-2\"");
}

static void an_event_that_does_not_come_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/effort", "events", "finish stop", "text \"more\"\nfinish stop");
    assert_fails("openai", "effort ", "want text \"more\"");
}

static void an_event_too_many_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/effort", "events", "text \"It is 12,231.\"\n", "");
    assert_fails("openai", "effort ", "got  text \"It is 12,231.\"");
}

static void another_status_fails_its_check(void **state)
{
    (void)state;
    change("openai/check/error-request", "answer", "HTTP/1.1 400", "HTTP/1.1 401");
    assert_fails("openai", "error-request ",
                 "want the error invalid_request, got authentication_error");
}

static void a_wait_that_is_not_told_fails_its_check(void **state)
{
    (void)state;
    change("anthropic/check/error-request", "answer", "x-should-retry", "X-Retry-After: 1\nx-s");
    assert_fails("anthropic", "error-request ", "retry_after_ms is not set");
}

static void a_page_that_does_not_come_fails_its_check(void **state)
{
    (void)state;
    change("anthropic/check/models", "answer", "\"has_more\":true", "\"has_more\":false");
    assert_fails("anthropic", "models ", "request 2 was never sent");
}

static void a_proof_that_is_nowhere_fails_its_check(void **state)
{
    (void)state;
    write_own("openai/check/check.json", "{\"proof\": \"there is no such thing\"}");
    assert_fails("openai", "cut-stream ", "\"proof\"");
}

/* ---- faults of providers --------------------------------------------------------------------- */

static beluga_provider faulty(const char *name)
{
    beluga_provider provider = *beluga_registry_get(beluga_registry_default(), "openai");
    char file[64];
    provider.name = name;
    provider.metric_prefix = NULL;
    provider.options = NULL;
    snprintf(file, sizeof file, "%s/check/check.json", name);
    write_own(file, "{\"base\": \"openai\"}");
    return provider;
}

static void add(const beluga_provider *provider)
{
    assert_int_equal(beluga_registry_register(beluga_registry_default(), provider, NULL), 0);
}

static int finish_anyway(void *state, beluga_emit *emit)
{
    (void)state;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static void a_provider_that_takes_the_end_for_a_finish_is_found(void **state)
{
    static beluga_provider provider;
    (void)state;
    provider = faulty("careless");
    provider.decode_end = finish_anyway;
    add(&provider);
    assert_fails("careless", "cut-stream ", "before its proof, the call succeeded");
}

static int say_ok(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    int code = beluga_emit_text(emit, body, length);
    return code ? code : beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static void a_provider_that_takes_anything_for_an_answer_is_found(void **state)
{
    static beluga_provider provider;
    static verdict v;
    beluga_error err;
    (void)state;
    provider = faulty("gullible");
    provider.decode_response = say_ok;
    add(&provider);
    assert_int_equal(check("gullible", &v, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_non_null(strstr(v.failed, "bad-body "));
    assert_non_null(strstr(v.failed, "cut-body "));
}

static void forget_the_details(const beluga_call *call, const beluga_http_response *response,
                               beluga_error *err)
{
    (void)call;
    (void)response;
    beluga_error_set_cause(err, NULL, 0);
}

static void a_provider_that_reads_no_errors_is_found(void **state)
{
    static beluga_provider provider;
    static verdict v;
    beluga_error err;
    (void)state;
    provider = faulty("vague");
    provider.decode_error = forget_the_details;
    add(&provider);
    assert_int_equal(check("vague", &v, &err), BELUGA_ERROR_INVALID_RESPONSE);
    assert_non_null(strstr(v.failed, "error-quota "));
    assert_non_null(strstr(v.failed, "error-context-length "));
    assert_non_null(strstr(v.detail, "want the error quota_exceeded, got rate_limit"));
}

static void a_provider_without_fixtures_fails(void **state)
{
    static beluga_provider provider;
    static verdict v;
    beluga_error err;
    (void)state;
    provider = faulty("bare");
    provider.name = "barefoot";
    add(&provider);
    assert_int_equal(check("barefoot", &v, &err), BELUGA_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "barefoot has no fixtures"));
}

/* ---- unusable fixtures and names ------------------------------------------------------------- */

static void a_provider_that_nobody_knows_is_an_error(void **state)
{
    static verdict v;
    beluga_error err;
    (void)state;
    assert_int_equal(check("nobody", &v, &err), BELUGA_ERROR_UNSUPPORTED_PROVIDER);
}

static void a_check_json_that_can_not_be_read_is_an_error(void **state)
{
    static verdict v;
    beluga_error err;
    (void)state;
    write_own("openai/check/check.json", "{");
    assert_int_equal(check("openai", &v, &err), BELUGA_ERROR_INVALID_CONFIG);
    write_own("openai/check/check.json", "{\"base\": \"openai\"}");
    assert_int_equal(check("openai", &v, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "too many others"));
}

static void a_case_that_can_not_be_read_is_an_error(void **state)
{
    static verdict v;
    beluga_error err;
    (void)state;
    write_own("openai/check/effort.fixture", "=== anwser\nHTTP/1.1 200 OK\n");
    assert_int_equal(check("openai", &v, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "/openai/check/effort.fixture:1: "));
    assert_non_null(strstr(err.message, "\"anwser\""));
    assert_int_equal(v.passed, 0);
    write_own("openai/check/effort.fixture",
              "=== case effort\n=== options\n=== case b\n=== events\n");
    assert_int_equal(check("openai", &v, &err), 0);
    write_own("openai/check/effort.fixture", "=== case a\n=== events\n=== case b\n=== events\n");
    assert_int_equal(check("openai", &v, &err), BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "no case is called effort"));
}

static void a_section_of_ones_own_stands_before_the_real_one_alone(void **state)
{
    (void)state;
    write_own("openai/check/effort.fixture", "=== events\ntext \"no\"\n");
    assert_fails("openai", "effort ", "want text \"no\"");
    write_own("openai/check/effort.fixture", "like: openai/check/schema\n");
    assert_fails("openai", "effort ", "want");
}

static void a_skip_is_told_with_its_reason_and_can_be_taken_back(void **state)
{
    static verdict v;
    beluga_error err;
    (void)state;
    write_own(
        "openai/check/check.json",
        "{\"proof\": \"\\\"finish_reason\\\":\\\"stop\\\"\", \"skip\": {\"schema\": \"why not\"}}");
    assert_int_equal(check("openai", &v, &err), 0);
    size_t skipped = v.skipped;
    write_own("groq/check/check.json", "{\"base\": \"openai\"}");
    assert_int_equal(check("groq", &v, &err), 0);
    size_t with_base = v.skipped;
    write_own("groq/check/check.json", "{\"base\": \"openai\", \"skip\": {\"schema\": null}}");
    assert_int_equal(check("groq", &v, &err), 0);
    assert_int_equal(v.skipped, with_base - 1);
    assert_int_equal(skipped, 10); /* three of these scenarios are for plug-ins only */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_fault_none_fails),
        TEST(another_byte_in_an_answer_fails_its_check),
        TEST(another_value_in_a_request_fails_its_check),
        TEST(a_member_that_is_not_sent_fails_its_check),
        TEST(a_member_that_should_not_be_sent_fails_its_check),
        TEST(another_path_or_header_fails_its_check),
        TEST(another_line_of_a_file_fails_its_check),
        TEST(an_event_that_does_not_come_fails_its_check),
        TEST(an_event_too_many_fails_its_check),
        TEST(another_status_fails_its_check),
        TEST(a_wait_that_is_not_told_fails_its_check),
        TEST(a_page_that_does_not_come_fails_its_check),
        TEST(a_proof_that_is_nowhere_fails_its_check),
        TEST(a_provider_that_takes_the_end_for_a_finish_is_found),
        TEST(a_provider_that_takes_anything_for_an_answer_is_found),
        TEST(a_provider_that_reads_no_errors_is_found),
        TEST(a_provider_without_fixtures_fails),
        TEST(a_provider_that_nobody_knows_is_an_error),
        TEST(a_check_json_that_can_not_be_read_is_an_error),
        TEST(a_case_that_can_not_be_read_is_an_error),
        TEST(a_section_of_ones_own_stands_before_the_real_one_alone),
        TEST(a_skip_is_told_with_its_reason_and_can_be_taken_back),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
