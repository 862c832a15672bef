/* beluga batch and input files with unexpected delimiters, headers or compression. */
#include "../support/words.h"
#include "batch.h"

#include <stdlib.h>

/* Run the command on a file with this text; the options end with NULL. Returns the exit code. */
#define ASK(cli, name, text, ...)               \
    (write_input(cli, name, text), unlink(out), \
     cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--ordered", __VA_ARGS__, NULL))

/* Assert that all lines were sent to the model, and that these are the answers in the order of the
 * lines. */
static void answers_are(const char *const *answers)
{
    const char *line = read_path(out);
    for (; *answers; answers++) {
        char part[128];
        snprintf(part, sizeof part, ",\"text\":\"%s\",", *answers);
        const char *end = strchr(line, '\n'), *found = strstr(line, part);
        if (!end || !found || found > end) fail_msg("no %s in %s", part, line);
        line = end + 1;
    }
    assert_string_equal(line, "");
}

#define ANSWERS(...) answers_are((const char *const[]){__VA_ARGS__, NULL})

/* Assert that the input is refused, and that no line is sent to the model. */
static void assert_refused(const cli_process *cli, int code, const char *why)
{
    assert_int_equal(code, 2);
    assert_contains(cli->err, why);
    assert_string_equal(read_path(out), "");
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void the_delimiter_of_a_csv_is_found_and_told(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(ASK(cli, "in.csv", "id;prompt\r\n1;\"Hi; you\"\r\n2;a, b\r\n", "-j", "1"), 0);
    ANSWERS("Hi; you", "a, b");
    assert_contains(cli->err, "in.csv are separated by semicolons");
    assert_int_equal(ASK(cli, "in.csv", "sep=;\r\nid;prompt\r\n1;Hi\r\n", "-j", "1"), 0);
    ANSWERS("Hi");
    assert_int_equal(ASK(cli, "in.tsv", "id\tprompt\n1\tHi, you\n", "-j", "1"), 0);
    ANSWERS("Hi, you");
    assert_contains(cli->err, "are separated by tabs");
    assert_int_equal(ASK(cli, "in.csv", "id|prompt\n1|Hi; you\n", "-q"), 0);
    ANSWERS("Hi; you");
    assert_string_equal(cli->err, "");
    /* No warning is needed for a file whose delimiter is a comma. */
    assert_int_equal(ASK(cli, "in.csv", "id,prompt\n1,Hi; you\n", "-j", "1"), 0);
    ANSWERS("Hi; you");
    assert_lacks(cli->err, "are separated by");
}

static void the_delimiter_that_is_said_holds(void **state)
{
    cli_process *cli = *state;
    assert_int_equal(ASK(cli, "in.csv", "id,prompt;x\n1,Hi;2\n", "--delimiter", ";", "--template",
                         "{{id,prompt}}"),
                     0);
    ANSWERS("1,Hi");
    assert_int_equal(ASK(cli, "in", "id\tprompt\n1\tHi\n", "--delimiter", "tab"), 0);
    ANSWERS("Hi");
    assert_refused(cli, ASK(cli, "in.csv", "prompt\nHi\n", "--delimiter", "xx"), "--delimiter: ");
    assert_refused(cli, ASK(cli, "in.csv", "prompt\nHi\n", "--delimiter", "\""), "--delimiter: ");
    assert_refused(cli, ASK(cli, "in", "prompt\nHi\n", "--delimiter", ";", "--format", "text"),
                   "--delimiter is only for CSV, not for text");
}

static void a_csv_without_a_header_loses_no_question(void **state)
{
    static const char questions[] = "Why is the sky blue?\n\"And the sea, too?\"\n";
    cli_process *cli = *state;
    assert_refused(cli, ASK(cli, "in.csv", questions, "-q"),
                   "no column \"prompt\" or \"text\"; its columns are \"Why is the sky blue?\": "
                   "choose one with --prompt-column, or give --no-header");
    assert_int_equal(ASK(cli, "in.csv", questions, "--no-header"), 0);
    ANSWERS("Why is the sky blue?", "And the sea, too?");
    assert_refused(cli, ASK(cli, "in.csv", "1;Why?\n2;How?\n", "--no-header"),
                   "the CSV has 2 columns: choose the one to ask with --prompt-column N");
    assert_int_equal(ASK(cli, "in.csv", "1;Why?\n2;How?\n", "--no-header", "--prompt-column", "2"),
                     0);
    ANSWERS("Why?", "How?");
    assert_int_equal(
        ASK(cli, "in.csv", "1;Why?\n2;How?\n", "--no-header", "--template", "{{1}}: {{2}}"), 0);
    ANSWERS("1: Why?", "2: How?");
}

static void a_column_is_asked_when_it_is_named_so_or_asked_for(void **state)
{
    cli_process *cli = *state;
    assert_refused(cli, ASK(cli, "in.csv", "question\nWhy?\n", "-q"),
                   "its columns are \"question\"");
    assert_refused(cli, ASK(cli, "in.csv", "a,b\n1,2\n", "--prompt-column", "c"),
                   "no column \"c\", which --prompt-column names; its columns are \"a\", \"b\"");
    assert_refused(cli, ASK(cli, "in.csv", "a,b\n1,2\n", "--template", "{{c}}"),
                   "no column \"c\", which the template names; its columns are \"a\", \"b\"");
    assert_int_equal(ASK(cli, "in.csv", "question\nWhy?\n", "--prompt-column", "question"), 0);
    ANSWERS("Why?");
    assert_int_equal(ASK(cli, "in.csv", "a,b\nWhy?,How?\n", "--prompt-column", "2"), 0);
    ANSWERS("How?");
    assert_int_equal(ASK(cli, "in.jsonl", "{\"q\":\"Why?\"}\n", "--prompt-column", "q"), 0);
    ANSWERS("Why?");
    assert_refused(cli, ASK(cli, "in.txt", "Why?\n", "--prompt-column", "1"),
                   "is plain text, which has no columns");
}

/* ---- packings -------------------------------------------------------------------------------- */

/* A gzip file with two members, "one\ntwo\n" and "three\n", as the program gzip writes them. */
static const unsigned char gzipped[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xcb, 0xcf, 0x4b, 0xe5,
    0x2a, 0x29, 0xcf, 0xe7, 0x02, 0x00, 0xe6, 0x0b, 0xba, 0x12, 0x08, 0x00, 0x00, 0x00,
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x2b, 0xc9, 0x28, 0x4a,
    0x4d, 0xe5, 0x02, 0x00, 0xd8, 0xc5, 0x46, 0xff, 0x06, 0x00, 0x00, 0x00};

static int ask_bytes(cli_process *cli, const char *name, const void *bytes, size_t n)
{
    write_input(cli, name, "");
    cli_write_file(cli, name, bytes, n);
    unlink(out);
    return cli_run(cli, "batch", in, "--out", out, "-m", "mock/echo", "--ordered", NULL);
}

static void a_csv_without_a_name_is_not_asked_as_text(void **state)
{
    cli_process *cli = *state;
    assert_refused(cli, ASK(cli, "in", "id;text\na;The sea\nb;The sky\n", "-q"),
                   "it looks like a CSV: give --format csv, or --format text");
    assert_int_equal(ASK(cli, "in", "id;text\na;The sea\n", "--format", "csv"), 0);
    ANSWERS("The sea");
    assert_int_equal(ASK(cli, "in", "id;text\na;The sea\n", "--format", "text"), 0);
    ANSWERS("id;text", "a;The sea");
    assert_int_equal(ASK(cli, "in", "The sea, the sky\nA text, and more\n", "-q"), 0);
    ANSWERS("The sea, the sky", "A text, and more");
}

static void what_gzip_compressed_is_read(void **state)
{
    cli_process *cli = *state;
    unsigned char more[sizeof gzipped + 4] = {0};
    memcpy(more, gzipped, sizeof gzipped);
    assert_int_equal(ask_bytes(cli, "in.txt.gz", gzipped, sizeof gzipped), 0);
    ANSWERS("one", "two", "three");
    assert_int_equal(ask_bytes(cli, "in.gz", more, sizeof more),
                     0); /* zeros after the last member are ignored */
    ANSWERS("one", "two", "three");
    assert_refused(cli, ask_bytes(cli, "in.gz", gzipped, sizeof gzipped - 1),
                   "its gzip data is cut");
    assert_refused(cli, ask_bytes(cli, "in.gz", gzipped, 12), "its gzip data is cut");
    more[sizeof gzipped] = 'x';
    assert_refused(cli, ask_bytes(cli, "in.gz", more, sizeof more), "its gzip data is damaged");
    cli->input = (const char *)gzipped;
    cli->input_length = sizeof gzipped;
    assert_int_equal(cli_run(cli, "batch", "-", "--out", out, "-m", "mock/echo", "--ordered", NULL),
                     0);
    ANSWERS("one", "two", "three");
}

static void utf_16_is_read(void **state)
{
    static const char little[] = "\xff\xfep\0r\0o\0m\0p\0t\0\r\0\n\0h\0\xe9\0=\xd8\x0b\xdc\r\0\n";
    static const char big[] = "\0p\0r\0o\0m\0p\0t\0\n\0h\0i\0\n";
    cli_process *cli = *state;
    assert_int_equal(ask_bytes(cli, "in.csv", little, sizeof little), 0);
    ANSWERS("h\xc3\xa9\xf0\x9f\x90\x8b");
    assert_contains(cli->err, "in.csv is UTF-16");
    assert_int_equal(ask_bytes(cli, "in.csv", big, sizeof big - 1), 0);
    ANSWERS("hi");
    assert_refused(cli, ask_bytes(cli, "in.csv", little, sizeof little - 5), "its UTF-16 is ");
    assert_refused(cli, ask_bytes(cli, "in.csv", little, sizeof little - 1), "its UTF-16 is cut");
}

static void a_file_that_is_no_text_is_told_with_what_to_do(void **state)
{
    static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 0};
    cli_process *cli = *state;
    assert_refused(cli, ask_bytes(cli, "in.xlsx", "PK\003\004\024\0\0", 7),
                   "in.xlsx: it is a zip archive, such as .xlsx or .ods: save its table as CSV");
    assert_refused(cli, ask_bytes(cli, "in.csv.zst", zstd, sizeof zstd), "zstd -d");
    assert_refused(cli, ask_bytes(cli, "in.pdf", "%PDF-1.7\n", 9), "it is a PDF");
    assert_int_equal(ask_bytes(cli, "in.txt", "PK\n", 3), 0);
    ANSWERS("PK");
}

static void json_that_is_no_json_lines_is_told_with_what_to_do(void **state)
{
    cli_process *cli = *state;
    assert_refused(cli, ASK(cli, "in.json", "[\n  {\"prompt\": \"a\"}\n]\n", "-q"),
                   "it is a single JSON array, but JSON Lines need one value on each line: convert "
                   "it with jq -c '.[]' FILE");
    assert_refused(cli, ASK(cli, "in.json", "[{\"prompt\":\"a\"},{\"prompt\":\"b\"}]\n", "-q"),
                   "it is a single JSON array");
    assert_refused(cli, ASK(cli, "in.jsonl", "[{\"prompt\":\"a\"},\n{\"prompt\":\"b\"}]\n", "-q"),
                   "it is a single JSON array");
    assert_refused(cli, ASK(cli, "in.json", "{\n  \"prompt\": \"a\"\n}\n", "-q"),
                   "its JSON values take several lines");
    /* A list of messages counts as one line. A line that begins with "[" but is not JSON is not an
     * array. */
    assert_int_equal(
        ASK(cli, "in.json", "[{\"role\":\"user\",\"content\":\"a\"}]\n[note] b\n", "-q"), 11);
    assert_contains(read_path(out), "line 2: it is not valid JSON");
}

/* ---- which lines are sent -------------------------------------------------------------------- */

static void a_template_without_a_field_is_refused(void **state)
{
    cli_process *cli = *state;
    assert_refused(cli, ASK(cli, "in.txt", "a\nb\n", "--template", "Summarize: {text}"),
                   "a prompt text must contain a field, such as {{input}}");
}

static void the_first_lines_are_asked_and_the_same_command_goes_on(void **state)
{
    cli_process *cli = *state;
    SCOPED(peer) *p = serve_openai(cli);
    answer_for_ever(p, "Hello");
    write_numbers(cli, 10);
    assert_int_equal(RUN(cli, "--limit", "3"), 0);
    assert_int_equal(peer_requests(p), 3);
    assert_each_once(3);
    assert_contains(cli->err,
                    "7 more lines are left because of --limit; the same command without it");
    assert_int_equal(RUN(cli, "--limit", "3", "--json"), 0);
    assert_has_all(cli->out, "\"state\":\"limited\"", "\"done\":3,\"failed\":0,\"left\":7");
    assert_int_equal(RUN(cli, "--limit", "3", "--dry-run"), 0);
    assert_contains(cli->out, "Lines      10: 0 to ask, 3 finished, 0 bad");
    assert_int_equal(RUN(cli, "-q"), 0);
    assert_each_once(10);
    assert_int_equal(peer_requests(p), 10);
    assert_int_equal(RUN(cli, "--limit", "none"), 2);
    assert_int_equal(RUN(cli, "--limit", "-3"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_delimiter_of_a_csv_is_found_and_told),
        TEST(the_delimiter_that_is_said_holds),
        TEST(a_csv_without_a_header_loses_no_question),
        TEST(a_column_is_asked_when_it_is_named_so_or_asked_for),
        TEST(a_csv_without_a_name_is_not_asked_as_text),
        TEST(what_gzip_compressed_is_read),
        TEST(utf_16_is_read),
        TEST(a_file_that_is_no_text_is_told_with_what_to_do),
        TEST(json_that_is_no_json_lines_is_told_with_what_to_do),
        TEST(a_template_without_a_field_is_refused),
        TEST(the_first_lines_are_asked_and_the_same_command_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
