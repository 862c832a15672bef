/* The first reading of an input, before any call: counts its lines and computes its digest. */
#ifndef BELUGA_CLI_BATCH_SURVEY_H
#define BELUGA_CLI_BATCH_SURVEY_H

#include "batch/digest.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/layout.h"

typedef struct batch_survey {
    uint64_t records, last_line;
    uint64_t wanted, last_wanted; /* the first lines that are asked, and the last of them */
    char digest[BATCH_DIGEST_TEXT];
    batch_lines taken; /* lines whose id, or number in its place, another line has */
} batch_survey;

#define BATCH_REPEATED_ID "an earlier line has the same id"

/* Open an input; "-" is stdin. Since the input is read twice, stdin is copied to a file without a
 * name beside `out`; what is compressed by gzip or written as UTF-16 becomes UTF-8 in such a file.
 * @return 0, or an exit code, reported. */
int batch_input_open(const char *path, const char *out, int *fd);

/* Say in the user's words what an input's path is. */
const char *batch_input_name(const char *path);

/*
 * Read the input once; ids are kept in a file beside `out` meanwhile.
 * @param limit  How many lines are asked; 0: all.
 * @param like  What the lines ask; its reader and columns are not looked at.
 * @return 0, or an exit code, reported. Free the survey in either case.
 */
int batch_survey_make(batch_survey *survey, const char *path, const char *out, int fd,
                      const batch_layout *layout, const batch_plan *like, uint64_t limit);
/* Read the input once more for the digests of its lines, by their numbers. @param[out] digests
 * Owned (free). @return 0, or an exit code, reported. */
int batch_survey_digests(const batch_survey *survey, const char *path, int fd,
                         const batch_layout *layout, uint64_t **digests);

/* Return whether a line lies behind --limit. */
bool batch_survey_is_behind(const batch_survey *survey, uint64_t line);
void batch_survey_free(batch_survey *survey);

#endif
