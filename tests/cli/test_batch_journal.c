/* The journal of beluga batch --provider-batch, and its parts: ranges of lines and ids of lines. */
#include "batch_parts.h"
#include "jobs/chunk.h"
#include "jobs/journal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST_LINE ((uint64_t)1000)

/* ---- ranges ---------------------------------------------------------------------------------- */

static void ranges_are_written_and_read(void **state)
{
    static const uint64_t lines[] = {1, 2, 3, 7, 9, 10, 1000000};
    batch_ranges ranges = {0}, again;
    cli_text text = {0};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_equal(batch_ranges_add(&ranges, lines[i]), 0);
    assert_int_equal(batch_ranges_write(&ranges, &text), 0);
    assert_string_equal(text.data, "1-3,7,9-10,1000000");
    assert_int_equal(batch_ranges_parse(&again, text.data), 0);
    assert_int_equal(again.lines, 7);
    for (uint64_t line = 1, at = 0; line < 20; line++) {
        bool is_one = at < 6 && lines[at] == line;
        assert_int_equal(batch_ranges_has(&again, line), is_one);
        at += is_one;
    }
    text_free(&text);
    batch_ranges_free(&ranges);
    batch_ranges_free(&again);
}

static void other_texts_are_no_ranges(void **state)
{
    static const char *const texts[] = {"0",     "-1", "1-",   "2-1",
                                        "1,",    ",1", "1,1",  "3,2",
                                        "1-5,5", "a",  "1 -2", "99999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        batch_ranges ranges;
        assert_int_equal(batch_ranges_parse(&ranges, texts[i]), -1);
        assert_int_equal(errno, EINVAL);
        batch_ranges_free(&ranges);
    }
}

/* ---- ids of lines ---------------------------------------------------------------------------- */

static void only_ids_that_were_written_are_read(void **state)
{
    static const char *const others[] = {"",
                                         "b-",
                                         "b-1",
                                         "b-1-2-3",
                                         "b-01-0000000000000001-0123456789ab",
                                         "b-1-1-0123456789ab",
                                         "b-1-0000000000000001-0123456789abc",
                                         "b-+1-0000000000000001-0123456789ab",
                                         "req-1"};
    batch_job_line_id id = {.line = UINT64_MAX, .digest = UINT64_MAX, .tag = "0123456789ab"}, read;
    char text[BATCH_LINE_ID_BYTES];
    (void)state;
    batch_line_id_write(&id, text);
    assert_string_equal(text, "b-18446744073709551615-ffffffffffffffff-0123456789ab");
    assert_true(batch_line_id_read(text, &read));
    assert_true(read.line == id.line && read.digest == id.digest);
    assert_string_equal(read.tag, id.tag);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(batch_line_id_read(others[i], &read));
    assert_true(batch_job_name_has_tag("beluga-0123456789ab-ffff", id.tag));
    assert_false(batch_job_name_has_tag("beluga-0123456789ac-ffff", id.tag));
    assert_false(batch_job_name_has_tag("other-0123456789ab-ffff", id.tag));
}

/* ---- the journal ----------------------------------------------------------------------------- */

static const char *journal_path(void)
{
    static char name[160];
    snprintf(name, sizeof name, "%s.jobs", path);
    return name;
}

static void intend(batch_journal *j, const char *name, const char *lines)
{
    batch_noted_job job = {
        .model = "openai/any", .bytes = 100, .time = 1700000000, .reserved = 0.5};
    snprintf(job.name, sizeof job.name, "%s", name);
    assert_int_equal(batch_ranges_parse(&job.lines, lines), 0);
    assert_int_equal(batch_journal_intend(j, &job), 0);
    batch_ranges_free(&job.lines);
}

static batch_noted_job *job_of(batch_journal *j, const char *name)
{
    for (size_t i = 0; i < j->count; i++)
        if (strcmp(j->jobs[i].name, name) == 0) return &j->jobs[i];
    fail_msg("no job %s", name);
    return NULL;
}

static void collect_again(batch_journal *j, const char *name, const char *lines)
{
    batch_ranges again;
    assert_int_equal(batch_ranges_parse(&again, lines), 0);
    assert_int_equal(batch_journal_collected(j, job_of(j, name), &again), 0);
    batch_ranges_free(&again);
}

/* Write a journal with four jobs: it is not known whether "a" was created, "b" is open, "c" is
 * collected, "d" was refused. */
static void write_journal(void)
{
    batch_journal j;
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), 0);
    intend(&j, "a", "1-10");
    assert_int_equal(batch_journal_looked(&j, job_of(&j, "a"), 12345), 0);
    assert_int_equal(batch_journal_other(&j, job_of(&j, "a"), "batch_other"), 0);
    intend(&j, "b", "11-20,25");
    assert_int_equal(batch_journal_created(&j, job_of(&j, "b"), "batch_b"), 0);
    intend(&j, "c", "30-40");
    assert_int_equal(batch_journal_created(&j, job_of(&j, "c"), "batch_c"), 0);
    collect_again(&j, "c", "31,33");
    intend(&j, "d", "50");
    assert_int_equal(batch_journal_refused(&j, job_of(&j, "d")), 0);
    batch_journal_free(&j);
}

static void assert_written(const batch_journal *j)
{
    uint64_t lines;
    assert_int_equal(j->count, 4);
    assert_int_equal(batch_journal_open_jobs(j, &lines), 2);
    assert_int_equal(lines, 21);
    assert_true(batch_journal_has(j, 1) && batch_journal_has(j, 25));
    assert_false(batch_journal_has(j, 24) || batch_journal_has(j, 30) || batch_journal_has(j, 50));
    assert_true(batch_journal_reserved(j) == 1);
    assert_int_equal(batch_journal_tries(j, 31), 1);
    assert_int_equal(batch_journal_tries(j, 32), 0);
    assert_true(batch_journal_knows(j, "batch_c"));
    assert_false(batch_journal_knows(j, "batch_d"));
    assert_int_equal(j->jobs[0].phase, BATCH_JOB_UNSURE);
    assert_int_equal(j->jobs[0].looked_ms, 12345);
    assert_non_null(strstr(j->jobs[0].others.data, "\nbatch_other\n"));
    assert_int_equal(j->jobs[1].phase, BATCH_JOB_OPEN);
    assert_string_equal(j->jobs[1].id, "batch_b");
    assert_string_equal(j->jobs[1].model, "openai/any");
    assert_int_equal(j->jobs[2].phase, BATCH_JOB_FILES);
    assert_int_equal(j->jobs[3].phase, BATCH_JOB_FILES);
}

static void what_is_written_is_read(void **state)
{
    batch_journal j;
    struct stat info;
    (void)state;
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, false), 0);
    assert_int_equal(j.count, 0);
    batch_journal_free(&j);
    assert_int_equal(access(journal_path(), F_OK), -1);
    write_journal();
    assert_int_equal(stat(journal_path(), &info), 0);
    assert_int_equal(info.st_mode & 077, 0);
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), 0);
    assert_written(&j);
    batch_journal_remove(&j, "openai/any"); /* this keeps the journal, since jobs are still open */
    assert_int_equal(access(journal_path(), F_OK), 0);
    assert_int_equal(batch_journal_lost(&j, job_of(&j, "a")), 0);
    collect_again(&j, "b", "");
    assert_int_equal(batch_journal_deleted(&j, job_of(&j, "b"), false), 0);
    assert_int_equal(batch_journal_retry(&j), 0);
    assert_int_equal(batch_journal_tries(&j, 31), 0);
    assert_int_equal(batch_journal_deleted(&j, job_of(&j, "a"), false), 0);
    assert_int_equal(batch_journal_deleted(&j, job_of(&j, "d"), false), 0);
    /* this keeps the journal, since files of "c" are still at the provider */
    batch_journal_remove(&j, "openai/any");
    assert_int_equal(access(journal_path(), F_OK), 0);
    assert_int_equal(batch_journal_deleted(&j, job_of(&j, "c"), true), 0);
    batch_journal_remove(&j, "openai/any");
    assert_int_equal(access(journal_path(), F_OK), -1);
    batch_journal_free(&j);
}

static long read_whole(char *bytes, size_t size)
{
    FILE *file = fopen(journal_path(), "r");
    size_t n = fread(bytes, 1, size - 1, file);
    fclose(file);
    bytes[n] = '\0';
    return (long)n;
}

static void write_whole(const char *bytes, size_t n)
{
    FILE *file = fopen(journal_path(), "w");
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* A kill may cut the last line at any byte. The lines before it are valid, and writing continues
 * after them. */
static void a_torn_last_line_is_dropped(void **state)
{
    char whole[8192];
    (void)state;
    write_journal();
    long n = read_whole(whole, sizeof whole), last = n - 1;
    while (whole[last - 1] != '\n') last--;
    for (long cut = last + 1; cut < n; cut += 7) {
        batch_journal j;
        uint64_t lines;
        write_whole(whole, (size_t)cut);
        assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), 0);
        /* The line that says that "d" was refused is incomplete, so the job counts as open. */
        assert_int_equal(batch_journal_open_jobs(&j, &lines), 3);
        assert_int_equal(batch_journal_refused(&j, job_of(&j, "d")), 0);
        batch_journal_free(&j);
        assert_int_equal(batch_journal_open(&j, path, LAST_LINE, false), 0);
        assert_written(&j);
        batch_journal_free(&j);
    }
}

/* Even one wrong bit may change an entry about a job that is paid for. */
static void a_damaged_line_stops_the_run(void **state)
{
    char whole[8192];
    (void)state;
    write_journal();
    long n = read_whole(whole, sizeof whole);
    for (long at = 0; at < n; at += 13) {
        batch_journal j;
        if (whole[at] == '\n') continue;
        whole[at] ^= 1;
        write_whole(whole, (size_t)n);
        whole[at] ^= 1;
        assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), CLI_EXIT_USAGE);
        batch_journal_free(&j);
    }
    /* The journal without its first line is refused, too. */
    char *second = strchr(whole, '\n') + 1;
    write_whole(second, (size_t)(whole + n - second));
    batch_journal j;
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), CLI_EXIT_USAGE);
    batch_journal_free(&j);
}

static void sign_and_write(const char *members)
{
    char line[512];
    uint64_t digest[2];
    batch_digest_short(members, strlen(members), digest);
    int n = snprintf(line, sizeof line, "%s,\"sum\":\"%016llx\"}\n", members,
                     (unsigned long long)digest[0]);
    write_whole(line, (size_t)n);
}

static void another_version_is_refused(void **state)
{
    static const char *const begins[] = {"{\"event\":\"begin\",\"version\":2",
                                         "{\"event\":\"begin\"",
                                         "{\"event\":\"later\",\"version\":1"};
    batch_journal j;
    (void)state;
    sign_and_write("{\"event\":\"begin\",\"version\":1");
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), 0);
    batch_journal_free(&j);
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        sign_and_write(begins[i]);
        assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), CLI_EXIT_USAGE);
        batch_journal_free(&j);
    }
}

static void a_link_in_its_place_is_left_alone(void **state)
{
    batch_journal j;
    char target[160];
    (void)state;
    snprintf(target, sizeof target, "%s/elsewhere", folder);
    assert_int_equal(symlink(target, journal_path()), 0);
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), CLI_EXIT_OUTPUT);
    batch_journal_free(&j);
    assert_int_equal(access(target, F_OK), -1);
}

static void an_id_that_is_too_long_is_an_error(void **state)
{
    batch_journal j;
    char id[BATCH_JOB_ID_BYTES + 1];
    (void)state;
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), 0);
    intend(&j, "a", "1");
    assert_int_equal(batch_journal_created(&j, job_of(&j, "a"), id), -1);
    assert_int_equal(j.error, EOVERFLOW);
    batch_journal_free(&j);
    assert_int_equal(batch_journal_open(&j, path, LAST_LINE, true), 0);
    assert_int_equal(j.jobs[0].phase, BATCH_JOB_UNSURE);
    batch_journal_free(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_written_and_read),
        cmocka_unit_test(other_texts_are_no_ranges),
        cmocka_unit_test(only_ids_that_were_written_are_read),
        IN_FOLDER(what_is_written_is_read),
        IN_FOLDER(a_torn_last_line_is_dropped),
        IN_FOLDER(a_damaged_line_stops_the_run),
        IN_FOLDER(another_version_is_refused),
        IN_FOLDER(a_link_in_its_place_is_left_alone),
        IN_FOLDER(an_id_that_is_too_long_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
