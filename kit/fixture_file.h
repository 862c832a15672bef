/* A fixture: a text file that has a case, or a few small ones, and of each its sections.
 * tests/fixtures/README.md has the format. */
#ifndef BELUGA_KIT_FIXTURE_FILE_H
#define BELUGA_KIT_FIXTURE_FILE_H

#include "kit/text.h"

#include <beluga/error.h>

enum {
    CHECK_MAX_PATH = 1024,
    CHECK_MAX_CASES = 128,   /* of a file */
    CHECK_MAX_SECTIONS = 20, /* of a case */
    CHECK_MAX_EXCHANGES = 9  /* of a case: the number behind a section's name */
};
#define CHECK_FIXTURE_ENDING    ".fixture"
#define CHECK_MAX_FIXTURE_BYTES ((size_t)1024 * 1024)

typedef struct check_section {
    char name[24];     /* such as "answer", or "answer 2" */
    check_text text;   /* what it says: line ends and escapes are read already */
    size_t begin, end; /* where it stands in the file */
    bool inherited;    /* it stands in the case that `like` names, and not in this one */
} check_section;

typedef struct check_case {
    char name[96];
    char like[160]; /* the case whose sections stand in for missing ones, or "" */
    size_t line;    /* of `like` */
    size_t end;     /* where the case ends in the file */
    check_section sections[CHECK_MAX_SECTIONS];
    size_t n_sections;
} check_case;

typedef struct check_fixture_file {
    char path[CHECK_MAX_PATH];
    check_text text;
    check_case *cases;
    size_t n_cases;
} check_fixture_file;

/*
 * Read a file of fixtures with what its cases are like.
 *
 * `roots` are folders, ended by NULL; the file is `name` with its ending below the first one that
 * has it, and what a case is like is looked for in the same way. `known` are the names that a
 * section may have, ended by NULL; one that ends with '#' may also have a number, from 2.
 * @return 0; BELUGA_ERROR_NOT_FOUND there is no such file, and `err` names the first place where it
 *         was looked for; BELUGA_ERROR_INVALID_CONFIG with file, line and what to do;
 *         BELUGA_ERROR_NO_MEMORY. Free with check_fixture_file_free in any case.
 */
int check_fixture_file_read(check_fixture_file *file, const char *const *roots, const char *name,
                            const char *const *known, beluga_error *err);
void check_fixture_file_free(check_fixture_file *file);

/* Return a section of a case, or NULL when neither it nor the case that it is like has it. */
const check_section *check_case_section(const check_case *of, const char *name);
/* Return the case of that name, or NULL. A case that is alone has the name of its file. */
const check_case *check_fixture_file_case(const check_fixture_file *file, const char *name);

/*
 * Write the file with another text of a section, which is added where the case has none of its own;
 * every other byte stays. `of` is NULL for a file that is not there yet.
 * @return whether it could be written. The file must be read again after it.
 */
bool check_fixture_file_write(const check_fixture_file *file, const check_case *of,
                              const char *section, const char *text, size_t length);

#endif
