/* Recorded traffic as files: a folder a case, read by the suites of the providers. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { FIXTURE_CASES = 256 };

/* The cases of a folder below tests/fixtures that have a file of this name, sorted. */
typedef struct fixture_list {
    char paths[FIXTURE_CASES][256]; /* of the case's folder */
    size_t count;
} fixture_list;

void fixture_find(fixture_list *list, const char *folder, const char *file);
/* Returns a file of a case, to be freed; NULL when it is not there. */
char *fixture_read(const char *path, const char *file, size_t *length);
/* Returns the last part of a case's path. */
const char *fixture_name(const char *path);
/* Compare with a file of the case. With BELUGA_UPDATE_FIXTURES set, write it instead. */
void fixture_assert(const char *path, const char *file, const char *actual);

#endif
