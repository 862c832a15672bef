/* The first reading of an input, before any call: counts its lines and computes its digest. */
#ifndef BELUGA_CLI_BATCH_SURVEY_H
#define BELUGA_CLI_BATCH_SURVEY_H

#include "batch/digest.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/layout.h"

typedef struct batch_survey {
    uint64_t records, last_line;
    uint64_t wanted, last_wanted; /* the number of lines to ask, and the last one of them */
    char digest[BATCH_DIGEST_TEXT];
    batch_lines taken; /* lines whose id, or number if they have no id, is the id of another line */
} batch_survey;

#define BATCH_REPEATED_ID "an earlier line has the same id"

/* Open an input; "-" is stdin. Since the input is read twice, stdin is copied to an unnamed file
 * beside `out`. Input in gzip or UTF-16 is converted to UTF-8 in such a file, too.
 * @return 0, or an exit code, reported. */
int batch_input_open(const char *path, const char *out, int *fd);

/* Return the path of an input, or "stdin". */
const char *batch_input_name(const char *path);

/*
 * Read the input once. Meanwhile ids are kept in a file beside `out`.
 * @param limit  The number of lines to ask; 0: all.
 * @param like   The plan for the lines; its reader and columns are not used.
 * @return 0, or an exit code, reported. Free the survey in either case.
 */
int batch_survey_make(batch_survey *survey, const char *path, const char *out, int fd,
                      const batch_layout *layout, const batch_plan *like, uint64_t limit);
/* Read the input again, to compute a digest of each line. @param[out] digests  Owned (free), by
 * line number. @return 0, or an exit code, reported. */
int batch_survey_digests(const batch_survey *survey, const char *path, int fd,
                         const batch_layout *layout, uint64_t **digests);

/* Return whether --limit excludes a line. */
bool batch_survey_is_behind(const batch_survey *survey, uint64_t line);
void batch_survey_free(batch_survey *survey);

#endif
