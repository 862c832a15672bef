#include "config/problems.h"

#include "base/limits.h"
#include "base/line.h"
#include "base/secret_memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int beluga__config_fault(beluga_error *err, int code, const char *path, int line, int column,
                         const char *format, ...)
{
    char text[sizeof err->message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return beluga_error_set(err, code, "%s:%d:%d: %s", path, line, column, text);
}

void beluga__config_problems_init(beluga__config_problems *problems, const char *path)
{
    *problems = (beluga__config_problems){.path = path, .end = &problems->first};
    beluga__arena_init(&problems->arena, beluga__secret_allocator(), NULL, 0,
                       64 * BELUGA__MAX_CONFIG_BYTES);
}

void beluga__config_problems_free(beluga__config_problems *problems)
{
    beluga__arena_free(&problems->arena);
}

static bool is_there(const beluga__config_problems *problems, int line, int column,
                     const char *text)
{
    for (const beluga__noted_problem *p = problems->first; p; p = p->next)
        if (p->problem.line == line && p->problem.column == column &&
            strcmp(p->problem.message, text) == 0)
            return true;
    return false;
}

static void keep(beluga__config_problems *problems, beluga_severity severity, int line, int column,
                 const char *text)
{
    beluga__noted_problem *p = beluga__arena_zalloc(&problems->arena, sizeof *p);
    const char *message = beluga__arena_copy(&problems->arena, text, strlen(text));
    if (!p || !message) {
        problems->status = BELUGA_ERROR_NO_MEMORY;
        return;
    }
    p->problem =
        (beluga_config_problem){sizeof p->problem, severity, line, column, problems->path, message};
    *problems->end = p;
    problems->end = &p->next;
    p->index = problems->count++;
}

void beluga__config_note(beluga__config_problems *problems, beluga_severity severity, int line,
                         int column, const char *format, ...)
{
    char said[2 * sizeof((beluga_error *)0)->message] = "", text[sizeof said / 2];
    va_list args;
    va_start(args, format);
    vsnprintf(said, sizeof said, format, args);
    va_end(args);
    beluga__line(text, sizeof text, said, strlen(said), BELUGA__BREAKS_ESCAPED);
    if (is_there(problems, line, column, text)) return;
    if (severity == BELUGA_SEVERITY_ERROR) problems->n_errors++;
    if (problems->count < BELUGA__MAX_CONFIG_PROBLEMS)
        keep(problems, severity, line, column, text);
    else
        problems->left_out++;
}

static int compare(const void *a, const void *b)
{
    const beluga__noted_problem *x = *(beluga__noted_problem *const *)a;
    const beluga__noted_problem *y = *(beluga__noted_problem *const *)b;
    if (x->problem.line != y->problem.line) return x->problem.line < y->problem.line ? -1 : 1;
    if (x->problem.column != y->problem.column)
        return x->problem.column < y->problem.column ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* Problems are sorted here, since they were found in several passes over the file. */
void beluga__config_problems_tell(beluga__config_problems *problems, beluga_config_problem_fn tell,
                                  void *payload)
{
    size_t n = 0;
    beluga__noted_problem **sorted =
        beluga__arena_alloc(&problems->arena, (problems->count + 1) * sizeof *sorted);
    if (!sorted) {
        problems->status = BELUGA_ERROR_NO_MEMORY;
        return;
    }
    for (beluga__noted_problem *p = problems->first; p; p = p->next) sorted[n++] = p;
    qsort(sorted, n, sizeof *sorted, compare);
    for (size_t i = 0; i < n; i++) tell(payload, &sorted[i]->problem);
    if (!problems->left_out) return;
    char text[80];
    beluga_config_problem last = sorted[n - 1]->problem;
    snprintf(text, sizeof text, "and %zu more problems, which are not listed", problems->left_out);
    last.severity = problems->n_errors ? BELUGA_SEVERITY_ERROR : BELUGA_SEVERITY_WARNING;
    last.message = text;
    tell(payload, &last);
}
