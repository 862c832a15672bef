/* Recorded traffic in files, which the suites of the providers read. tests/fixtures/README.md
 * describes the format. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { FIXTURE_CASES = 384 };

typedef struct fixture {
    char file[128]; /* path below tests/fixtures, without its ending */
    char name[96];  /* name of the case */
} fixture;

/* The cases of a folder below tests/fixtures, ordered by file and position. The cases in its
 * subfolder check/ are left out. */
typedef struct fixture_list {
    fixture cases[FIXTURE_CASES];
    size_t count;
} fixture_list;

void fixture_find(fixture_list *list, const char *folder);
/* Returns a section of a case, which the caller frees; NULL if the case has no section of that
 * name. */
char *fixture_read(const fixture *of, const char *section, size_t *length);
/* Compare `actual` with a section of the case. With BELUGA_UPDATE_FIXTURES set, a section that
 * differs is rewritten. */
void fixture_assert(const fixture *of, const char *section, const char *actual);

#endif
