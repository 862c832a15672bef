/* The file OUT.batch beside an output, which records the input and settings of the run. */
#ifndef BELUGA_CLI_BATCH_SIDECAR_H
#define BELUGA_CLI_BATCH_SIDECAR_H

#include <beluga/provider/json.h>

#include <stdbool.h>
#include <stddef.h>

#define BATCH_MAX_FACTS 12

typedef struct batch_fact {
    const char *name;
    const char *value;
} batch_fact;

typedef struct batch_facts {
    batch_fact items[BATCH_MAX_FACTS];
    size_t count;
} batch_facts;

/* The difference between this run and the run that began the output. */
typedef struct batch_difference {
    enum { BATCH_SAME, BATCH_OTHER_INPUT, BATCH_OTHER } kind;
    char text[160]; /* such as "was begun with another model (mock/any)" */
} batch_difference;

/* Compare facts with the members of a JSON object. */
void batch_facts_compare(const batch_facts *facts, const beluga_json *root,
                         batch_difference *difference);

/* Write the record beside `out`. @return 0, or an exit code after printing the error. */
int batch_sidecar_write(const char *out, const batch_facts *facts);

/* Compare the facts with the record beside `out`. @return 0, or an exit code after printing the
 * error, if there is no record or it can't be read. */
int batch_sidecar_compare(const char *out, const batch_facts *facts, batch_difference *difference);

/* Print that an output was begun with other facts. @return the exit code. */
int batch_sidecar_refuse(const char *out, const batch_difference *difference);

#endif
