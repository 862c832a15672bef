/* The first reading of an input, before any call: counts its lines and computes its digest. */
#ifndef BELUGA_CLI_BATCH_SURVEY_H
#define BELUGA_CLI_BATCH_SURVEY_H

#include "batch/digest.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/reader.h"

typedef struct batch_survey {
    uint64_t records, last_line;
    char digest[BATCH_DIGEST_TEXT];
    batch_lines taken; /* lines whose id, or number in its place, another line has */
} batch_survey;

#define BATCH_REPEATED_ID "an earlier line has the same id"

/* Open an input; "-" is stdin. Since the input is read twice, stdin is copied to a file without a
 * name beside `out`. @return 0, or an exit code, reported. */
int batch_input_open(const char *path, const char *out, int *fd);

/* Read the input once; ids are kept in a file beside `out` meanwhile. @return 0, or an exit code,
 * reported. Free the survey in either case. */
int batch_survey_make(batch_survey *survey, const char *path, const char *out, int fd,
                      batch_format format, const batch_template *template);
void batch_survey_free(batch_survey *survey);

#endif
