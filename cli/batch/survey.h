/* A first reading of an input, before anything is asked: how much there is, and which input it is.
 */
#ifndef BELUGA_CLI_BATCH_SURVEY_H
#define BELUGA_CLI_BATCH_SURVEY_H

#include "batch/digest.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/reader.h"

typedef struct batch_survey {
    uint64_t records, last_line;
    char digest[BATCH_DIGEST_TEXT];
    batch_lines repeated; /* whose id an earlier line has */
} batch_survey;

#define BATCH_REPEATED_ID "an earlier line has the same id"

/* Open an input; "-" is stdin, which is kept in a file without a name beside `out`, since it is
 * read twice.
 * @return 0, or an exit code, reported. */
int batch_input_open(const char *path, const char *out, int *fd);

/* Read it through once; ids are kept beside `out` meanwhile.
 * @return 0, or an exit code, reported. Free it in either case. */
int batch_survey_make(batch_survey *survey, const char *path, const char *out, int fd,
                      batch_format format, const batch_template *template);
void batch_survey_free(batch_survey *survey);

#endif
