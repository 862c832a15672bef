/*
 * Reads a section that the library keeps for the command (beluga_config_section): finds the section
 * in each file, and reads maps by a table of their members. Each mistake is reported with its
 * place.
 */
#ifndef BELUGA_CLI_SECTION_H
#define BELUGA_CLI_SECTION_H

#include <beluga/config.h>
#include <beluga/error.h>
#include <beluga/provider/json.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define SECTION_POINTER_BYTES 512
#define SECTION_PLACE_BYTES   (PATH_MAX + 32)

/* ---- the sections of the files --------------------------------------------------------------- */

/* The section of one file, parsed. Begin with section_begin. */
typedef struct section {
    const beluga_config *config;
    const char *name;
    size_t index;
    beluga_json_doc *doc;
    const beluga_json *root;
    int status;            /* NO_MEMORY: there may be more sections, which could not be read */
    char folder[PATH_MAX]; /* absolute folder of the file */
} section;

section section_begin(const beluga_config *config, const char *name);
/* Move to the section of the next file. @return false after the last one, with nothing to free. */
bool section_next(section *s);
/* Write "path:line:column" of a value, or of its name. */
void section_place(const section *s, const char *pointer, bool of_name, char *text, size_t size);

/* ---- reporting mistakes ---------------------------------------------------------------------- */

/* Receives a mistake: its place as a JSON Pointer into the section, whether the name (`of_name`) or
 * the value is wrong, and a message, borrowed for the call. */
typedef void (*section_fault_fn)(void *payload, const char *pointer, bool of_name,
                                 const char *message);

/* Turns the first mistake of a section into an error. */
typedef struct section_first {
    const section *at;
    beluga_error *err;
    bool found;
} section_first;
void section_keep_first(void *payload, const char *pointer, bool of_name, const char *message);

/* Adds all mistakes of a section, and not only the first, to the report of
 * beluga_config_check_sections. */
typedef struct section_reports {
    const char *name;
    beluga_config_checking *checking;
} section_reports;
void section_report(void *payload, const char *pointer, bool of_name, const char *message);

/* ---- maps ------------------------------------------------------------------------------------ */

typedef struct section_reader section_reader;
typedef struct section_member {
    const char *name;
    void (*read)(section_reader *r, const char *member, const beluga_json *value);
} section_member;

/* The state while a map and the maps inside it are read. */
struct section_reader {
    void *out; /* receives the values of members */
    beluga_json_doc *doc;
    const char *folder; /* folder of the file; relative paths begin there */
    section_fault_fn fault;
    void *payload; /* payload of `fault` */
    char pointer[SECTION_POINTER_BYTES];
    int status; /* INVALID_CONFIG after a mistake; NO_MEMORY ends the reading */
};

/* Report a mistake. `member` is one or more steps of a JSON Pointer, below the current map; "": the
 * map itself. */
void section_fault(section_reader *r, const char *member, bool of_name, const char *format, ...)
    BELUGA_PRINTF(4, 5);
/* Enter a member, or an item of a list. @return the value that section_leave needs to go back. */
size_t section_enter(section_reader *r, const char *step);
size_t section_enter_item(section_reader *r, size_t index);
void section_leave(section_reader *r, size_t mark);

/* Read each member of a map as the table `members` says, and report unknown members. `what` names
 * the map in messages, such as "a tool". */
void section_read(section_reader *r, const char *what, const section_member *members, size_t n,
                  const beluga_json *map);

/* Each of these functions reads a value, or reports what is wrong with it. */

/* @return a text without NUL bytes, borrowed from the document; NULL after a mistake. */
const char *section_text(section_reader *r, const char *member, const beluga_json *value);
/* @return the time in ms, from 1 to `max_ms`; -1 after a mistake. A number alone is seconds. */
int64_t section_time(section_reader *r, const char *member, const beluga_json *value,
                     int64_t max_ms);
/* @return a number of bytes from 1 to `max`; 0 after a mistake. */
size_t section_size(section_reader *r, const char *member, const beluga_json *value, size_t max);
/* @return false after a mistake; otherwise `out` receives the value. */
bool section_bool(section_reader *r, const char *member, const beluga_json *value, bool *out);
/* @return a whole number from 1 to `max`; 0 after a mistake. */
int64_t section_count(section_reader *r, const char *member, const beluga_json *value, int64_t max);
/* @return the index of one of n words; -1 after a mistake. */
int section_word(section_reader *r, const char *member, const beluga_json *value,
                 const char *const *words, size_t n);
/* Write a path as an absolute path; a relative path begins at the file's folder. @return as
 * snprintf. */
size_t section_path(const section_reader *r, const char *path, char whole[PATH_MAX]);

#endif
