/* Modules of beluga batch: records, templates, requests, ids, output, progress. */
#include "base/signals.h"
#include "batch/signals.h"
#include "batch_parts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Read an input, and write its records into `seen`: "LINE:a|b;" for each record, "LINE!fault;" for
 * a bad one. */
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

typedef struct reading {
    const char *bytes, *expected;
} reading;

static void reads_each(batch_format format, const reading *readings)
{
    char seen[4096];
    for (; readings->bytes; readings++) {
        read_all(format, readings->bytes, strlen(readings->bytes), seen, sizeof seen);
        assert_string_equal(seen, readings->expected);
    }
}

/* Assert for each pair that reading the first text gives the records in the second text. */
#define READS(format, ...) reads_each(format, (const reading[]){__VA_ARGS__, {NULL, NULL}})

static void lines_end_in_newlines_and_blank_ones_are_passed_over(void **state)
{
    (void)state;
    READS(BATCH_TEXT, {"a\nb\r\n\n \t\n  c\nlast", "1:a;2:b;5:  c;6:last;"},
          {"\xEF\xBB\xBFwith a mark\n", "1:with a mark;"}, {"", ""},
          {"good\n\xff\xfe\ngood", "1:good;2!it is not valid UTF-8 at byte 1;3:good;"});
}

static void rows_have_quotes_and_newlines_in_their_fields(void **state)
{
    (void)state;
    READS(BATCH_CSV, {"a,b\r\n1,2\r\n", "2:1|2;"},
          {"\xEF\xBB\xBF\"a\",b\n\"x\"\"y\",\n,\"\"\n", "2:x\"y|;3:|;"},
          {"a,b\n\"one\r\ntwo\n\",\"1,2\"\nnext,row", "2:one\r\ntwo\n|1,2;5:next|row;"},
          {"a,b\n\n1,2\n\n", "3:1|2;"});
}

static void a_bad_row_is_told_and_the_next_one_read(void **state)
{
    (void)state;
    READS(
        BATCH_CSV,
        {"a,b\n1\n1,2,3\nx,y\n",
         "2!it has 1 field, but the header has 2;3!it has 3 fields, but the header has 2;4:x|y;"},
        {"a,b\nx\"y,2\nx,y\n", "2!field 1 has a quote but does not begin with one;3:x|y;"},
        {"a,b\n\"x\"y,2\nx,y\n", "2!field 1 has text after its closing quote;3:x|y;"},
        {"a,b\n1,\"never ends\nx,y\n", "2!field 2 begins with a quote but does not end with one;"});
}

static void a_header_that_is_no_header_is_refused(void **state)
{
    (void)state;
    READS(BATCH_CSV, {"", "the header of the CSV is missing: the file is empty"},
          {"a,b,a\n", "the header of the CSV has the column \"a\" twice"},
          {"\"a\n", "the header of the CSV field 1 begins with a quote but does not end with one"});
}

/* Rows with pairs of quotes begin at many distances from the end of the reader's buffer. */
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
            snprintf(expected, sizeof expected, "1!it is not valid UTF-8 at byte %ld;",
                     cases[i].bad + 1);
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
    fill("{{txt}}", "the line has no field \"txt\", which the template uses");
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
    fill("open {{text", "{{text has no closing }}");
    fill("{{ }}", "{{ }} contains no field name");
    fill("{{a{b}}", "{{a{b}} is not a valid field name");
}

/* ---- requests that lines contain ------------------------------------------------------------- */

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
    size_t last = beluga_messages_count(item.request.messages) - 1;
    assert_string_equal(beluga_message_text(beluga_messages_get(item.request.messages, last), NULL),
                        text);
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
    is_refused("{", "it is not valid JSON");
    is_refused("12", "it must be a string, a list or an object");
    is_refused("\"\"", "its prompt is empty");
    is_refused("{\"question\":1}", "choose what to ask with --template");
    is_refused("[]", "messages: it is missing, empty, or not a list");
    is_refused("[{\"content\":\"x\"}]", "messages[0].role: it is missing");
    is_refused("[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"pope\"}]",
               "messages[1].role: there is no role pope");
    is_refused("[{\"role\":\"user\",\"content\":[{\"type\":\"smell\"}]}]", "of the type smell");
    is_refused("{\"id\":{},\"prompt\":\"x\"}", "its id must be");
    is_refused("{\"method\":\"GET\",\"body\":{}}", "its method must be POST, not GET");
    is_refused("{\"url\":\"/v1/embeddings\",\"body\":{}}", "input: it must be a string");
    is_refused("{\"url\":\"/v1/images\",\"body\":{}}", "not /v1/images");
    is_refused("{\"body\":{\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]}}",
               "n: beluga gives one answer to each request");
    is_refused("{\"body\":{\"temperature\":\"hot\",\"messages\":[]}}",
               "temperature: it must be a number");
    is_refused("{\"body\":{\"tools\":[{\"function\":{\"name\":7}}],\"messages\":[]}}",
               "tools[0].function.name: it must be a string");
    is_refused("{\"body\":{\"tools\":[{\"type\":\"web_search\"}],\"messages\":[{\"role\":"
               "\"user\",\"content\":\"q\"}]}}",
               "body: a batch can't send this: web_search");
    is_refused("{\"body\":{\"response_format\":{\"type\":\"xml\"},\"messages\":[]}}",
               "response_format.type: ");
}

static const beluga_option *option_of(const batch_item *item, int key)
{
    for (size_t i = 0; i < item->request.n_options; i++)
        if (item->request.options[i].key == key) return &item->request.options[i];
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
    assert_int_equal(item.request.max_tokens, 9);
    assert_int_equal(option_of(&item, BELUGA_OPTION_REASONING_EFFORT)->value.integer,
                     BELUGA_REASONING_EFFORT_LOW);
    assert_string_equal(option_of(&item, BELUGA_OPTION_RESPONSE_SCHEMA)->value.string,
                        "{\"type\":\"object\"}");
    assert_string_equal(option_of(&item, BELUGA_OPTION_EXTRA_BODY)->value.string,
                        "{\"logprobs\":true,\"metadata\":{\"k\":[1]}}");
    assert_int_equal(beluga_messages_count(item.request.messages), 2);
    assert_string_equal(beluga_message_tool_call_id(beluga_messages_get(item.request.messages, 1)),
                        "t");
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
        /* each thousandth line has the id of the line before it, and the last line has the id of
         * the first */
        uint64_t same = line == MANY ? 1 : line % 1000 == 999 ? line - 1 : line;
        snprintf(id, sizeof id, "id %llu", (unsigned long long)same);
        assert_int_equal(batch_ids_add(&ids, id, false, line), 0);
    }
    assert_int_equal(batch_ids_find_taken(&ids, MANY, &repeated), 0);
    for (uint64_t line = 1; line <= MANY; line++) {
        assert_int_equal(batch_lines_has(&repeated, line), line % 1000 == 999 || line == MANY);
        found += batch_lines_has(&repeated, line);
    }
    assert_int_equal(found, MANY / 1000 + 1);
    batch_lines_free(&repeated);
    batch_ids_free(&ids);
}

/* Lines with even numbers have ids, lines with odd numbers have none. */
static void a_number_is_taken_where_another_line_has_it_as_its_id(void **state)
{
    enum { MANY = 40000 };
    static batch_ids ids;
    batch_lines taken = {0};
    char id[32];
    (void)state;
    assert_int_equal(batch_ids_begin(&ids, path), 0);
    for (uint64_t line = 1; line <= MANY; line++) {
        bool odd = line % 2 == 1;
        /* the id of line 2n is n, which may be the number of an earlier or later line */
        snprintf(id, sizeof id, "%llu", (unsigned long long)(odd ? line : line / 2));
        assert_int_equal(batch_ids_add(&ids, id, odd, line), 0);
    }
    assert_int_equal(batch_ids_find_taken(&ids, MANY, &taken), 0);
    for (uint64_t line = 1; line <= MANY; line++)
        assert_int_equal(batch_lines_has(&taken, line), line % 2 == 1 && line <= MANY / 2);
    batch_lines_free(&taken);
    batch_ids_free(&ids);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void only_the_same_signal_at_almost_the_same_time_is_an_echo(void **state)
{
    (void)state;
    assert_false(beluga__signal_is_second(SIGTERM, 1000, SIGTERM, 1000));
    assert_false(beluga__signal_is_second(SIGTERM, 1000, SIGTERM, 1249));
    assert_true(beluga__signal_is_second(SIGTERM, 1000, SIGTERM, 1250));
    assert_true(beluga__signal_is_second(SIGTERM, 1000, SIGINT, 1000));
}

/* Returns whether a process that gets SIGTERM twice at once goes on. */
static bool goes_on_after_two(void)
{
    int status;
    batch_signals before;
    pid_t pid = fork();
    if (!pid) {
        batch_signals_watch(&before);
        raise(SIGTERM);
        raise(SIGTERM);
        _exit(batch_signals_seen() ? 0 : 1);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* On a busy machine a process may be held up between the two signals. */
static void a_signal_that_comes_twice_at_once_is_one(void **state)
{
    (void)state;
    bool went_on = false;
    for (int tries = 0; tries < 20 && !went_on; tries++) went_on = goes_on_after_two();
    assert_true(went_on);
}

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
        cmocka_unit_test(only_the_same_signal_at_almost_the_same_time_is_an_echo),
        cmocka_unit_test(a_signal_that_comes_twice_at_once_is_one),
        IN_FOLDER(an_id_that_comes_again_is_found_in_any_part),
        IN_FOLDER(a_number_is_taken_where_another_line_has_it_as_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
