/* A fixture: a text file with one case, or with several small ones, and the sections of each.
 * tests/fixtures/README.md describes the format. */
#ifndef BELUGA_KIT_FIXTURE_FILE_H
#define BELUGA_KIT_FIXTURE_FILE_H

#include "kit/text.h"

#include <beluga/error.h>

enum {
    CHECK_MAX_PATH = 1024,
    CHECK_MAX_CASES = 128,   /* cases of a file */
    CHECK_MAX_SECTIONS = 20, /* sections of a case */
    CHECK_MAX_EXCHANGES = 9  /* largest number after a section's name */
};
#define CHECK_FIXTURE_ENDING    ".fixture"
#define CHECK_MAX_FIXTURE_BYTES ((size_t)1024 * 1024)

typedef struct check_section {
    char name[24];     /* name such as "answer", or "answer 2" */
    check_text text;   /* its content, with line ends and escapes resolved */
    size_t begin, end; /* bounds of the section in the file */
    size_t line;       /* number of the line with its name */
    bool inherited;    /* the section belongs to the case that `like` names, not to this one */
} check_section;

typedef struct check_case {
    char name[96];
    char like[160]; /* the case whose sections replace missing ones, or "" */
    size_t line;    /* number of the line with `like` */
    size_t end;     /* end of the case in the file */
    check_section sections[CHECK_MAX_SECTIONS];
    size_t n_sections;
} check_case;

typedef struct check_fixture_file {
    char path[CHECK_MAX_PATH];
    check_text text;
    check_case *cases;
    size_t n_cases;
} check_fixture_file;

/* Read a file of fixtures, and the cases that its cases refer to by `like`.
 *
 * `roots` are folders, ended by NULL. The file is `name` with its ending, below the first folder
 * that has it; cases of `like` are searched for in the same way. `known` lists the names that a
 * section may have, ended by NULL; a name that ends with '#' may have a number, from 2.
 * @return 0; BELUGA_ERROR_NOT_FOUND if there is no such file (`err` then names the first path that
 * was tried); BELUGA_ERROR_INVALID_CONFIG with file, line and what to do; BELUGA_ERROR_NO_MEMORY.
 * Free with check_fixture_file_free in any case. */
int check_fixture_file_read(check_fixture_file *file, const char *const *roots, const char *name,
                            const char *const *known, beluga_error *err);
void check_fixture_file_free(check_fixture_file *file);

/* Return a section of a case, or of the case that its `like` names; NULL if neither has the
 * section. */
const check_section *check_case_section(const check_case *of, const char *name);
/* Return the case with this name, or NULL. The only case of a file has the file's name. */
const check_case *check_fixture_file_case(const check_fixture_file *file, const char *name);

/* Replace the text of a section and write the file; a section that the case lacks is added. All
 * other bytes stay. `of` is NULL for a file that does not exist yet.
 * @return whether the file was written. It must be read again afterwards. */
bool check_fixture_file_write(const check_fixture_file *file, const check_case *of,
                              const char *section, const char *text, size_t length);

#endif
