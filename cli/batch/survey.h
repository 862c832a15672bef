/* The first reading of an input, before any call: counts its lines and computes its digest. */
#ifndef BELUGA_CLI_BATCH_SURVEY_H
#define BELUGA_CLI_BATCH_SURVEY_H

#include "batch/digest.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/layout.h"

typedef struct batch_survey {
    uint64_t records, last_line;
    /* the number of lines to send, and the number of the last of them */
    uint64_t wanted, last_wanted;
    char digest[BATCH_DIGEST_TEXT];
    /* lines whose id (or, without an id, line number) is the id of another line */
    batch_lines taken;
} batch_survey;

#define BATCH_REPEATED_ID "an earlier line has the same id"

/* Open an input; "-" is stdin. Since the input is read twice, stdin is copied to an unnamed file
 * beside `out`. Input in gzip or UTF-16 is converted to UTF-8 in such a file, too.
 * @return 0, or an exit code after printing the error. */
int batch_input_open(const char *path, const char *out, int *fd);

/* Return the path of an input, or "stdin". */
const char *batch_input_name(const char *path);

/*
 * Read the input once. Ids are kept in a temporary file beside `out`.
 * @param limit  The number of lines to send; 0: all.
 * @param like   The plan for the lines; its reader and columns are not used.
 * @return 0, or an exit code after printing the error. Free the survey in either case.
 */
int batch_survey_make(batch_survey *survey, const char *path, const char *out, int fd,
                      const batch_layout *layout, const batch_plan *like, uint64_t limit);
/* Read the input again, to compute a digest of each line. @param[out] digests  The digests by line
 * number; owned, release with free. @return 0, or an exit code after printing the error. */
int batch_survey_digests(const batch_survey *survey, const char *path, int fd,
                         const batch_layout *layout, uint64_t **digests);

/* Return whether a line comes after the lines that --limit allows. */
bool batch_survey_is_behind(const batch_survey *survey, uint64_t line);
void batch_survey_free(batch_survey *survey);

#endif
