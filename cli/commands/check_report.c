#include "commands/check_report.h"

#include "exit.h"
#include "output.h"
#include "report.h"
#include "terminal/term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const status_names[] = {
    [CHECK_PASSED] = "passed",   [CHECK_FAILED] = "failed",     [CHECK_SKIPPED] = "skipped",
    [CHECK_WRITTEN] = "written", [CHECK_MEASURED] = "measured", [CHECK_NOTED] = "noted"};

static void count(check_tally *tally, check_status status)
{
    tally->passed += status == CHECK_PASSED || status == CHECK_NOTED;
    tally->failed += status == CHECK_FAILED;
    tally->skipped += status == CHECK_SKIPPED;
    tally->written += status == CHECK_WRITTEN;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_result(beluga_json_writer *w, const check_result *result)
{
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "provider", result->provider);
    beluga_json_put_string(w, "category", result->category);
    beluga_json_put_string(w, "check", result->scenario);
    beluga_json_put_string(w, "proves", result->proves);
    beluga_json_put_string(w, "status", status_names[result->status]);
    if (result->status == CHECK_FAILED) beluga_json_put_string(w, "difference", result->detail);
    if (result->status == CHECK_SKIPPED) beluga_json_put_string(w, "reason", result->detail);
    if (result->status == CHECK_WRITTEN) beluga_json_put_string(w, "changes", result->detail);
    if (result->status == CHECK_NOTED) beluga_json_put_string(w, "note", result->detail);
    if (result->status == CHECK_MEASURED) {
        beluga_json_put_double(w, "ns_per_op", result->measure.nanoseconds);
        beluga_json_put_double(w, "bytes_per_op", result->measure.bytes);
        beluga_json_put_double(w, "allocations_per_op", result->measure.allocations);
    }
    beluga_json_end_object(w);
}

static int end_json(check_report *r)
{
    beluga_json_writer *w = r->w;
    beluga_json_end_array(w);
    beluga_json_put_int(w, "passed", (int64_t)r->all.passed);
    beluga_json_put_int(w, "failed", (int64_t)r->all.failed);
    beluga_json_put_int(w, "skipped", (int64_t)r->all.skipped);
    if (r->args->update) beluga_json_put_int(w, "written", (int64_t)r->all.written);
    if (r->error.code)
        report_put_error(w, "error", &r->error);
    else
        beluga_json_put_null(w, "error");
    beluga_json_end_object(w);
    r->w = NULL;
    return report_json(w);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_styled(term_look style, const char *text)
{
    out_style(style);
    out_name(text);
    out_style(TERM_PLAIN);
}

/* Returns whether a text can be printed unchanged; otherwise control characters are shown as
 * escapes. */
static bool is_plain(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] >= 0x7f) return false;
    return true;
}

/* Print a text with each line wrapped. A line that seems to be received bytes and not a sentence is
 * printed unchanged. */
static void print_wrapped(const char *text)
{
    char line[CHECK_REPORT_BYTES];
    while (*text) {
        size_t n = strcspn(text, "\n");
        out_printf("        ");
        if (n < sizeof line && !strchr("{\"", *text) && is_plain(text, n)) {
            memcpy(line, text, n);
            line[n] = '\0';
            out_wrapped(line, 8, 10);
        } else {
            out_text(text, n);
            out_printf("\n");
        }
        text += n + (text[n] == '\n');
    }
}

static void print_counts(const check_report *r)
{
    const check_tally *tally = &r->category;
    char failed[32];
    out_printf("%4zu passed", tally->passed);
    snprintf(failed, sizeof failed, ", %zu failed", tally->failed);
    if (tally->failed) print_styled(TERM_RED, failed);
    if (tally->skipped) out_printf(", %zu skipped", tally->skipped);
    if (tally->written) out_printf(", %zu written", tally->written);
    out_printf("\n");
}

static void print_words(const char *mark, term_look style, const check_result *result)
{
    out_printf("  ");
    print_styled(style, mark);
    out_printf("  %-20s ", result->scenario);
    out_wrapped(result->proves, 29, 29);
}

static void print_measure(const check_result *result)
{
    const check_measure *m = &result->measure;
    out_printf("  %-28s %12.0f %11.0f %11.1f\n", result->proves, m->nanoseconds, m->bytes,
               m->allocations);
}

/* Print the removed and added lines as in a patch, with styles, and the other lines as text. */
static void print_changes(const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        out_printf("        ");
        out_style(*text == '+' ? TERM_GREEN : *text == '-' ? TERM_RED : TERM_PLAIN);
        out_text(text, n);
        out_style(TERM_PLAIN);
        out_printf("\n");
        text += n + (text[n] == '\n');
    }
}

static void print_line(const check_report *r, const check_result *result)
{
    if (result->status == CHECK_MEASURED) {
        print_measure(result);
    } else if (result->status == CHECK_FAILED) {
        print_words("FAIL", TERM_RED, result);
        print_wrapped(result->detail);
    } else if (result->status == CHECK_WRITTEN) {
        print_words("new ", TERM_BOLD, result);
        print_changes(result->detail);
    } else if (result->status == CHECK_NOTED) {
        print_words("note", TERM_PLAIN, result);
        print_wrapped(result->detail);
    } else if (r->args->verbose && result->status == CHECK_SKIPPED) {
        print_words("skip", TERM_DIM, result);
        print_wrapped(result->detail);
    } else if (r->args->verbose) {
        print_words("ok  ", TERM_PLAIN, result);
    }
}

static bool is_measured(const check_report *r)
{
    return r->n_lines && r->lines[0].result.status == CHECK_MEASURED;
}

static void end_category(check_report *r)
{
    if (!*r->name) return;
    out_printf("%-16s", r->name);
    if (is_measured(r))
        out_printf("%15s %12s %11s %11s\n", "", "ns/op", "B/op", "allocs/op");
    else
        print_counts(r);
    for (size_t i = 0; i < r->n_lines; i++) {
        print_line(r, &r->lines[i].result);
        free(r->lines[i].words);
    }
    out_flush();
    r->n_lines = 0;
    r->category = (check_tally){0};
    *r->name = '\0';
}

/* Copy a result, including the texts that it borrows. */
static bool copy_line(check_line *line, const check_result *result)
{
    size_t scenario = strlen(result->scenario) + 1, proves = strlen(result->proves) + 1;
    size_t detail = strlen(result->detail) + 1;
    line->result = *result;
    line->words = malloc(scenario + proves + detail);
    if (!line->words) return false;
    line->result.scenario = memcpy(line->words, result->scenario, scenario);
    line->result.proves = memcpy(line->words + scenario, result->proves, proves);
    line->result.detail = memcpy(line->words + scenario + proves, result->detail, detail);
    return true;
}

static void begin_provider(check_report *r, const char *provider)
{
    end_category(r);
    if (*r->provider) out_printf("\n");
    snprintf(r->provider, sizeof r->provider, "%s", provider);
    print_styled(TERM_BOLD, provider);
    out_printf("\n");
}

static void add_line(check_report *r, const check_result *result)
{
    if (strcmp(r->provider, result->provider) != 0) begin_provider(r, result->provider);
    if (strcmp(r->name, result->category) != 0 || r->n_lines == CHECK_REPORT_LINES) {
        end_category(r);
        snprintf(r->name, sizeof r->name, "%s", result->category);
    }
    count(&r->category, result->status);
    if (copy_line(&r->lines[r->n_lines], result))
        r->n_lines++;
    else
        print_line(r, result);
}

static void print_advice(const check_report *r)
{
    if (!r->all.written) {
        if (!r->all.failed)
            out_printf("Nothing was written: the cases already match what the provider sent and "
                       "received.\n");
        return;
    }
    out_printf("\n");
    out_wrapped(
        "Read the written cases before you keep them: they show what your provider does today, "
        "which may not be right. Is each text whole? Does the finish event have the reason that "
        "the answer gives? Are the usage counts the same as in the answer, with -1 only where the "
        "answer has no count? Does the request contain everything that was asked for?",
        0, 0);
}

static void end_text(check_report *r)
{
    end_category(r);
    if (*r->provider) out_printf("\n");
    out_printf("%zu passed, ", r->all.passed);
    char failed[32];
    snprintf(failed, sizeof failed, "%zu failed", r->all.failed);
    print_styled(r->all.failed ? TERM_RED : TERM_PLAIN, failed);
    out_printf(", %zu skipped%s", r->all.skipped,
               r->all.skipped && !r->args->verbose ? " (-v shows why)" : "");
    if (r->all.written) out_printf(", %zu written", r->all.written);
    out_printf("\n");
    if (r->args->update) print_advice(r);
}

/* ---- text and JSON --------------------------------------------------------------------------- */

int check_report_begin(check_report *r, const cli_args *args)
{
    *r = (check_report){.args = args};
    if (!args->json) return 0;
    r->w = beluga_json_writer_new();
    if (!r->w) return report_json(NULL);
    beluga_json_begin_object(r->w, NULL);
    beluga_json_begin_array(r->w, "checks");
    return 0;
}

void check_report_tell(void *payload, const check_result *result)
{
    check_report *r = payload;
    count(&r->all, result->status);
    if (r->w)
        put_result(r->w, result);
    else
        add_line(r, result);
}

/* Report an error that belongs to no check, such as a crash between checks. Failed checks were
 * reported already. */
void check_report_end_operand(check_report *r, int code, const beluga_error *err)
{
    const cli_args to_stderr = {0};
    if (!code || (code == BELUGA_ERROR_INVALID_RESPONSE && r->all.failed)) return;
    if (!r->w) end_category(r);
    report_error(&to_stderr, err, NULL);
    if (!r->error.code) r->error = *err;
}

int check_report_end(check_report *r)
{
    int rc = 0;
    if (r->w)
        rc = end_json(r);
    else
        end_text(r);
    if (rc) return rc;
    if (r->error.code) return exit_from_error(r->error.code);
    return r->all.failed ? CLI_EXIT_OTHER : CLI_EXIT_OK;
}
