/* The fixtures that an author writes: answers as a service sends them, the sections that --update
 * writes, and files that are refused because they would otherwise be ignored. The tests run the
 * command as a user would. */
#include "../cli/run.h"
#include "kit/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOUND "{\"proof\": \"\\\"done\\\":true\"}"
#define BODY  "{\"text\":\"Good day.\",\"done\":true}\n"
#define TEXT  "HTTP/1.1 200 OK\nContent-Type: application/json\n\n" BODY
#define STREAM                                                                 \
    "HTTP/1.1 200 OK\nContent-Type: application/x-ndjson\n\n{\"text\":\"Good " \
    "\"}\n{\"text\":\"day.\"}\n{\"done\":true}\n"

static const char *provider = "http-sound";

static const char *plugin(void)
{
    static char path[512];
    const char *root = getenv("BELUGA_BUILD_ROOT");
    snprintf(path, sizeof path, "%s/tests/conformance/%s.so", root ? root : ".",
             strcmp(provider, "jobs") == 0 ? "jobs" : "http");
    return path;
}

static void write_case(cli_process *cli, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", cli->home, provider);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/check", cli->home, provider);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/check/%s", provider, name);
    cli_write_file(cli, path, text, strlen(text));
}

static void assert_case(cli_process *cli, const char *name, const char *expected)
{
    char path[256];
    check_text text = {0};
    snprintf(path, sizeof path, "%s/%s/check/%s", cli->home, provider, name);
    if (!check_text_read(&text, path)) fail_msg("there is no %s", path);
    assert_string_equal(check_text_get(&text), expected);
    check_text_free(&text);
}

static bool has_case(cli_process *cli, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s/check/%s", cli->home, provider, name);
    return stat(path, &st) == 0;
}

static void write_usual(cli_process *cli)
{
    write_case(cli, "check.json", SOUND);
    write_case(cli, "text.answer", TEXT);
    write_case(cli, "stream.answer", STREAM);
}

static int check_only(cli_process *cli, const char *only)
{
    return cli_run(cli, "check", provider, "--plugin", plugin(), "--fixtures", cli->home, "--only",
                   only, NULL);
}

static int update(cli_process *cli, const char *only)
{
    return cli_run(cli, "check", provider, "--plugin", plugin(), "--fixtures", cli->home,
                   "--update", only ? "--only" : NULL, only, NULL);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void assert_taken(cli_process *cli, const char *answer)
{
    write_case(cli, "text.answer", answer);
    if (check_only(cli, "text") != 0) fail_msg("%s\nis not taken: %s", answer, cli->out);
    assert_contains(cli->out, "1 passed, 0 failed, 0 skipped");
}

static void an_answer_is_what_curl_writes(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    assert_taken(cli, TEXT);
    assert_taken(cli, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" BODY);
    assert_taken(cli,
                 "HTTP/2 200 \r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n" BODY);
    assert_taken(
        cli, "HTTP/3 200\r\ncontent-type:application/json\r\ncontent-encoding: gzip\r\n\r\n" BODY);
    assert_taken(cli, "HTTP/1.1 100 Continue\r\n\r\n" TEXT);
    assert_taken(cli,
                 "HTTP/1.1 200 Connection established\r\n\r\n"
                 "HTTP/1.1 307 Moved\r\nLocation: /v2\r\nContent-Type: text/html\r\n\r\n" TEXT);
}

static void an_answer_may_stand_in_a_section_too(void **state)
{
    cli_process *cli = *state;
    write_case(cli, "check.json", SOUND);
    write_case(cli, "text.fixture",
               "=== answer\r\nHTTP/2 200 \r\ncontent-type: application/json\r\n\r\n" BODY);
    assert_int_equal(check_only(cli, "text"), 0);
    assert_contains(cli->out, "1 passed");
    write_case(cli, "text.answer", TEXT);
    assert_int_equal(check_only(cli, "text"), 3);
    assert_contains(cli->err, "http-sound/check/text.fixture:1 has the same answer: remove one");
}

static void assert_refused(cli_process *cli, const char *file, const char *text, const char *says)
{
    write_usual(cli);
    write_case(cli, file, text);
    assert_int_equal(check_only(cli, "text"), 3);
    assert_contains(cli->err, says);
    assert_contains(cli->out, "0 passed, 1 failed, 0 skipped");
}

static void a_fault_in_an_answer_has_its_line(void **state)
{
    cli_process *cli = *state;
    assert_refused(cli, "text.answer", BODY,
                   "check/text.answer:1: an answer begins with a status line");
    assert_refused(cli, "text.answer", "",
                   "check/text.answer:1: an answer begins with a status line");
    assert_refused(cli, "text.answer", "HTTP/1.1 20 OK\n\n", "check/text.answer:1: ");
    assert_refused(cli, "text.answer", "HTTP/1.1 200 OK\nA: b\n{}\n",
                   "check/text.answer:3: a header is a line");
    assert_refused(cli, "text.answer", "HTTP/1.1 200 OK\nA: b\n",
                   "check/text.answer:2: the head has no end");
    assert_refused(cli, "text.answer", "HTTP/1.1 100 Continue\n\n{}",
                   "check/text.answer:2: after the head");
    assert_refused(cli, "text.answer", "HTTP/1.1 200 OK\nContent-Encoding: gzip\n\n\x1f\x8b\n",
                   "check/text.answer:4: the body is compressed");
    write_case(cli, "text.answer", TEXT);
    assert_refused(cli, "error-quota.fixture",
                   "source: x\n\n=== answer\nHTTP/1.1 200 OK\nno header\n",
                   "check/error-quota.fixture:5: a header is a line");
}

static void headers_of_aws_without_a_payload_are_refused(void **state)
{
    assert_refused(*state, "error-quota.answer",
                   "HTTP/1.1 200 OK\nContent-Type: application/vnd.amazon.eventstream\n\n"
                   ":event-type: a\n{}\n:event-type: b\n",
                   "check/error-quota.answer:7: a frame is lines");
}

/* ---- files that would be ignored ------------------------------------------------------------- */

static void an_unknown_member_is_told_with_the_nearest(void **state)
{
    cli_process *cli = *state;
    assert_refused(cli, "check.json", "{\"prof\": \"x\"}",
                   "check.json: no member is called prof: did you mean proof?");
    assert_refused(cli, "check.json", "{\"comment\": \"x\"}",
                   "the members are attach, base, model, options,");
    assert_refused(cli, "check.json", "{\"proof\": 1}", "check.json: \"proof\" must be a text");
    assert_refused(cli, "check.json", "{\"skip\": {\"strem\": \"x\"}}",
                   "no check is called strem: did you mean stream?");
    assert_refused(cli, "check.json", "{\"attach\": \"video\"}", "\"attach\" must be \"audio\"");
    assert_refused(cli, "check.json", "[]", "check.json: want a JSON object");
}

static void a_file_of_no_check_is_told_with_the_nearest(void **state)
{
    cli_process *cli = *state;
    assert_refused(
        cli, "error-qouta.answer", TEXT,
        "check/error-qouta.answer: no check is called error-qouta: did you mean error-quota?");
    write_case(cli, "error-qouta.answer", TEXT);
    remove(cli_write_file(cli, "http-sound/check/error-qouta.answer", "", 0));
    assert_refused(cli, "nonsense.fixture", "=== answer\n" TEXT,
                   "beluga check --list shows all checks");
}

static void files_of_other_kinds_stand_beside_cases(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    write_case(cli, "README.md", "Mine.\n");
    write_case(cli, "models.2.answer", TEXT);
    assert_int_equal(check_only(cli, "text"), 0);
}

/* ---- update ---------------------------------------------------------------------------------- */

#define REQUEST                                                                                   \
    "=== request\nPOST {base}/say\nContent-Type: application/json\nAuthorization: Bearer {key}\n" \
    "\n{\"stream\":false,\"words\":[\"Say hello.\"]}\n"
#define EVENTS                                                                         \
    "=== events\nmetadata id=- model=b created=0\ntext \"Good day.\"\nusage input=-1 " \
    "read=-1 "                                                                         \
    "write=-1 output=-1 reasoning=-1 raw=\nfinish stop (done)\n"

static void update_writes_what_came_and_never_an_answer(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    update(cli, NULL);
    assert_contains(cli->out, "http-sound/check/text.fixture: events\n        +metadata");
    assert_contains(cli->out, "Read the written cases before you keep them");
    assert_case(cli, "text.answer", TEXT);
    assert_case(cli, "text.fixture", REQUEST EVENTS);
    assert_true(has_case(cli, "stream.fixture"));
    /* --update made no file for this case, since the author has written none */
    assert_false(has_case(cli, "conversation.fixture"));
    update(cli, NULL);
    assert_lacks(cli->out, "  new   ");
}

static void update_shows_the_lines_that_change(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    write_case(cli, "text.fixture",
               "=== request\nPOST {base}/say\nContent-Type: application/json\nAuthorization: "
               "Bearer {key}\n\n{\"words\":[\"Say hello.\"], \"stream\": false, \"a\": 1}\n=== "
               "events\nmetadata id=- "
               "model=b created=0\ntext \"Good night.\"\nfinish stop (done)\n");
    assert_int_equal(check_only(cli, "text"), 1);
    assert_int_equal(update(cli, "text"), 0);
    assert_contains(cli->out, "text.fixture: request\n        a: want 1, got nothing\n");
    assert_contains(cli->out,
                    "         metadata id=- model=b created=0\n        -text \"Good night.\"\n"
                    "        +text \"Good day.\"\n        +usage");
    assert_case(cli, "text.fixture", REQUEST EVENTS);
    assert_int_equal(check_only(cli, "text"), 0);
}

static void a_case_that_is_asked_for_is_begun(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    assert_int_equal(update(cli, "conversation"), 0);
    assert_true(has_case(cli, "conversation.fixture"));
    assert_false(has_case(cli, "text.fixture"));
}

static void nothing_is_written_where_a_rule_is_broken(void **state)
{
    cli_process *cli = *state;
    provider = "http-chatty";
    write_usual(cli);
    assert_int_equal(update(cli, "text"), 1);
    assert_contains(cli->out, "FAIL  one-end");
    assert_false(has_case(cli, "text.fixture"));
    provider = "http-sound";
}

static void nothing_is_written_where_a_check_fails(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    write_case(cli, "error-quota.answer", TEXT);
    assert_int_equal(update(cli, NULL), 1);
    assert_contains(cli->out, "so nothing was written into the files of this check");
    assert_false(has_case(cli, "error-quota.fixture"));
    assert_true(has_case(cli, "text.fixture"));
}

static void update_wants_a_provider_and_no_options(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(cli_run(cli, "check", "--update", NULL), 2);
    assert_int_equal(cli_run(cli, "check", "--update", "mock", "-o", "seed=1", NULL), 2);
    assert_contains(cli->err, "put options that the provider needs into its check.json");
    assert_int_equal(cli_run(cli, "check", "mock", "--only", "strem", NULL), 2);
    assert_contains(cli->err, "did you mean stream?");
}

/* ---- calls of several requests --------------------------------------------------------------- */

#define CREATED "HTTP/1.1 201 Created\nContent-Type: application/json\n\n{\"id\":\"7\"}\n"

static void write_jobs(cli_process *cli)
{
    provider = "jobs";
    write_usual(cli);
    write_case(cli, "text.answer", CREATED);
    write_case(cli, "text.2.answer", TEXT);
}

static void update_writes_each_request_of_a_call(void **state)
{
    cli_process *cli = *state;
    write_jobs(cli);
    assert_int_equal(update(cli, "text"), 0);
    assert_case(cli, "text.fixture",
                "=== request\nPOST {base}/jobs\nContent-Type: application/json\nAuthorization: "
                "Bearer {key}\n\n{\"stream\":false,\"words\":[\"Say hello.\"]}\n"
                "=== request 2\nGET {base}/jobs/7\nAuthorization: Bearer {key}\n\n"
                "=== events\nmetadata id=- model=a created=0\ntext \"Good day.\"\nusage input=-1 "
                "read=-1 write=-1 output=-1 reasoning=-1 raw=\nfinish stop (done)\n");
    assert_int_equal(check_only(cli, "text"), 0);
    assert_int_equal(check_only(cli, "calls-20"), 0);
    provider = "http-sound";
}

static void a_call_has_as_many_requests_as_answers(void **state)
{
    cli_process *cli = *state;
    write_jobs(cli);
    write_case(cli, "text.3.answer", TEXT);
    assert_int_equal(check_only(cli, "text"), 1);
    assert_contains(cli->out, "request 3 was never sent: the case has 3 answers");
    assert_int_equal(check_only(cli, "calls-20"), 1);
    assert_contains(cli->out, "the case has 3 answers, and a call made 2 requests");
    write_case(cli, "text.2.answer", CREATED);
    write_case(cli, "text.3.answer", CREATED);
    assert_int_equal(check_only(cli, "text"), 1);
    assert_contains(cli->out, "the call did not finish");
    provider = "http-sound";
}

static void urls_in_answers_lead_to_the_peer(void **state)
{
    cli_process *cli = *state;
    write_jobs(cli);
    write_case(cli, "check.json", "{\"servers\": [\"https://other.example\"]}");
    write_case(cli, "text.answer",
               "HTTP/1.1 201 Created\nContent-Type: application/json\n\n"
               "{\"id\":\"7\",\"url\":\"https://jobs.example/v1/jobs/7\"}\n");
    write_case(cli, "text.2.answer",
               "HTTP/1.1 201 Created\nContent-Type: application/json\n\n"
               "{\"id\":\"7\",\"url\":\"https://other.example/results/7\"}\n");
    write_case(cli, "text.3.answer", TEXT);
    assert_int_equal(update(cli, "text"), 0);
    assert_contains(cli->out, "+GET {base}/jobs/7\n");
    assert_contains(cli->out, "+GET /results/7\n");
    assert_int_equal(check_only(cli, "calls-20"), 0);
    provider = "http-sound";
}

static void another_request_2_is_told(void **state)
{
    cli_process *cli = *state;
    write_jobs(cli);
    write_case(cli, "text.fixture",
               "=== request 2\nGET {base}/jobs/8\nAuthorization: Bearer {key}\n");
    assert_int_equal(check_only(cli, "text"), 1);
    assert_contains(cli->out, "want GET /v1/jobs/8\n        got GET /v1/jobs/7\n");
    provider = "http-sound";
}

/* ---- recordings ------------------------------------------------------------------------------ */

static const char recording[] =
    "{\"beluga_cassette\":1,\"request\":{\"method\":\"POST\",\"url\":\"https://a.example/\"},"
    "\"response\":{\"status\":200,\"headers\":[\"content-type: application/json\"],\"chunks\":["
    "{\"text\":[\"{\\\"text\\\":\",\"\\\"Caf\"]},{\"base64\":\"w6kiLA==\"},{\"text\":"
    "\"\\\"done\\\":true}\"}]},\"end\":{\"how\":\"complete\"}}";

static int check_from(cli_process *cli, const char *from)
{
    return cli_run(cli, "check", provider, "--plugin", plugin(), "--fixtures", cli->home, "--from",
                   from, "--only", "conversation", NULL);
}

static void a_case_is_made_of_a_recording(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    const char *path = cli_write_file(cli, "tape.json", recording, sizeof recording - 1);
    assert_int_equal(check_from(cli, path), 0);
    assert_contains(cli->out, "http-sound/check/conversation.answer: answer\n");
    assert_case(
        cli, "conversation.answer",
        "HTTP/1.1 200\ncontent-type: application/json\n\n{\"text\":\"Caf\xc3\xa9\",\"done\":true}");
    assert_int_equal(check_from(cli, path), 3);
    assert_contains(cli->err,
                    "conversation.answer exists already, and an answer is never replaced");
}

static void what_is_no_recording_is_told(void **state)
{
    cli_process *cli = *state;
    write_usual(cli);
    assert_int_equal(check_from(cli, cli_write_file(cli, "a.json", "{}", 2)), 3);
    assert_contains(cli->err, "a.json: the file is not a recording of --record");
    assert_int_equal(check_from(cli, cli_write_file(cli, "a.json", "{", 1)), 3);
    assert_contains(cli->err, "a.json: the file is not JSON");
    assert_int_equal(check_from(cli, "/nowhere"), 1);
    assert_contains(cli->err, "/nowhere can't be read");
    assert_int_equal(cli_run(cli, "check", "mock", "--from", "a", NULL), 2);
    assert_contains(cli->err, "with --only the case to make from the recording");
    assert_false(has_case(cli, "conversation.answer"));
}

/* ---- the list -------------------------------------------------------------------------------- */

static void the_list_has_every_check(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(cli_run(cli, "check", "--list", NULL), 0);
    assert_contains(cli->out,
                    "Tool binding\n  tools                own           a bound tool is sent");
    assert_int_equal(cli_run(cli, "check", "--list", "--json", NULL), 0);
    assert_contains(cli->out, "\"check\":\"conversation\",\"proves\":\"several system messages and "
                              "turns are sent in their order\",\"capabilities\":[],\"answers\":["
                              "\"conversation\",\"text\"]}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_what_curl_writes),
        TEST(an_answer_may_stand_in_a_section_too),
        TEST(a_fault_in_an_answer_has_its_line),
        TEST(headers_of_aws_without_a_payload_are_refused),
        TEST(an_unknown_member_is_told_with_the_nearest),
        TEST(a_file_of_no_check_is_told_with_the_nearest),
        TEST(files_of_other_kinds_stand_beside_cases),
        TEST(update_writes_what_came_and_never_an_answer),
        TEST(update_shows_the_lines_that_change),
        TEST(a_case_that_is_asked_for_is_begun),
        TEST(nothing_is_written_where_a_rule_is_broken),
        TEST(nothing_is_written_where_a_check_fails),
        TEST(update_wants_a_provider_and_no_options),
        TEST(update_writes_each_request_of_a_call),
        TEST(a_call_has_as_many_requests_as_answers),
        TEST(urls_in_answers_lead_to_the_peer),
        TEST(another_request_2_is_told),
        TEST(a_case_is_made_of_a_recording),
        TEST(what_is_no_recording_is_told),
        TEST(the_list_has_every_check),
    };
    return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
