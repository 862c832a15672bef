/* Modules of beluga batch: how the output is repaired after an interruption, and the progress
 * display. */
#include "batch_parts.h"

#include <string.h>
#include <unistd.h>

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
    /* New results are added after the repaired part. */
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
    RECOVERS(OK(1) OK(2) OK(1), OK(1) OK(2)); /* no line is written twice */
    RECOVERS(OK(1) "{\"line\":10}\n"
                   "{}\n"
                   "[]\n" OK(2),
             OK(1) OK(2)); /* results for lines that the input does not have are dropped */
    RECOVERS(OK(1) "\n\n" OK(2) "\0\0\0", OK(1) "\n\n" OK(2));
}

static int look(batch_output *out, batch_again again)
{
    int rc = batch_output_look(out, path);
    return rc ? rc : batch_output_read(out, 9, again);
}

static void lines_that_failed_are_asked_again_when_that_is_wanted(void **state)
{
    static const char bytes[] = OK(1) BAD(2) OK(3) BAD(4);
    batch_output out;
    (void)state;
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_NONE, bytes);
    recovers(bytes, sizeof bytes - 1, BATCH_AGAIN_FAILED, OK(1) OK(3));
    put_output(bytes, sizeof bytes - 1);
    assert_int_equal(look(&out, BATCH_AGAIN_FAILED), 0);
    assert_output(bytes); /* reading the totals does not change the file */
    for (uint64_t line = 0; line <= 10; line++)
        assert_int_equal(batch_output_has(&out, line), line == 1 || line == 3);
    assert_int_equal(out.totals.done, 2);
    assert_true(out.totals.cost == 1.0);
    assert_int_equal(out.totals.input_tokens, 4);
    assert_int_equal(out.totals.output_tokens, 6);
    batch_output_close(&out);
}

/* Open an output with these lines, and read its totals; the caller closes it. */
static void look_at(batch_output *out, const char *lines)
{
    put_output(lines, strlen(lines));
    assert_int_equal(look(out, BATCH_AGAIN_NONE), 0);
}

static void what_failed_and_took_tokens_has_a_cost_too(void **state)
{
    static const char bytes[] =
        BAD(1) "{\"id\":\"2\",\"line\":2,\"error\":{\"code\":\"incomplete\"},"
               "\"usage\":{\"input_total\":2},\"cost\":null}\n";
    batch_output out;
    (void)state;
    look_at(&out, bytes);
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
    look_at(&out, bytes);
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

/* Answers in a file without a name would be lost without a word. */
static void an_output_that_goes_is_noticed(void **state)
{
    batch_output out;
    char elsewhere[160];
    (void)state;
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
    put_output(OK(1), sizeof(OK(1)) - 1);
    assert_int_equal(batch_output_open(&out, path), 0);
    assert_int_equal(batch_output_sync(&out, true), 0);
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(batch_output_sync(&out, true), -1);
    assert_int_equal(out.error, BATCH_OUTPUT_LOST);
    assert_int_equal(batch_output_complain(&out), CLI_EXIT_OUTPUT);
    put_output(OK(2), sizeof(OK(2)) - 1); /* another file of this name is no better */
    assert_int_equal(batch_output_sync(&out, true), -1);
    batch_output_close(&out);
    assert_int_equal(rename(elsewhere, path), 0);
}

/* Compare these facts with those that are recorded beside the output, which must exist and be
 * complete. Returns the kind of the difference, whose description must be `told`. */
static int difference_to(const batch_facts *facts, const char *told)
{
    batch_difference difference = {.text = ""};
    assert_int_equal(batch_sidecar_compare(path, facts, &difference), 0);
    if (difference.kind) assert_string_equal(difference.text, told);
    return difference.kind;
}

static void what_an_output_belongs_to_is_kept_beside_it(void **state)
{
    batch_facts facts = {{{"input", "1"}, {"model", "a/b"}}, 2};
    batch_difference difference;
    (void)state;
    assert_int_equal(batch_sidecar_write(path, &facts), 0);
    assert_int_equal(difference_to(&facts, ""), BATCH_SAME);
    facts.items[0].value = "2";
    assert_int_equal(difference_to(&facts, "was begun with another input"), BATCH_OTHER_INPUT);
    facts.items[1].value = "a/c";
    assert_int_equal(difference_to(&facts, "was begun with another model (a/b)"), BATCH_OTHER);
    char name[160];
    snprintf(name, sizeof name, "%s.batch", path);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs("{\"version\":1,\"inp", file);
    fclose(file);
    assert_int_equal(batch_sidecar_compare(path, &facts, &difference), CLI_EXIT_USAGE);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(batch_sidecar_compare(path, &facts, &difference), CLI_EXIT_USAGE);
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
    } times[] = {{-259198, "0s"}, {0.2, "0s"},      {59.4, "59s"},
                 {61, "1m 01s"},  {3600, "1h 00m"}, {90000, "1d 01h"}};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_torn_end_is_cut_wherever_it_is_torn),
        IN_FOLDER(what_is_damaged_inside_is_dropped_and_the_rest_kept),
        IN_FOLDER(lines_that_failed_are_asked_again_when_that_is_wanted),
        IN_FOLDER(what_failed_and_took_tokens_has_a_cost_too),
        IN_FOLDER(answers_that_are_not_whole_are_counted_and_asked_again_on_request),
        IN_FOLDER(lines_are_brought_into_order),
        IN_FOLDER(failed_lines_are_collected),
        IN_FOLDER(an_output_is_written_by_one_at_a_time),
        IN_FOLDER(an_output_that_goes_is_noticed),
        IN_FOLDER(what_an_output_belongs_to_is_kept_beside_it),
        cmocka_unit_test(progress_fits_any_width),
        cmocka_unit_test(what_is_not_known_is_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
