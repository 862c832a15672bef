/* The parts of beluga batch: records, templates, requests, ids, output, progress. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"

#include "args.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/results.h"
#include "batch/progress.h"
#include "batch/reader.h"
#include "batch/sidecar.h"
#include "exit.h"
#include "output.h"

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/beluga-parts-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/out.jsonl", folder);
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static int make_file(const char *bytes, size_t n)
{
    char name[160];
    snprintf(name, sizeof name, "%s/in", folder);
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    return fd;
}

/* ---- records --------------------------------------------------------------------------------- */

/* What is read of an input, as one text: "LINE:a|b;" for each record, "LINE!fault;" for a bad one.
 */
static void read_all(batch_format format, const char *bytes, size_t n, char *seen, size_t room)
{
    batch_reader reader = {.format = format, .fd = make_file(bytes, n)};
    batch_record record;
    char why[BATCH_FAULT_BYTES] = "";
    size_t used = 0;
    seen[0] = '\0';
    if (batch_reader_begin(&reader, why) != 0) snprintf(seen, room, "%s", why);
    while (!*why && batch_reader_next(&reader, &record) == 1) {
        used += (size_t)snprintf(seen + used, room - used, "%d%c", (int)record.line,
                                 *record.fault ? '!' : ':');
        if (*record.fault)
            used += (size_t)snprintf(seen + used, room - used, "%s", record.fault);
        else if (!record.fields)
            used += (size_t)snprintf(seen + used, room - used, "%.*s", (int)record.length,
                                     record.bytes);
        for (size_t i = 0; !*record.fault && record.fields && i < reader.n_columns; i++)
            used += (size_t)snprintf(seen + used, room - used, "%s%.*s", i ? "|" : "",
                                     (int)record.fields[i].length, record.fields[i].bytes);
        used += (size_t)snprintf(seen + used, room - used, ";");
    }
    close(reader.fd);
    batch_reader_free(&reader);
}

#define READS(format, bytes, expected)                                 \
    do {                                                               \
        char seen[4096];                                               \
        read_all(format, bytes, sizeof(bytes) - 1, seen, sizeof seen); \
        assert_string_equal(seen, expected);                           \
    } while (0)

static void lines_end_in_newlines_and_blank_ones_are_passed_over(void **state)
{
    (void)state;
    READS(BATCH_TEXT, "a\nb\r\n\n \t\n  c\nlast", "1:a;2:b;5:  c;6:last;");
    READS(BATCH_TEXT, "\xEF\xBB\xBFwith a mark\n", "1:with a mark;");
    READS(BATCH_TEXT, "", "");
    READS(BATCH_TEXT, "good\n\xff\xfe\ngood", "1:good;2!it is not UTF-8 at byte 1;3:good;");
}

static void rows_have_quotes_and_newlines_in_their_fields(void **state)
{
    (void)state;
    READS(BATCH_CSV, "a,b\r\n1,2\r\n", "2:1|2;");
    READS(BATCH_CSV, "\xEF\xBB\xBF\"a\",b\n\"x\"\"y\",\n,\"\"\n", "2:x\"y|;3:|;");
    READS(BATCH_CSV, "a,b\n\"one\r\ntwo\n\",\"1,2\"\nnext,row", "2:one\r\ntwo\n|1,2;5:next|row;");
    READS(BATCH_CSV, "a,b\n\n1,2\n\n", "3:1|2;");
}

static void a_bad_row_is_told_and_the_next_one_read(void **state)
{
    (void)state;
    READS(
        BATCH_CSV, "a,b\n1\n1,2,3\nx,y\n",
        "2!it has 1 field where the header has 2;3!it has 3 fields where the header has 2;4:x|y;");
    READS(BATCH_CSV, "a,b\nx\"y,2\nx,y\n",
          "2!field 1 has a quote and does not begin with one;3:x|y;");
    READS(BATCH_CSV, "a,b\n\"x\"y,2\nx,y\n",
          "2!field 1 has something behind its last quote;3:x|y;");
    READS(BATCH_CSV, "a,b\n1,\"never ends\nx,y\n",
          "2!field 2 begins with a quote and has none at its end;");
}

static void a_header_that_is_no_header_is_refused(void **state)
{
    (void)state;
    READS(BATCH_CSV, "", "the header of the CSV is missing: there is nothing in it");
    READS(BATCH_CSV, "a,b,a\n", "the header of the CSV has \"a\" twice");
    READS(BATCH_CSV, "\"a\n",
          "the header of the CSV field 1 begins with a quote and has none at its end");
}

/* Quotes that come in pairs at any distance from the buffer's end. */
static void a_record_may_lie_anywhere_in_the_buffer(void **state)
{
    enum { BYTES = 400000 };
    char *bytes = malloc(BYTES), *seen = malloc(2 * BYTES);
    (void)state;
    assert_non_null(bytes);
    assert_non_null(seen);
    size_t n = (size_t)snprintf(bytes, BYTES, "a\n"), rows = 0;
    for (; n + 200 < BYTES; rows++)
        n += (size_t)snprintf(
            bytes + n, BYTES - n, "\"%zu\"\"\n%.*s\"\n", rows, (int)(rows % 97),
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxxxxxxxxxxx");
    read_all(BATCH_CSV, bytes, n, seen, 2 * BYTES);
    const char *at = seen;
    for (size_t i = 0; i < rows; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "%zu:%zu\"\n", 2 + 2 * i, i);
        assert_memory_equal(at, expected, strlen(expected));
        at = strchr(at, ';');
        assert_non_null(at);
        at++;
    }
    assert_string_equal(at, "");
    free(bytes);
    free(seen);
}

static void a_record_that_is_too_long_is_a_fault_of_its_own(void **state)
{
    size_t n = BATCH_MAX_RECORD_BYTES + 1000, more = 16;
    char *bytes = malloc(n + more), seen[256];
    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', n);
    memcpy(bytes + n, "\nafter it\nlast\n", 16);
    read_all(BATCH_TEXT, bytes, n + 15, seen, sizeof seen);
    assert_string_equal(seen, "1!it is longer than 64 MiB;2:after it;3:last;");
    free(bytes);
}

static void a_line_that_is_no_utf_8_is_told_with_its_byte(void **state)
{
    static const struct {
        const char *text;
        long bad; /* -1: none */
    } cases[] = {
        {"plain", -1},          {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x8b and more", -1},
        {"0123456789\xc3", 10}, {"\xc0\x80", 0},
        {"a\xed\xa0\x80", 1},   {"\xf4\x90\x80\x80", 0},
        {"ab\xe2\x82", 2},      {"\x80", 0}};
    char seen[128], expected[128];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].bad < 0)
            snprintf(expected, sizeof expected, "1:%s;", cases[i].text);
        else
            snprintf(expected, sizeof expected, "1!it is not UTF-8 at byte %ld;", cases[i].bad + 1);
        read_all(BATCH_TEXT, cases[i].text, strlen(cases[i].text), seen, sizeof seen);
        assert_string_equal(seen, expected);
    }
}

/* ---- templates ------------------------------------------------------------------------------- */

static int find(void *payload, const char *name, size_t name_length, const char **text,
                size_t *length)
{
    (void)payload;
    if (name_length != 4 || memcmp(name, "text", 4) != 0) return 0;
    *text = "{{text}}";
    *length = 8;
    return 1;
}

static void fill(const char *template, const char *expected)
{
    batch_template t;
    cli_text out = {0};
    char why[BATCH_WHY_BYTES] = "";
    if (batch_template_parse(&t, template, why) == 0)
        batch_template_fill(&t, find, NULL, &out, why);
    assert_string_equal(*why ? why : out.data, expected);
    text_free(&out);
}

static void a_template_has_places_for_fields(void **state)
{
    (void)state;
    fill("nothing", "nothing");
    fill("Say {{text}}!", "Say {{text}}!");
    fill("{{ text }}{{text}}", "{{text}}{{text}}");
    fill("a {{{{literal}} {b} }}", "a {{literal}} {b} }}");
    fill("{{txt}}", "it has no field \"txt\", which the template names");
}

static void what_quotes_a_template_is_whole_characters_in_one_line(void **state)
{
    char template[128], why[BATCH_WHY_BYTES];
    batch_template t;
    (void)state;
    for (size_t n = 70; n < 82; n++) {
        snprintf(template, sizeof template, "{{%0*d\u20ac\u20ac\n{}}", (int)n, 0);
        assert_int_equal(batch_template_parse(&t, template, why), -1);
        assert_int_equal(beluga__utf8_valid(why, strlen(why)), strlen(why));
        assert_null(strchr(why, '\n'));
    }
}

static void a_template_that_makes_no_sense_is_refused(void **state)
{
    (void)state;
    fill("open {{text", "{{text has no }} behind it");
    fill("{{ }}", "{{ }} names no field");
    fill("{{a{b}}", "{{a{b}} is not the name of a field");
}

/* ---- what a line asks ------------------------------------------------------------------------ */

static int parse(const char *line, batch_item *item)
{
    static batch_reader reader = {.format = BATCH_JSONL, .fd = -1};
    const batch_plan plan = {.reader = &reader, .id_column = -1, .prompt_column = -1};
    const batch_record record = {.line = 5, .bytes = line, .length = strlen(line)};
    return batch_item_parse(&plan, &record, item);
}

static void asks(const char *line, const char *id, const char *text)
{
    batch_item item;
    assert_int_equal(parse(line, &item), 0);
    assert_string_equal(item.id, id);
    size_t last = beluga_messages_count(item.messages) - 1;
    assert_string_equal(beluga_message_text(beluga_messages_get(item.messages, last), NULL), text);
    batch_item_free(&item);
}

static void is_refused(const char *line, const char *why)
{
    batch_item item;
    assert_int_equal(parse(line, &item), BELUGA_ERROR_INVALID_INPUT);
    if (!strstr(item.why, why)) fail_msg("%s\nlacks\n%s", item.why, why);
    batch_item_free(&item);
}

static void a_line_is_a_prompt_messages_or_a_request(void **state)
{
    (void)state;
    asks("\"hello\"", "5", "hello");
    asks("{\"prompt\":\"hello\"}", "5", "hello");
    asks("{\"id\":12,\"text\":\"hello\"}", "12", "hello");
    asks("[{\"role\":\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"u\"}]", "5",
         "u");
    asks("{\"id\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":"
         "\"u\"}]}]}",
         "x", "u");
    asks("{\"custom_id\":\"c\",\"method\":\"POST\",\"url\":\"/v1/chat/"
         "completions\",\"body\":{\"messages\":"
         "[{\"role\":\"user\",\"content\":\"q\"}]}}",
         "c", "q");
}

static void a_line_that_asks_nothing_is_told_why(void **state)
{
    (void)state;
    is_refused("{", "it is not JSON");
    is_refused("12", "it is neither a text, a list nor an object");
    is_refused("\"\"", "its prompt is empty");
    is_refused("{\"question\":1}", "say with --template what to ask");
    is_refused("[]", "not a list, or an empty one");
    is_refused("[{\"content\":\"x\"}]", "message 0: it has no role");
    is_refused("[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"pope\"}]",
               "message 1: there is no role pope");
    is_refused("[{\"role\":\"user\",\"content\":[{\"type\":\"smell\"}]}]", "of the type smell");
    is_refused("{\"id\":{},\"prompt\":\"x\"}", "its id is neither");
    is_refused("{\"method\":\"GET\",\"body\":{}}", "its method is not POST but GET");
    is_refused("{\"url\":\"/v1/embeddings\",\"body\":{}}", "/v1/embeddings");
    is_refused("{\"body\":{\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}}",
               "n: a line has one answer");
    is_refused("{\"body\":{\"temperature\":\"hot\",\"messages\":[]}}",
               "temperature: it is not a number");
    is_refused("{\"body\":{\"tools\":[{\"function\":{\"name\":\"a b\"}}],\"messages\":[]}}",
               "tools: ");
    is_refused("{\"body\":{\"response_format\":{\"type\":\"xml\"},\"messages\":[]}}",
               "response_format: ");
}

static const beluga_option *option_of(const batch_item *item, int key)
{
    for (size_t i = 0; i < item->n_options; i++)
        if (item->options[i].key == key) return &item->options[i];
    fail_msg("no option %d", key);
    return NULL;
}

static void the_members_of_a_request_become_options(void **state)
{
    batch_item item;
    (void)state;
    assert_int_equal(
        parse(
            "{\"body\":{\"model\":\"m\",\"temperature\":0.5,\"max_completion_tokens\":9,\"stop\":["
            "\"a\",\"b\"],"
            "\"seed\":null,\"reasoning_effort\":\"low\",\"logprobs\":true,\"metadata\":{\"k\":[1]},"
            "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
            "\"schema\":"
            "{\"type\":\"object\"}}},\"messages\":[{\"role\":\"assistant\",\"content\":null,\"tool_"
            "calls\":"
            "[{\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
            "{\"role\":\"tool\",\"tool_call_id\":\"t\",\"content\":\"r\"}]}}",
            &item),
        0);
    assert_true(option_of(&item, BELUGA_OPTION_TEMPERATURE)->value.number == 0.5);
    assert_int_equal(option_of(&item, BELUGA_OPTION_MAX_TOKENS)->value.integer, 9);
    assert_int_equal(item.max_tokens, 9);
    assert_int_equal(option_of(&item, BELUGA_OPTION_REASONING_EFFORT)->value.integer,
                     BELUGA_REASONING_EFFORT_LOW);
    assert_string_equal(option_of(&item, BELUGA_OPTION_RESPONSE_SCHEMA)->value.string,
                        "{\"type\":\"object\"}");
    assert_string_equal(option_of(&item, BELUGA_OPTION_EXTRA_BODY)->value.string,
                        "{\"logprobs\":true,\"metadata\":{\"k\":[1]}}");
    assert_int_equal(beluga_messages_count(item.messages), 2);
    assert_string_equal(beluga_message_tool_call_id(beluga_messages_get(item.messages, 1)), "t");
    batch_item_free(&item);
}

/* ---- ids ------------------------------------------------------------------------------------- */

static void an_id_that_comes_again_is_found_in_any_part(void **state)
{
    enum { MANY = 100000 };
    static batch_ids ids;
    batch_lines repeated = {0};
    char id[32];
    size_t found = 0;
    (void)state;
    assert_int_equal(batch_ids_begin(&ids, path), 0);
    for (uint64_t line = 1; line <= MANY; line++) {
        /* every thousandth has the id of the line before it, and the last that of the first */
        uint64_t same = line == MANY ? 1 : line % 1000 == 999 ? line - 1 : line;
        int n = snprintf(id, sizeof id, "id %llu", (unsigned long long)same);
        assert_int_equal(batch_ids_add(&ids, id, (size_t)n, line), 0);
    }
    assert_int_equal(batch_ids_find_repeated(&ids, MANY, &repeated), 0);
    for (uint64_t line = 1; line <= MANY; line++) {
        assert_int_equal(batch_lines_has(&repeated, line), line % 1000 == 999 || line == MANY);
        found += batch_lines_has(&repeated, line);
    }
    assert_int_equal(found, MANY / 1000 + 1);
    batch_lines_free(&repeated);
    batch_ids_free(&ids);
}

/* ---- the output ------------------------------------------------------------------------------ */

#define OK(n)                         \
    "{\"id\":\"" #n "\",\"line\":" #n \
    ",\"text\":\"t\",\"usage\":{\"input_total\":2,\"output_total\":3},\"cost\":0.5}\n"
#define BAD(n) "{\"id\":\"" #n "\",\"line\":" #n ",\"error\":{\"code\":\"timeout\"}}\n"

#define ENDED(n, reason) \
    "{\"id\":\"" #n "\",\"line\":" #n ",\"text\":\"t\",\"finish_reason\":\"" reason "\"}\n"

static void put_output(const char *bytes, size_t n)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void assert_output(const char *expected)
{
    static char bytes[65536];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    bytes[fread(bytes, 1, sizeof bytes - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(bytes, expected);
}

static void recovers(const char *bytes, size_t n, batch_again again, const char *expected)
{
    batch_output out;
    const batch_entry entry = {.line = 9, .cost = -1, .input_tokens = -1, .output_tokens = -1};
    char whole[4096];
    put_output(bytes, n);
    assert_int_equal(batch_output_open(&out, path), 0);
    assert_int_equal(batch_output_recover(&out, 9, again), 0);
    assert_output(expected);
    /* It goes on behind what is kept. */
    assert_int_equal(batch_output_add(&out, &entry, OK(9), sizeof(OK(9)) - 1), 0);
    assert_int_equal(batch_output_sync(&out, true), 0);
    snprintf(whole, sizeof whole, "%s%s", expected, OK(9));
    assert_output(whole);
    batch_output_close(&out);
}

#define RECOVERS(bytes, expected) recovers(bytes, sizeof(bytes) - 1, BATCH_AGAIN_NONE, expected)

static void a_torn_end_is_cut_wherever_it_is_torn(void **state)
{
    static const char whole[] = OK(1) BAD(2) OK(3);
    size_t first = sizeof(OK(1)) - 1, second = first + sizeof(BAD(2)) - 1;
    (void)state;
    out_init(&(cli_args){.quiet = true});
    for (size_t n = 0; n < sizeof whole; n++) {
        char expected[sizeof whole + 1];
        bool only_newline = n + 1 == first || n + 1 == second || n + 2 == sizeof whole;
        size_t kept = n + only_newline;
        kept = kept >= sizeof whole - 1 ? sizeof whole - 1
               : kept >= second         ? second
               : kept >= first          ? first
                                        : 0;
        snprintf(expected, sizeof expected, "%.*s", (int)kept, whole);
        recovers(whole, n, BATCH_AGAIN_NONE, expected);
    }
}

static void what_is_damaged_inside_is_dropped_and_the_rest_kept(void **state)
{
    (void)state;
    RECOVERS(OK(1) "\0\0\0\0\0\n" OK(3), OK(1) OK(3));
    RECOVERS(OK(1) "{\"id\":\"2\",\"li" OK(3) OK(4), OK(1) OK(4));
    RECOVERS(OK(1) OK(2) OK(1), OK(1) OK(2)); /* no line twice */
    RECOVERS(OK(1) "{\"line\":10}\n"
                   "{}\n"
                   "[]\n" OK(2),
             OK(1) OK(2)); /* lines the input does not have */
    RECOVERS(OK(1) "\n\n" OK(2) "\0\0\0", OK(1) "\n\n" OK(2));
}

static void lines_that_failed_are_asked_again_when_that_is_wanted(void **state)
{
    static const char bytes[] = OK(1) BAD(2) OK(3) BAD(4);
    batch_output out;
    (void)state;
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_NONE, bytes);
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_FAILED, OK(1) OK(3));
    put_output(bytes, sizeof bytes - 1);
    assert_int_equal(batch_output_look(&out, path, 9, BATCH_AGAIN_FAILED), 0);
    assert_output(bytes); /* looking changes nothing */
    for (uint64_t line = 0; line <= 10; line++)
        assert_int_equal(batch_output_has(&out, line), line == 1 || line == 3);
    assert_int_equal(out.totals.done, 2);
    assert_true(out.totals.cost == 1.0);
    assert_int_equal(out.totals.input_tokens, 4);
    assert_int_equal(out.totals.output_tokens, 6);
    batch_output_close(&out);
}

static void what_failed_and_took_tokens_has_a_cost_too(void **state)
{
    static const char bytes[] =
        BAD(1) "{\"id\":\"2\",\"line\":2,\"error\":{\"code\":\"incomplete\"},"
               "\"usage\":{\"input_total\":2},\"cost\":null}\n";
    batch_output out;
    (void)state;
    put_output(bytes, sizeof bytes - 1);
    assert_int_equal(batch_output_look(&out, path, 9, BATCH_AGAIN_NONE), 0);
    assert_int_equal(out.totals.failed, 2);
    assert_int_equal(out.totals.unpriced, 1);
    batch_output_close(&out);
}

static void answers_that_are_not_whole_are_counted_and_asked_again_on_request(void **state)
{
    static const char bytes[] = ENDED(1, "stop") ENDED(2, "length") BAD(3) ENDED(4, "tool_calls")
        ENDED(5, "content_filter");
    batch_output out;
    (void)state;
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_NONE, bytes);
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_FAILED,
             ENDED(1, "stop") ENDED(2, "length") ENDED(4, "tool_calls") ENDED(5, "content_filter"));
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_UNFINISHED,
             ENDED(1, "stop") ENDED(4, "tool_calls"));
    put_output(bytes, sizeof bytes - 1);
    assert_int_equal(batch_output_look(&out, path, 9, BATCH_AGAIN_NONE), 0);
    assert_int_equal(out.totals.done, 4);
    assert_int_equal(out.totals.unfinished, 2);
    batch_output_close(&out);
}

static void lines_are_brought_into_order(void **state)
{
    batch_output out;
    (void)state;
    put_output(OK(3) OK(1) BAD(2), sizeof(OK(3) OK(1) BAD(2)) - 1);
    assert_int_equal(batch_output_open(&out, path), 0);
    assert_int_equal(batch_output_recover(&out, 9, BATCH_AGAIN_NONE), 0);
    assert_true(out.unordered);
    assert_int_equal(batch_output_sort(&out), 0);
    assert_output(OK(1) BAD(2) OK(3));
    batch_output_close(&out);
}

static void failed_lines_are_collected(void **state)
{
    batch_output out;
    char errors[160], bytes[512] = "";
    (void)state;
    snprintf(errors, sizeof errors, "%s/errors", folder);
    put_output(BAD(3) OK(1) BAD(2), sizeof(BAD(3) OK(1) BAD(2)) - 1);
    assert_int_equal(batch_output_open(&out, path), 0);
    assert_int_equal(batch_output_recover(&out, 9, BATCH_AGAIN_NONE), 0);
    assert_int_equal(batch_output_collect(&out, errors), 0);
    FILE *file = fopen(errors, "r");
    assert_non_null(file);
    assert_true(fread(bytes, 1, sizeof bytes - 1, file) > 0);
    fclose(file);
    assert_string_equal(bytes, BAD(3) BAD(2));
    batch_output_close(&out);
}

static void an_output_is_written_by_one_at_a_time(void **state)
{
    batch_output one, other;
    (void)state;
    assert_int_equal(batch_output_open(&one, path), 0);
    assert_int_equal(batch_output_open(&other, path), CLI_EXIT_USAGE);
    batch_output_close(&other);
    batch_output_close(&one);
    assert_int_equal(batch_output_open(&other, path), 0);
    batch_output_close(&other);
    assert_int_equal(batch_output_open(&other, "/dev/null"), CLI_EXIT_USAGE);
    batch_output_close(&other);
}

static void what_an_output_belongs_to_is_kept_beside_it(void **state)
{
    batch_facts facts = {{{"input", "1"}, {"model", "a/b"}}, 2};
    (void)state;
    assert_int_equal(batch_sidecar_check(path, &facts, false, false), 0);
    assert_int_equal(batch_sidecar_check(path, &facts, true, false), 0);
    facts.items[1].value = "a/c";
    assert_int_equal(batch_sidecar_check(path, &facts, true, false), CLI_EXIT_USAGE);
    assert_int_equal(batch_sidecar_check(path, &facts, false, true),
                     0); /* a dry run writes nothing */
    facts.items[1].value = "a/b";
    assert_int_equal(batch_sidecar_check(path, &facts, true, false), 0);
    char name[160];
    snprintf(name, sizeof name, "%s.batch", path);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs("{\"version\":1,\"inp", file);
    fclose(file);
    assert_int_equal(batch_sidecar_check(path, &facts, true, false), CLI_EXIT_USAGE);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(batch_sidecar_check(path, &facts, true, false), CLI_EXIT_USAGE);
}

/* ---- progress -------------------------------------------------------------------------------- */

static void progress_fits_any_width(void **state)
{
    const batch_figures f = {.total = 100000,
                             .done = 42000,
                             .failed = 12,
                             .per_second = 350,
                             .tokens_per_second = 12345,
                             .cost = 1.234,
                             .left_s = 165.7};
    char line[BATCH_PROGRESS_BYTES];
    (void)state;
    size_t columns = batch_progress_format(&f, 0, false, line);
    assert_int_equal(columns, strlen(line));
    assert_string_equal(line,
                        " 42%  42000/100000  12 failed  350/s  12k tok/s  $1.23  2m 46s left");
    batch_progress_format(&f, 80, false, line);
    assert_string_equal(
        line, " 42%  ####-------  42000/100000  12 failed  350/s  12k tok/s  $1.23  2m 46s left");
    batch_progress_format(&f, 49, false, line);
    assert_string_equal(line, " 42%  42000/100000  12 failed  $1.23  2m 46s left");
    for (size_t width = 4; width < 200; width++)
        assert_true(batch_progress_format(&f, width, false, line) <= width &&
                    strlen(line) <= width);
}

static void what_is_not_known_is_not_shown(void **state)
{
    const batch_figures f = {.total = 0, .cost = -1, .left_s = -1};
    char line[BATCH_PROGRESS_BYTES], text[32];
    (void)state;
    batch_progress_format(&f, 0, false, line);
    assert_string_equal(line, "100%  0/0");
    static const struct {
        double seconds;
        const char *text;
    } times[] = {{0.2, "0s"}, {59.4, "59s"}, {61, "1m 01s"}, {3600, "1h 00m"}, {90000, "1d 01h"}};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        batch_format_time(times[i].seconds, text, sizeof text);
        assert_string_equal(text, times[i].text);
    }
    static const struct {
        double amount;
        const char *text;
    } amounts[] = {{0, "0"},       {7, "7"},        {7.25, "7.2"},  {999, "999"},
                   {1000, "1.0k"}, {1.5e6, "1.5M"}, {2e15, "2000T"}};
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        batch_format_amount(amounts[i].amount, text, sizeof text);
        assert_string_equal(text, amounts[i].text);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_end_in_newlines_and_blank_ones_are_passed_over),
        IN_FOLDER(rows_have_quotes_and_newlines_in_their_fields),
        IN_FOLDER(a_bad_row_is_told_and_the_next_one_read),
        IN_FOLDER(a_header_that_is_no_header_is_refused),
        IN_FOLDER(a_record_may_lie_anywhere_in_the_buffer),
        IN_FOLDER(a_record_that_is_too_long_is_a_fault_of_its_own),
        IN_FOLDER(a_line_that_is_no_utf_8_is_told_with_its_byte),
        cmocka_unit_test(a_template_has_places_for_fields),
        cmocka_unit_test(a_template_that_makes_no_sense_is_refused),
        cmocka_unit_test(what_quotes_a_template_is_whole_characters_in_one_line),
        cmocka_unit_test(a_line_is_a_prompt_messages_or_a_request),
        cmocka_unit_test(a_line_that_asks_nothing_is_told_why),
        cmocka_unit_test(the_members_of_a_request_become_options),
        IN_FOLDER(an_id_that_comes_again_is_found_in_any_part),
        IN_FOLDER(a_torn_end_is_cut_wherever_it_is_torn),
        IN_FOLDER(what_is_damaged_inside_is_dropped_and_the_rest_kept),
        IN_FOLDER(lines_that_failed_are_asked_again_when_that_is_wanted),
        IN_FOLDER(what_failed_and_took_tokens_has_a_cost_too),
        IN_FOLDER(answers_that_are_not_whole_are_counted_and_asked_again_on_request),
        IN_FOLDER(lines_are_brought_into_order),
        IN_FOLDER(failed_lines_are_collected),
        IN_FOLDER(an_output_is_written_by_one_at_a_time),
        IN_FOLDER(what_an_output_belongs_to_is_kept_beside_it),
        cmocka_unit_test(progress_fits_any_width),
        cmocka_unit_test(what_is_not_known_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
