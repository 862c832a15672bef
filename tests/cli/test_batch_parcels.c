/* Lines of a batch that are sent to other machines, the rate limits that the machines share, and
 * the file OUT.queue. */
#include "batch/gate.h"
#include "batch/item.h"
#include "batch/manifest.h"
#include "batch/mark.h"
#include "batch/parcel.h"
#include "batch_parts.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- lines ----------------------------------------------------------------------------------- */

static int make_file(const char *text)
{
    char name[160];
    snprintf(name, sizeof name, "%s/in", folder);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    return fd;
}

/* An input whose lines are packed into parcels, and the object that unpacks them. */
typedef struct journey {
    batch_reader reader;
    batch_parcel parcel;
    batch_record sent, come;
    cli_text text;
} journey;

static void begin(journey *j, batch_format format, const char *input)
{
    char why[BATCH_FAULT_BYTES];
    *j = (journey){.reader = {.format = format, .fd = make_file(input)},
                   .parcel.reader.format = format};
    assert_int_equal(batch_reader_begin(&j->reader, why), 0);
}

static void send_next(journey *j, bool repeated)
{
    assert_int_equal(batch_reader_next(&j->reader, &j->sent), 1);
    j->text.length = 0;
    assert_int_equal(batch_parcel_pack(&j->reader, &j->sent, repeated, &j->text), 0);
    assert_int_equal(
        batch_parcel_open(&j->parcel, j->sent.line, j->text.data, j->text.length, &j->come), 0);
    assert_int_equal(j->come.line, j->sent.line);
    assert_true(j->come.digest == j->sent.digest);
    assert_int_equal(j->parcel.repeated, repeated);
}

static void end(journey *j)
{
    close(j->reader.fd);
    batch_reader_free(&j->reader);
    batch_parcel_free(&j->parcel);
    text_free(&j->text);
}

static void assert_bytes(const char *bytes, size_t n, const char *expected)
{
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(bytes, expected, n);
}

static void a_text_comes_as_it_went(void **state)
{
    journey j;
    (void)state;
    begin(&j, BATCH_TEXT, "plain\n\n{\"not\": \"read\"}\n");
    send_next(&j, false);
    assert_bytes(j.come.bytes, j.come.length, "plain");
    send_next(&j, true);
    assert_int_equal(j.come.line, 3);
    assert_bytes(j.come.bytes, j.come.length, "{\"not\": \"read\"}");
    end(&j);
}

static void a_line_with_a_fault_brings_the_fault_alone(void **state)
{
    journey j;
    (void)state;
    begin(&j, BATCH_TEXT, "\xff\xfe\n");
    send_next(&j, false);
    assert_string_equal(j.come.fault, j.sent.fault);
    assert_string_equal(j.come.fault, "it is not valid UTF-8 at byte 1");
    end(&j);
}

static void assert_column(const journey *j, const char *name, const char *value)
{
    long i = batch_reader_column(&j->parcel.reader, name, strlen(name));
    assert_true(i >= 0);
    assert_bytes(j->come.fields[i].bytes, j->come.fields[i].length, value);
}

static void a_row_brings_its_columns_and_needs_no_header(void **state)
{
    journey j;
    (void)state;
    begin(&j, BATCH_CSV,
          "id,\"a \"\"b\"\"\",body\nx,\"one\ntwo\",\n\"\"\"q\"\"\",\t,\"{\"\"a\"\":1}\"\n");
    send_next(&j, false);
    assert_column(&j, "id", "x");
    assert_column(&j, "a \"b\"", "one\ntwo");
    assert_column(&j, "body", "");
    send_next(&j, false);
    assert_column(&j, "id", "\"q\"");
    assert_column(&j, "a \"b\"", "\t");
    assert_column(&j, "body", "{\"a\":1}");
    assert_int_equal(j.parcel.reader.n_columns, 3);
    end(&j);
}

/* In CSV, columns named "body" or "messages" have no special meaning. */
static void a_row_is_asked_by_its_prompt_and_not_as_a_request(void **state)
{
    journey j;
    batch_item item;
    char why[BATCH_FAULT_BYTES];
    (void)state;
    begin(&j, BATCH_CSV, "custom_id,id,prompt,body\nother,mine,Hello,there\n");
    send_next(&j, false);
    batch_plan plan = {.reader = &j.parcel.reader, .takes = UINT64_MAX};
    assert_int_equal(batch_plan_columns(&plan, why), 0);
    assert_int_equal(batch_item_parse(&plan, &j.come, &item), 0);
    assert_string_equal(item.id, "mine");
    batch_item_free(&item);
    end(&j);
}

/* Anybody may have written the entries of a queue. A bad entry must not crash the program, and
 * counts as a line with an error. */
static void what_is_no_line_is_one_with_a_fault(void **state)
{
    static const char *const texts[] = {
        "", "\n", "{}", "x\ny", "{\"digest\":\"1\"}\n[1]", "{\"digest\":\"1\"}\n{\"a\"", "[]\n7"};
    batch_parcel parcel = {.reader.format = BATCH_CSV};
    batch_record record;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(batch_parcel_open(&parcel, 7, texts[i], strlen(texts[i]), &record), 0);
        assert_int_equal(record.line, 7);
        assert_string_not_equal(record.fault, "");
    }
    static const char odd[] = "{\"digest\":7,\"repeated\":\"x\"}\n{\"a\":1,\"b\":null}";
    assert_int_equal(batch_parcel_open(&parcel, 7, odd, sizeof odd - 1, &record), 0);
    assert_string_equal(record.fault, "");
    assert_int_equal(record.fields[0].length, 0); /* no text */
    batch_parcel_free(&parcel);
}

/* ---- rates ----------------------------------------------------------------------------------- */

/* Count the lines that the gate lets pass between two times, if a line is tried each
 * millisecond. */
static int count_passing(batch_gate *gate, int64_t from, int64_t to)
{
    int n = 0;
    for (int64_t now = from; now < to; now++)
        for (; batch_gate_is_open(gate, now); n++) batch_gate_pass(gate, 1);
    return n;
}

static void a_gate_lets_so_many_pass_a_minute(void **state)
{
    batch_gate gate = {.per_ms = 0};
    (void)state;
    assert_true(batch_gate_is_open(&gate, 5));
    batch_gate_set(&gate, 600, 1000);
    int n = count_passing(&gate, 1000, 61000);
    assert_in_range(n, 599, 611);
    batch_gate_set(&gate, 60, 61000); /* another worker shares the limit now */
    n = count_passing(&gate, 61000, 121000);
    assert_in_range(n, 59, 71);
}

static void a_gate_is_shut_for_as_long_as_too_much_passed(void **state)
{
    batch_gate gate = {.per_ms = 0};
    (void)state;
    batch_gate_set(&gate, 60000, 0); /* the limit is one line each millisecond */
    batch_gate_pass(&gate, 500);
    assert_false(batch_gate_is_open(&gate, 400));
    assert_true(batch_gate_is_open(&gate, 600));
    assert_int_equal(count_passing(&gate, 100000, 100001),
                     1000); /* after a pause at most the lines of one second may pass at once */
}

/* ---- OUT.queue ------------------------------------------------------------------------------- */

static void a_mark_is_read_as_it_was_written(void **state)
{
    batch_mark mark = {.id = "00112233445566778899aabbccddeeff", .position = 12345, .lines = 77},
               read;
    (void)state;
    batch_mark_read(path, &read);
    assert_string_equal(read.id, "");
    assert_int_equal(batch_mark_write(path, &mark), 0);
    batch_mark_read(path, &read);
    assert_string_equal(read.id, mark.id);
    assert_int_equal(read.position, 12345);
    assert_int_equal(read.lines, 77);
    batch_mark_remove(path);
    batch_mark_read(path, &read);
    assert_string_equal(read.id, "");
    assert_int_equal(read.position, 0);
}

/* ---- manifests ------------------------------------------------------------------------------- */

static void a_manifest_is_read_as_it_was_written(void **state)
{
    cli_text json = {0};
    batch_manifest m = {.id = "77",
                        .model = "mock/echo",
                        .template = "{{a}} \"b\"\n",
                        .openai = true,
                        .options = "[\"temperature=0.5\"]",
                        .lines = 12,
                        .there = 3,
                        .layout = {.format = BATCH_CSV, .delimiter = '\t', .headless = true},
                        .limits = {.requests_per_minute = 60, .budget = 2.5}},
                   read;
    const batch_facts facts = {.items = {{"input", "x"}, {"model", "mock/echo"}}, .count = 2};
    const batch_facts others = {.items = {{"input", "x"}, {"model", "mock/any"}}, .count = 2};
    batch_difference difference;
    (void)state;
    assert_int_equal(batch_manifest_write(&m, &facts, &json), 0);
    assert_int_equal(batch_manifest_read(&read, json.data, json.length), 0);
    assert_string_equal(read.template, m.template);
    assert_null(read.system);
    assert_true(read.openai && !read.strict && read.layout.headless);
    assert_int_equal(read.layout.format, BATCH_CSV);
    assert_int_equal(read.layout.delimiter, '\t');
    assert_int_equal(read.lines, 12);
    assert_int_equal(read.there, 3);
    assert_int_equal(read.limits.requests_per_minute, 60);
    assert_true(read.limits.budget == 2.5);
    batch_manifest_compare(&read, &facts, &difference);
    assert_int_equal(difference.kind, BATCH_SAME);
    batch_manifest_compare(&read, &others, &difference);
    assert_string_equal(difference.text, "was begun with another model (mock/echo)");
    batch_manifest_free(&read);
    text_free(&json);
}

/* Apply the options of a manifest to a configuration. Returns the status. */
static int apply(const char *options, double *temperature)
{
    char json[512];
    batch_manifest m;
    cli_args args = {.commands = NULL};
    beluga_config *config = beluga_config_new_n(NULL, 0);
    assert_non_null(config);
    int n = snprintf(json, sizeof json,
                     "{\"version\":3,\"id\":\"x\",\"model\":\"mock/echo\",\"format\":\"text\","
                     "\"options\":\"[%s]\"}",
                     options);
    assert_int_equal(batch_manifest_read(&m, json, (size_t)n), 0);
    int rc = batch_manifest_apply(&m, &args, config);
    beluga_config_get_double(config, BELUGA_OPTION_TEMPERATURE, temperature);
    batch_manifest_free(&m);
    beluga_config_free(config);
    return rc;
}

/* Anybody may have written the manifest, so it must not send a key to another server. */
static void a_manifest_sets_how_lines_are_asked_and_nothing_else(void **state)
{
    static const char *const refused[] = {
        "base_url=http://127.0.0.1:9",
        "api_key=env:HOME",
        "headers=a: b",
        "proxy=http://127.0.0.1:9",
        "extra_body={}",
        "prices=/etc/passwd",
        "max_retries=0",
        "mock.finish_reason=length",
        "no",
    };
    double temperature = 0;
    char options[128];
    (void)state;
    assert_int_equal(apply("\\\"temperature=0.5\\\",\\\"mock.latency_ms=3\\\"", &temperature), 0);
    assert_true(temperature == 0.5);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        temperature = 0;
        snprintf(options, sizeof options, "\\\"temperature=0.5\\\",\\\"%s\\\"", refused[i]);
        assert_int_equal(apply(options, &temperature), CLI_EXIT_CONFIG);
        assert_true(temperature == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_comes_as_it_went),
        cmocka_unit_test(a_line_with_a_fault_brings_the_fault_alone),
        cmocka_unit_test(a_row_brings_its_columns_and_needs_no_header),
        cmocka_unit_test(a_row_is_asked_by_its_prompt_and_not_as_a_request),
        cmocka_unit_test(what_is_no_line_is_one_with_a_fault),
        cmocka_unit_test(a_gate_lets_so_many_pass_a_minute),
        cmocka_unit_test(a_gate_is_shut_for_as_long_as_too_much_passed),
        cmocka_unit_test(a_mark_is_read_as_it_was_written),
        cmocka_unit_test(a_manifest_is_read_as_it_was_written),
        cmocka_unit_test(a_manifest_sets_how_lines_are_asked_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
