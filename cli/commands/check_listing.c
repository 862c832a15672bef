#include "commands/check_listing.h"

#include "base/text.h"
#include "commands/command.h"
#include "exit.h"
#include "kit/check.h"
#include "output.h"
#include "report.h"

#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_check(beluga_json_writer *w, const check_description *d)
{
    const char *name;
    beluga_json_begin_object(w, NULL);
    beluga_json_put_string(w, "category", d->category);
    beluga_json_put_string(w, "check", d->name);
    beluga_json_put_string(w, "proves", d->proves);
    beluga_json_begin_array(w, "capabilities");
    for (uint64_t bit = 1; (name = beluga_capability_name(bit)); bit <<= 1)
        if (d->needs & bit) beluga_json_put_string(w, NULL, name);
    beluga_json_end_array(w);
    beluga_json_begin_array(w, "answers");
    for (size_t i = 0; d->answers[i]; i++) beluga_json_put_string(w, NULL, d->answers[i]);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
}

static int print_json(void)
{
    check_description d;
    beluga_json_writer *w = beluga_json_writer_new();
    if (!w) return report_json(NULL);
    beluga_json_begin_object(w, NULL);
    beluga_json_begin_array(w, "checks");
    for (size_t i = 0; check_scenario_describe(i, &d); i++) put_check(w, &d);
    beluga_json_end_array(w);
    beluga_json_end_object(w);
    return report_json(w);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_check(const check_description *d)
{
    enum { FIRST = 20, SECOND = 13, INDENT = 2 + FIRST + 1 + SECOND + 1 };
    char answers[96] = "-";
    const char *first = d->answers[0], *second = d->answers[1];
    if (first)
        snprintf(answers, sizeof answers, "%s%s%s", strcmp(first, d->name) == 0 ? "own" : first,
                 second ? ", " : "", second ? second : "");
    out_printf("  %-*s %-*s ", FIRST, d->name, SECOND, answers);
    out_wrapped(d->proves, INDENT, INDENT);
}

static int print_text(void)
{
    check_description d;
    const char *category = "";
    for (size_t i = 0; check_scenario_describe(i, &d); i++) {
        if (strcmp(category, d.category) != 0) out_printf("%s%s\n", i ? "\n" : "", d.category);
        category = d.category;
        print_check(&d);
    }
    out_printf("\n");
    out_wrapped(
        "Each line has a check, the cases whose answer the check plays, and what the check proves. "
        "A case is a file CASE.fixture or CASE.answer in fixtures/check/; \"own\" is the case that "
        "has the check's name. Where that file is missing, the next case is used instead.",
        0, 0);
    return CLI_EXIT_OK;
}

int check_listing(const cli_args *args)
{
    return args->json ? print_json() : print_text();
}

int check_listing_find(const char *name)
{
    check_description d;
    const char *nearest = NULL;
    unsigned distance = COMMAND_MOST_SLIPS + 1;
    for (size_t i = 0; check_scenario_describe(i, &d); i++) {
        unsigned slips = beluga__text_distance(name, d.name, COMMAND_MOST_SLIPS);
        if (!slips) return 0;
        if (slips >= distance) continue;
        distance = slips;
        nearest = d.name;
    }
    if (nearest)
        return out_usage("there is no check called %.60s: did you mean %s?", name, nearest);
    return out_usage("there is no check called %.60s: --list shows them all", name);
}
